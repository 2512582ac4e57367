/** Values that serve again for a time, bounded in count and bytes; the one unused for longest makes room. */
interface Kept<V> {
  readonly value: V;
  readonly bytes: number;
  /** Epoch ms. */
  readonly until: number;
}

/** A key and its value beside their texts: map entry, objects, string headers. */
const ENTRY_BYTES = 200;

export class Cache<V> {
  readonly #kept = new Map<string, Kept<V>>();
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #now: () => number;
  #bytes = 0;

  constructor(entriesMax: number, bytesMax: number, now: () => number) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
    this.#now = now;
  }

  get(key: string): V | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#remove(key, kept);
    if (kept.until <= this.#now()) return undefined;
    this.#insert(key, kept);
    return kept.value;
  }

  /** `characters`: the length of the texts in `value`. What is larger than the whole cache is not kept. */
  put(key: string, value: V, characters: number, forMs: number): void {
    const old = this.#kept.get(key);
    if (old !== undefined) this.#remove(key, old);
    const bytes = ENTRY_BYTES + 2 * (key.length + characters);
    if (forMs <= 0 || bytes > this.#bytesMax) return;
    for (const [oldest, kept] of this.#kept) {
      if (this.#kept.size < this.#entriesMax && this.#bytes + bytes <= this.#bytesMax) break;
      this.#remove(oldest, kept);
    }
    this.#insert(key, { value, bytes, until: this.#now() + forMs });
  }

  #insert(key: string, kept: Kept<V>): void {
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
  }

  #remove(key: string, kept: Kept<V>): void {
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
