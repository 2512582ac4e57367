/** Form `container`: Avro records gathered by destination into blocks, which the delivery puts behind a header. */
import { BLOCK_BYTES_TARGET, syncMarker, writeBlock } from '../codec/avro/container.ts';
import { compileRecordEncoder, type RecordEncoder } from '../codec/avro/record-encoder.ts';
import type { AvroSchema } from '../codec/avro/schema.ts';
import { Output } from '../codec/output.ts';
import type { ActionPlan, Part } from '../message.ts';
import { serializeValue } from '../rules/serialize.ts';
import type { Value } from '../rules/value.ts';
import { type ActionOutput, IDLE_COUNT_MAX, WORKING_BYTES_MAX, WORKING_BYTES_START } from './action-output.ts';
import type { Destination } from './destination.ts';
import { MessageFailure } from './failure.ts';
import type { LaneMessage } from './lane-message.ts';
import type { Metadata } from './metadata.ts';
import { type PartDraft, packParts } from './part-draft.ts';
import { Tally } from './tally.ts';

interface OpenPart {
  /** Records of the block that grows. */
  readonly records: Output;
  recordCount: number;
  /** Blocks that were cut. */
  readonly blocks: Output;
  tally: Tally;
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
    part.recordCount++;
    part.tally.add(message);
    part.tally.encodedBytes += records.position - start;
    if (records.position >= BLOCK_BYTES_TARGET) this.#cut(part);
  }

  finish(parts: Part[]): void {
    if (this.#open.size === 0) return;
    const drafts: PartDraft[] = [];
    for (const [destination, part] of this.#open) {
      if (part.tally.messageCount === 0) continue;
      if (part.recordCount > 0) this.#cut(part);
      drafts.push({
        destination,
        schemaId: this.#schemaId,
        bytes: part.blocks.written(),
        ends: null,
        tally: part.tally,
      });
    }
    packParts(this.#action, drafts, parts);
    for (const part of this.#open.values()) this.#release(part);
    this.#open.clear();
  }

  takeUnknownCount(): number {
    const count = this.#unknownCount;
    this.#unknownCount = 0;
    return count;
  }

  #begin(destination: string): OpenPart {
    const part = this.#idle.pop() ?? {
      records: new Output(WORKING_BYTES_START),
      recordCount: 0,
      blocks: new Output(WORKING_BYTES_START),
      tally: new Tally(),
    };
    this.#open.set(destination, part);
    return part;
  }

  #cut(part: OpenPart): void {
    writeBlock(part.blocks, part.recordCount, part.records.written(), this.#plan.codec, this.#sync);
    part.records.position = 0;
    part.recordCount = 0;
  }

  #release(part: OpenPart): void {
    part.blocks.position = 0;
    part.tally = new Tally();
    const isLarge = part.records.bytes.length + part.blocks.bytes.length > WORKING_BYTES_MAX;
    if (!isLarge && this.#idle.length < IDLE_COUNT_MAX) this.#idle.push(part);
  }
}
