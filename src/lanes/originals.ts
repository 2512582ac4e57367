/** The messages that actions emitted from, kept beside what they emitted: an error action needs them when a destination refuses. */
import { BlockWriter, emptied, messageBytesMax } from '../block.ts';
import { Output } from '../codec/output.ts';
import type { Originals } from '../message.ts';
import { WORKING_BYTES_MAX, WORKING_BYTES_START } from './action-output.ts';
import type { LaneMessage } from './lane-message.ts';

/** Makes the block of the message that a lane is at; one for all rules, so that several actions of a rule share the work. */
export class OriginalBlocks {
  #writer = new BlockWriter(Buffer.alloc(0), 0);
  #reader: LaneMessage['reader'] = null;
  #sequence = 0;
  #block: Buffer = this.#writer.bytes;

  /** A view, good until the next message. */
  of({ reader, sequence }: LaneMessage): Buffer {
    // Sequences alone are no proof: a slab may be evaluated again.
    if (reader === null || (reader === this.#reader && sequence === this.#sequence)) return this.#block;
    const { receivedAt, hops, bytes, packetStart, packetEnd } = reader;
    const sender = reader.sender();
    const room = messageBytesMax(sender, packetEnd - packetStart);
    if (this.#writer.bytes.length < room)
      this.#writer = new BlockWriter(Buffer.allocUnsafeSlow((2 * room + 7) & ~7), 0);
    else this.#writer.reset();
    this.#writer.message(sender, receivedAt, hops, bytes, packetStart, packetEnd);
    this.#block = this.#writer.seal(sequence, 0, 0);
    this.#reader = reader;
    this.#sequence = sequence;
    return this.#block;
  }
}

/** Of one action, or of one of its destinations, and one slab: an item for each entry, line or gzip member. */
export class KeptOriginals {
  readonly #blocks: OriginalBlocks;
  #output = new Output(WORKING_BYTES_START);
  readonly #ends: number[] = [];
  #lastSequence = -1;
  #lastStart = 0;

  constructor(blocks: OriginalBlocks) {
    this.#blocks = blocks;
  }

  /** Adds an item: this message. */
  add(message: LaneMessage): void {
    this.#lastSequence = message.sequence;
    this.#lastStart = this.#output.position;
    this.#output.append(this.#blocks.of(message));
    this.#ends.push(this.#output.position);
  }

  /** Makes one item of all from `first` on. */
  join(first: number): void {
    this.#ends.splice(first, this.#ends.length - first, this.#output.position);
  }

  /** The error action was told of this message, if it is here: only that it was here stays. */
  told(message: LaneMessage): void {
    if (message.sequence !== this.#lastSequence) return;
    const output = this.#output;
    const left = emptied(output.written(this.#lastStart));
    output.position = this.#lastStart;
    output.append(left);
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
