/**
 * Cuts a byte stream into MQTT packets, without copying those that lie whole in one chunk.
 *
 * ```
 * u8 type<<4 | flags   varint remaining length (1 to 4 bytes)   remaining length bytes        [MQTT 3.1.1, section 2.2]
 * ```
 */

export interface Frame {
  bytes: Buffer;
  start: number;
  /** Past the last byte. */
  end: number;
  /** Where the variable header starts. */
  bodyStart: number;
}

export type FrameStatus = 'whole' | 'partial' | 'malformed' | 'oversize';

const HEADER_BYTES_MAX = 5;

/**
 * Reads the packet at `start` of `bytes[0..byteLength)` into `frame`. When only part of it is there, `frame.end` tells where it will
 * end, or 0 when its length has not come yet.
 */
export function readFrame(
  bytes: Buffer,
  start: number,
  byteLength: number,
  bytesMax: number,
  frame: Frame,
): FrameStatus {
  let position = start + 1;
  let remaining = 0;
  let factor = 1;
  for (;;) {
    if (position >= byteLength) {
      frame.end = 0;
      return 'partial';
    }
    const byte = bytes[position++] ?? 0;
    remaining += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    if (position - start === HEADER_BYTES_MAX) return 'malformed'; // [MQTT-2.2.3]
    factor *= 128;
  }
  const end = position + remaining;
  if (end - start > bytesMax) return 'oversize';
  frame.bytes = bytes;
  frame.start = start;
  frame.bodyStart = position;
  frame.end = end;
  return end > byteLength ? 'partial' : 'whole';
}

/**
 * Gathers the one packet that is split over chunks. Grows with what has arrived, not with what a header claims: a claim of 256 MB
 * costs nothing until the bytes come, and `bytesMax` cuts before.
 */
export class Remainder {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2, 64));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length, start, end);
    this.#length = length;
  }

  /** The bytes may still be read by others (aedes), so they are let go, not reused. */
  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }
}
