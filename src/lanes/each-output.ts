/** Form `each`: one entry per message. Neighbours with the same destination share a part; the order of messages stays as it was. */
import { Output } from '../codec/output.ts';
import type { Part } from '../message.ts';
import { serializeValue } from '../rules/serialize.ts';
import type { Value } from '../rules/value.ts';
import { type ActionOutput, WORKING_BYTES_MAX, WORKING_BYTES_START } from './action-output.ts';
import type { Destination } from './destination.ts';
import type { LaneMessage } from './lane-message.ts';
import { type Metadata, withMetadata } from './metadata.ts';
import type { KeptOriginals } from './originals.ts';
import { type PartDraft, packParts } from './part-draft.ts';
import { Tally } from './tally.ts';

interface OpenPart {
  readonly destination: string;
  readonly start: number;
  /** Index of its first entry among those of the slab. */
  readonly first: number;
  readonly ends: number[];
  readonly tally: Tally;
  end: number;
}

export class EachOutput implements ActionOutput {
  readonly #action: number;
  readonly #destination: Destination;
  readonly #metadata: Metadata;
  #output = new Output(WORKING_BYTES_START);
  #open: OpenPart[] = [];
  #count = 0;
  readonly #originals: KeptOriginals | null;

  /** `originals`: null where none are to be kept. */
  constructor(action: number, destination: Destination, metadata: Metadata, originals: KeptOriginals | null) {
    this.#action = action;
    this.#destination = destination;
    this.#metadata = metadata;
    this.#originals = originals;
  }

  emit(message: LaneMessage, value: Value): void {
    const destination = this.#destination.render(message);
    const output = this.#output;
    const start = output.position;
    const { names } = this.#metadata;
    if (value instanceof Uint8Array) output.append(value);
    // Everything was selected: what the device sent goes on, byte for byte.
    else if (message.isJson && value === message.document && names.length === 0) output.append(message.payload);
    else output.appendText(serializeValue(withMetadata(value, names, this.#metadata.values(message))));
    let part = this.#open.at(-1);
    if (part === undefined || part.destination !== destination) {
      part = { destination, start, first: this.#count, ends: [], tally: new Tally(), end: start };
      this.#open.push(part);
    }
    part.end = output.position;
    part.ends.push(output.position - part.start);
    part.tally.add(message);
    part.tally.encodedBytes += output.position - start;
    this.#count++;
    this.#originals?.add(message);
  }

  finish(parts: Part[]): void {
    if (this.#open.length === 0) return;
    const written = this.#output.written();
    const drafts = this.#open.map(
      ({ destination, start, end, first, ends, tally }): PartDraft => ({
        destination,
        schemaId: '',
        packing: 'packed',
        bytes: written.subarray(start, end),
        ends,
        originals: this.#originals?.slice(first, first + ends.length) ?? null,
        tally,
      }),
    );
    packParts(this.#action, drafts, parts);
    this.#open = [];
    this.#count = 0;
    this.#originals?.clear();
    this.#output.position = 0;
    if (this.#output.bytes.length > WORKING_BYTES_MAX) this.#output = new Output(WORKING_BYTES_START);
  }

  told(message: LaneMessage): void {
    this.#originals?.told(message);
  }

  takeUnknownCount(): number {
    return 0;
  }
}
