/** Form `lines`: JSON texts, each followed by the separator, gathered by destination; one gzip member per part where the codec is gzip. */
import { compress } from '../codec/compress.ts';
import { Output } from '../codec/output.ts';
import type { ActionPlan, Part } from '../message.ts';
import { serializeValue } from '../rules/serialize.ts';
import type { Value } from '../rules/value.ts';
import { type ActionOutput, IDLE_COUNT_MAX, WORKING_BYTES_MAX, WORKING_BYTES_START } from './action-output.ts';
import type { Destination } from './destination.ts';
import type { LaneMessage } from './lane-message.ts';
import { type Metadata, withMetadata } from './metadata.ts';
import { type PartDraft, packParts } from './part-draft.ts';
import { Tally } from './tally.ts';

interface OpenPart {
  readonly output: Output;
  readonly ends: number[];
  readonly tally: Tally;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LinesOutput implements ActionOutput {
  readonly #action: number;
  readonly #plan: ActionPlan;
  readonly #destination: Destination;
  readonly #metadata: Metadata;
  readonly #separator: Buffer;
  readonly #open = new Map<string, OpenPart>();
  #idle: Output[] = [];

  constructor(action: number, plan: ActionPlan, destination: Destination, metadata: Metadata) {
    this.#action = action;
    this.#plan = plan;
    this.#destination = destination;
    this.#metadata = metadata;
    this.#separator = Buffer.from(plan.separator);
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
  }

  finish(parts: Part[]): void {
    if (this.#open.size === 0) return;
    const isGzip = this.#plan.codec === 'gzip';
    const drafts: PartDraft[] = [];
    for (const [destination, { output, ends, tally }] of this.#open) {
      if (tally.messageCount === 0) continue;
      const bytes = isGzip ? compress('gzip', output.written()) : output.written();
      drafts.push({ destination, schemaId: '', bytes, ends: isGzip ? null : ends, tally });
    }
    packParts(this.#action, drafts, parts);
    for (const { output } of this.#open.values()) {
      output.position = 0;
      if (output.bytes.length <= WORKING_BYTES_MAX && this.#idle.length < IDLE_COUNT_MAX) this.#idle.push(output);
    }
    this.#open.clear();
  }

  takeUnknownCount(): number {
    return 0;
  }

  #begin(destination: string): OpenPart {
    const output = this.#idle.pop() ?? new Output(WORKING_BYTES_START);
    const part = { output, ends: [], tally: new Tally() };
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
