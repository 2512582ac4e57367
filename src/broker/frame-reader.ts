/** Takes chunks as they arrive and gives packets, one at a time, each only when the caller has taken the one before. */
import { type Frame, Remainder, readFrame } from './frames.ts';

export type ReadResult = 'packet' | 'more' | 'malformed' | 'oversize' | 'not-connect';

const CONNECT_TYPE = 1;

export class FrameReader {
  #chunk: Buffer | null = null;
  #offset = 0;
  readonly #remainder = new Remainder();
  /** Holds the packet that `read` found, until `take`. */
  readonly frame: Frame = { bytes: Buffer.alloc(0), start: 0, bodyStart: 0, end: 0 };

  /** Nothing of what arrived is left, but perhaps for the start of a packet. */
  get isEmpty(): boolean {
    return this.#chunk === null;
  }

  add(chunk: Buffer): void {
    this.#chunk = this.#chunk === null ? chunk : Buffer.concat([this.#chunk.subarray(this.#offset), chunk]);
    this.#offset = 0;
  }

  /**
   * `bytesMax` holds for the whole packet. With `isFirst` only a CONNECT is waited for: from whoever does not begin with one, nothing
   * is buffered.
   */
  read(bytesMax: number, isFirst: boolean): ReadResult {
    const chunk = this.#chunk;
    if (chunk === null) return 'more';
    for (;;) {
      const isSplit = this.#remainder.length > 0;
      const [bytes, start, end] = isSplit
        ? ([this.#remainder.bytes, 0, this.#remainder.length] as const)
        : ([chunk, this.#offset, chunk.length] as const);
      if (start === end) return this.#exhausted();
      if (isFirst && (bytes[start] ?? 0) >> 4 !== CONNECT_TYPE) return 'not-connect';
      const status = readFrame(bytes, start, end, bytesMax, this.frame);
      if (status === 'whole') return 'packet';
      if (status !== 'partial') return status;
      if (this.#offset === chunk.length) return this.#exhausted();
      this.#gather(chunk, isSplit);
    }
  }

  /** The packet in `frame` has been dealt with. Its bytes stay as they are. */
  take(): void {
    if (this.frame.bytes === this.#chunk) this.#offset = this.frame.end;
    else this.#remainder.clear();
  }

  clear(): void {
    this.#chunk = null;
    this.#remainder.clear();
  }

  /** Moves what belongs to the packet that has begun. */
  #gather(chunk: Buffer, isSplit: boolean): void {
    const { end: packetEnd } = this.frame;
    let wanted = chunk.length - this.#offset;
    if (isSplit) wanted = packetEnd === 0 ? 1 : packetEnd - this.#remainder.length;
    const end = Math.min(chunk.length, this.#offset + wanted);
    this.#remainder.append(chunk, this.#offset, end);
    this.#offset = end;
  }

  #exhausted(): ReadResult {
    this.#chunk = null;
    this.#offset = 0;
    return 'more';
  }
}
