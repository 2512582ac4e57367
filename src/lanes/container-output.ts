/**
 * Form `container`: Avro records gathered by destination into blocks, which the delivery puts behind a header. Few records at the end
 * of a slab are handed over as they are: the delivery makes blocks of those of many slabs.
 */
import { BLOCK_BYTES_TARGET, syncMarker, writeBlock } from '../codec/avro/container.ts';
import { compileRecordEncoder, type RecordEncoder } from '../codec/avro/record-encoder.ts';
import type { AvroSchema } from '../codec/avro/schema.ts';
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
import { MessageFailure } from './failure.ts';
import type { LaneMessage } from './lane-message.ts';
import type { Metadata } from './metadata.ts';
import { type PartDraft, packParts } from './part-draft.ts';
import { Tally } from './tally.ts';

interface OpenPart {
  /** Records of the block that grows. */
  readonly records: Output;
  recordTally: Tally;
  /** Blocks that were cut. */
  readonly blocks: Output;
  blockTally: Tally;
}

export class ContainerOutput implements ActionOutput {
  readonly #action: number;
  readonly #plan: ActionPlan;
  readonly #destination: Destination;
  readonly #metadata: Metadata;
  readonly #schemaId: string;
  readonly #sync: Buffer;
  readonly #encoder: RecordEncoder;
  readonly #open = new Map<string, OpenPart>();
  readonly #idle: OpenPart[] = [];
  #unknownCount = 0;

  constructor(action: number, plan: ActionPlan, destination: Destination, metadata: Metadata, schema: AvroSchema) {
    this.#action = action;
    this.#plan = plan;
    this.#destination = destination;
    this.#metadata = metadata;
    this.#schemaId = schema.id;
    this.#sync = syncMarker(schema.id, plan.codec);
    // The encoder is given SQL values only; its own type is wider because codecs know nothing of SQL.
    const jsonText = (value: unknown) => serializeValue(value as Value);
    this.#encoder = compileRecordEncoder(schema, { overlayNames: metadata.names, jsonText });
  }

  emit(message: LaneMessage, value: Value): void {
    if (value instanceof Uint8Array)
      throw message.notJson === null
        ? new MessageFailure('MESSAGE_SCHEMA_MISMATCH', 'an Avro record has fields, but the output is raw bytes')
        : new MessageFailure(message.notJson.code, message.notJson.reason);
    const destination = this.#destination.render(message);
    const part = this.#open.get(destination) ?? this.#begin(destination);
    const records = part.records;
    const start = records.position;
    this.#unknownCount += this.#encoder.encode(records, value, this.#metadata.values(message));
    part.recordTally.add(message);
    part.recordTally.encodedBytes += records.position - start;
    if (records.position >= BLOCK_BYTES_TARGET) this.#cut(part);
  }

  finish(parts: Part[]): void {
    if (this.#open.size === 0) return;
    const drafts: PartDraft[] = [];
    for (const [destination, part] of this.#open) {
      if (part.records.position >= UNPACKED_BYTES_MAX) this.#cut(part);
      const common = { destination, schemaId: this.#schemaId, ends: null, originals: null };
      if (part.blockTally.messageCount > 0)
        drafts.push({ ...common, packing: 'packed', bytes: part.blocks.written(), tally: part.blockTally });
      if (part.recordTally.messageCount > 0)
        drafts.push({ ...common, packing: 'records', bytes: part.records.written(), tally: part.recordTally });
    }
    packParts(this.#action, drafts, parts);
    for (const part of this.#open.values()) this.#release(part);
    this.#open.clear();
  }

  /** Keeps no originals: what is refused is an object, which goes to the dead letters whole. */
  told(): void {}

  takeUnknownCount(): number {
    const count = this.#unknownCount;
    this.#unknownCount = 0;
    return count;
  }

  #begin(destination: string): OpenPart {
    const part = this.#idle.pop() ?? {
      records: new Output(WORKING_BYTES_START),
      recordTally: new Tally(),
      blocks: new Output(WORKING_BYTES_START),
      blockTally: new Tally(),
    };
    this.#open.set(destination, part);
    return part;
  }

  #cut(part: OpenPart): void {
    writeBlock(part.blocks, part.recordTally.messageCount, part.records.written(), this.#plan.codec, this.#sync);
    part.blockTally.merge(part.recordTally);
    part.records.position = 0;
    part.recordTally = new Tally();
  }

  #release(part: OpenPart): void {
    part.records.position = 0;
    part.recordTally = new Tally();
    part.blocks.position = 0;
    part.blockTally = new Tally();
    const isLarge = part.records.bytes.length + part.blocks.bytes.length > WORKING_BYTES_MAX;
    if (!isLarge && this.#idle.length < IDLE_COUNT_MAX) this.#idle.push(part);
  }
}
