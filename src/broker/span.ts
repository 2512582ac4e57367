/** Packets that lie side by side in one buffer, gathered so that they are handed on at once. */
import type { Frame } from './frames.ts';

export class Span {
  #bytes: Buffer | null = null;
  #start = 0;
  #end = 0;

  get byteLength(): number {
    return this.#end - this.#start;
  }

  /** False: it does not follow what is gathered; `flush` first. */
  add(frame: Frame): boolean {
    if (this.#bytes === null) {
      this.#bytes = frame.bytes;
      this.#start = frame.start;
    } else if (this.#bytes !== frame.bytes || this.#end !== frame.start) {
      return false;
    }
    this.#end = frame.end;
    return true;
  }

  flush(): Buffer | null {
    const gathered = this.#bytes?.subarray(this.#start, this.#end) ?? null;
    this.#bytes = null;
    this.#start = 0;
    this.#end = 0;
    return gathered;
  }
}
