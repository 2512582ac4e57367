/** A growing buffer that encoders write into directly. Fields are public for speed; `ensure` before writing. */
export class Output {
  bytes: Buffer;
  view: DataView;
  position = 0;

  constructor(capacityBytes: number) {
    // Not from Buffer's shared pool: the bytes are transferred to another thread.
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    if (this.bytes.length - this.position < count) this.#grow(count);
  }

  /** Copies `source` to the end. */
  append(source: Uint8Array): void {
    this.ensure(source.length);
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  /** UTF-8 bytes of `text` to the end. */
  appendText(text: string): void {
    this.ensure(text.length * 3);
    this.position += this.bytes.write(text, this.position);
  }

  /** What was written, as a view; it is only good until the next write. */
  written(start = 0): Buffer {
    return this.bytes.subarray(start, this.position);
  }

  /** Hands the buffer over and starts a new one. */
  take(capacityBytes: number): Buffer {
    const bytes = this.written();
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.view = new DataView(this.bytes.buffer);
    this.position = 0;
    return bytes;
  }

  #grow(count: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count, 64));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
