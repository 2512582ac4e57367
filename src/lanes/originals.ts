/**
 * The messages that an action emitted from, kept beside what it emitted: an error action needs them when a destination refuses. Of one
 * action, or of one of its destinations, and one slab: an item for each entry, line or gzip member.
 */
import { emptyBlock } from '../block.ts';
import { Output } from '../codec/output.ts';
import type { Originals } from '../message.ts';
import { WORKING_BYTES_MAX, WORKING_BYTES_START } from './action-output.ts';
import type { LaneMessage } from './lane-message.ts';

export class KeptOriginals {
  #output = new Output(WORKING_BYTES_START);
  readonly #ends: number[] = [];
  #lastSequence = -1;
  #lastStart = 0;

  /** Adds an item: this message. */
  add({ reader, sequence }: LaneMessage): void {
    const output = this.#output;
    this.#lastSequence = sequence;
    this.#lastStart = output.position;
    if (reader !== null) {
      output.ensure(reader.aloneBytes);
      output.position = reader.copyAlone(output.bytes, output.position);
    }
    this.#ends.push(output.position);
  }

  /** Makes one item of all from `first` on. */
  join(first: number): void {
    this.#ends.splice(first, this.#ends.length - first, this.#output.position);
  }

  /** The error action was told of this message, if it is here: only that it was here stays. */
  told({ sequence }: LaneMessage): void {
    if (sequence !== this.#lastSequence) return;
    const output = this.#output;
    output.position = emptyBlock(output.bytes, this.#lastStart);
    this.#ends[this.#ends.length - 1] = output.position;
  }

  /** Items `from` up to `to`. A view, good until the next `add`. */
  slice(from: number, to: number): Originals {
    const start = this.#ends[from - 1] ?? 0;
    const ends = this.#ends.slice(from, to);
    const bytes = this.#output.written().subarray(start, ends.at(-1) ?? start);
    return { bytes, ends: ends.map((end) => end - start) };
  }

  /** Forgets everything. */
  clear(): void {
    this.#output.position = 0;
    if (this.#output.bytes.length > WORKING_BYTES_MAX) this.#output = new Output(WORKING_BYTES_START);
    this.#ends.length = 0;
    this.#lastSequence = -1;
  }
}
