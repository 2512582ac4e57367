/** Reads the fields of a packet in order, strictly: whatever does not fit makes `isMalformed` true and everything after it empty. */
import { isUtf8 } from 'node:buffer';
import { isTextValid } from './topic.ts';

export class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  position: number;
  isMalformed = false;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#end = end;
    this.position = start;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  byte(): number {
    return this.#take(1) ? this.#bytes.readUInt8(this.position - 1) : 0;
  }

  uint16(): number {
    return this.#take(2) ? this.#bytes.readUInt16BE(this.position - 2) : 0;
  }

  /** A packet identifier; 0 is none. [MQTT-2.3.1-1] */
  packetId(): number {
    const id = this.uint16();
    if (id === 0) this.isMalformed = true;
    return id;
  }

  binary(): Buffer {
    const length = this.uint16();
    return this.#take(length) ? this.#bytes.subarray(this.position - length, this.position) : Buffer.alloc(0);
  }

  /** Well-formed UTF-8 without NUL and other characters that a strict receiver disconnects on. [MQTT-1.5.3-1, 1.5.3-2] */
  text(): string {
    const bytes = this.binary();
    if (!isUtf8(bytes)) {
      this.isMalformed = true;
      return '';
    }
    const text = bytes.toString('utf8');
    if (!isTextValid(text)) this.isMalformed = true;
    return text;
  }

  #take(count: number): boolean {
    if (this.isMalformed || this.position + count > this.#end) {
      this.isMalformed = true;
      return false;
    }
    this.position += count;
    return true;
  }
}
