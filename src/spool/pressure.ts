/**
 * Bytes appended and not yet durable. Full means: stop reading sockets. Relief comes at half of the bound, so that readers do not
 * stop and go with every commit.
 */
export class Pressure {
  readonly #pendingBytesMax: number;
  #pendingBytes = 0;
  #isStuck = false;
  #callbacks: (() => void)[] = [];

  constructor(pendingBytesMax: number) {
    this.#pendingBytesMax = pendingBytesMax;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isFull(): boolean {
    return this.#isStuck || this.#pendingBytes >= this.#pendingBytesMax;
  }

  add(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  remove(bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#relieve();
  }

  /** The disk fails: full whatever the bytes are. */
  setStuck(isStuck: boolean): void {
    this.#isStuck = isStuck;
    this.#relieve();
  }

  /** Runs once, as soon as there is room; at once if there is. */
  whenRelieved(callback: () => void): void {
    if (this.isFull) this.#callbacks.push(callback);
    else queueMicrotask(callback);
  }

  #relieve(): void {
    if (this.#callbacks.length === 0 || this.#isStuck || this.#pendingBytes > this.#pendingBytesMax / 2) return;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }
}
