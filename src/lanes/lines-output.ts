/**
 * Form `lines`: JSON texts, each followed by the separator, gathered by destination. Where the codec is gzip, they become members of
 * about MEMBER_BYTES_TARGET; few lines at the end of a slab are handed over as they are: the delivery packs those of many slabs.
 */
import { compress } from '../codec/compress.ts';
import { Output } from '../codec/output.ts';
import type { ActionPlan, Part } from '../message.ts';
import { serializeValue } from '../rules/serialize.ts';
import type { Value } from '../rules/value.ts';
import {
  type ActionOutput,
  IDLE_COUNT_MAX,
  UNPACKED_BYTES_MAX,
  WORKING_BYTES_MAX,
  WORKING_BYTES_START,
} from './action-output.ts';
import type { Destination } from './destination.ts';
import type { LaneMessage } from './lane-message.ts';
import { type Metadata, withMetadata } from './metadata.ts';
import { KeptOriginals } from './originals.ts';
import { type PartDraft, packParts } from './part-draft.ts';
import { Tally } from './tally.ts';

interface OpenPart {
  /** Lines, and where each ends; with gzip, those that are in no member yet. */
  readonly output: Output;
  ends: number[];
  tally: Tally;
  /** gzip members, and where each ends. null until there is one. */
  members: Output | null;
  readonly memberEnds: number[];
  readonly memberTally: Tally;
  /** An item for each member, then for each line that is in none. */
  readonly originals: KeptOriginals | null;
}

/** Uncompressed. A record takes whole members, so that they stay well below the bytes of a record. */
const MEMBER_BYTES_TARGET = 65_536;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LinesOutput implements ActionOutput {
  readonly #action: number;
  readonly #destination: Destination;
  readonly #metadata: Metadata;
  readonly #separator: Buffer;
  readonly #isGzip: boolean;
  readonly #open = new Map<string, OpenPart>();
  #idle: Pick<OpenPart, 'output' | 'originals'>[] = [];
  readonly #keepsOriginals: boolean;

  constructor(action: number, plan: ActionPlan, destination: Destination, metadata: Metadata) {
    this.#action = action;
    this.#destination = destination;
    this.#metadata = metadata;
    this.#separator = Buffer.from(plan.separator);
    this.#isGzip = plan.codec === 'gzip';
    this.#keepsOriginals = plan.keepsOriginals;
  }

  emit(message: LaneMessage, value: Value): void {
    const destination = this.#destination.render(message);
    const part = this.#open.get(destination) ?? this.#begin(destination);
    const output = part.output;
    const start = output.position;
    try {
      this.#write(output, message, value);
      output.append(this.#separator);
    } catch (thrown) {
      output.position = start;
      throw thrown;
    }
    part.ends.push(output.position);
    part.tally.add(message);
    part.tally.encodedBytes += output.position - start;
    part.originals?.add(message);
    if (this.#isGzip && output.position >= MEMBER_BYTES_TARGET) cutMember(part);
  }

  finish(parts: Part[]): void {
    if (this.#open.size === 0) return;
    const isGzip = this.#isGzip;
    const drafts: PartDraft[] = [];
    for (const [destination, part] of this.#open) {
      if (isGzip && part.output.position >= UNPACKED_BYTES_MAX) cutMember(part);
      const { members, memberEnds, memberTally, output, ends, tally } = part;
      const originals = (from: number, count: number) => part.originals?.slice(from, from + count) ?? null;
      if (members !== null)
        drafts.push({
          destination,
          schemaId: '',
          packing: 'packed',
          bytes: members.written(),
          ends: memberEnds,
          originals: originals(0, memberEnds.length),
          tally: memberTally,
        });
      if (tally.messageCount > 0)
        drafts.push({
          destination,
          schemaId: '',
          packing: isGzip ? 'records' : 'packed',
          bytes: output.written(),
          ends,
          originals: originals(memberEnds.length, ends.length),
          tally,
        });
    }
    packParts(this.#action, drafts, parts);
    for (const { output, originals } of this.#open.values()) {
      output.position = 0;
      originals?.clear();
      if (output.bytes.length <= WORKING_BYTES_MAX && this.#idle.length < IDLE_COUNT_MAX)
        this.#idle.push({ output, originals });
    }
    this.#open.clear();
  }

  told(message: LaneMessage): void {
    for (const { originals } of this.#open.values()) originals?.told(message);
  }

  takeUnknownCount(): number {
    return 0;
  }

  #begin(destination: string): OpenPart {
    const { output, originals } = this.#idle.pop() ?? {
      output: new Output(WORKING_BYTES_START),
      originals: this.#keepsOriginals ? new KeptOriginals() : null,
    };
    const part: OpenPart = {
      output,
      ends: [],
      tally: new Tally(),
      members: null,
      memberEnds: [],
      memberTally: new Tally(),
      originals,
    };
    this.#open.set(destination, part);
    return part;
  }

  #write(output: Output, message: LaneMessage, value: Value): void {
    const { names } = this.#metadata;
    if (message.isJson && value === message.document && names.length === 0) {
      const payload = message.payload;
      // JSON over several lines would end the line too early; it is written anew.
      if (!payload.includes(NEWLINE) && !payload.includes(CARRIAGE_RETURN)) {
        output.append(payload);
        return;
      }
    }
    output.appendText(serializeValue(withMetadata(value, names, this.#metadata.values(message))));
  }
}

function cutMember(part: OpenPart): void {
  const members = part.members ?? new Output(WORKING_BYTES_START);
  part.members = members;
  members.append(compress('gzip', part.output.written()));
  part.originals?.join(part.memberEnds.length);
  part.memberEnds.push(members.position);
  part.memberTally.merge(part.tally);
  part.output.position = 0;
  part.ends = [];
  part.tally = new Tally();
}
