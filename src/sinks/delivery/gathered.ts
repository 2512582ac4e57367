/** Records or lines that lanes handed over unpacked, until there are enough of them for a block or a gzip member worth its frame. */
import type { Part } from '../../message.ts';

/** As much as lanes put into a block themselves; what they hand over unpacked is less. */
const GATHERED_BYTES_MAX = 65_536;
const START_BYTES = 4_096;

export class Gathered {
  // Copied here: a view of a small part would keep alive all that its lane made of the slab, and compression wants one piece anyway.
  #bytes = Buffer.alloc(0);
  #byteLength = 0;
  #messageCount = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  get messageCount(): number {
    return this.#messageCount;
  }

  get isEmpty(): boolean {
    return this.#byteLength === 0 && this.#messageCount === 0;
  }

  /** False: what is here has to be packed before `part` is taken, for its order, or for the bound. */
  hasRoomFor(part: Part): boolean {
    if (this.isEmpty) return true;
    return part.packing === 'records' && this.#byteLength + part.bytes.length <= GATHERED_BYTES_MAX;
  }

  append(bytes: Uint8Array, messageCount: number): void {
    const end = this.#byteLength + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2, START_BYTES));
      grown.set(this.written());
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#byteLength);
    this.#byteLength = end;
    this.#messageCount += messageCount;
  }

  /** A view, good until the next `append`. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#byteLength);
  }

  clear(): void {
    this.#byteLength = 0;
    this.#messageCount = 0;
  }
}
