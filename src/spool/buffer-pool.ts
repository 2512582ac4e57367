/** Slab buffers that lanes gave back. Keeps at most `countMax`; a first-time buffer costs a page fault per 4 KiB. */
export class BufferPool {
  readonly bufferBytes: number;
  readonly #countMax: number;
  readonly #free: ArrayBuffer[] = [];

  /** `bufferBytes` is a multiple of 8. */
  constructor(bufferBytes: number, countMax: number) {
    this.bufferBytes = bufferBytes;
    this.#countMax = countMax;
  }

  /** At least `bytesMin` long. */
  take(bytesMin: number): ArrayBuffer {
    if (bytesMin > this.bufferBytes) return new ArrayBuffer((bytesMin + 7) & ~7);
    return this.#free.pop() ?? new ArrayBuffer(this.bufferBytes);
  }

  /** Buffers of another size, and those transferred away, are left to the garbage collector. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.bufferBytes && this.#free.length < this.#countMax) this.#free.push(buffer);
  }
}
