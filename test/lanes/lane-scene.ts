import { BlockWriter } from '../../src/block.ts';
import { containerHeader, syncMarker, writeBlock } from '../../src/codec/avro/container.ts';
import { readContainer, readContainerBlocks } from '../../src/codec/avro/read-container.ts';
import { loadSchema } from '../../src/codec/avro/schema.ts';
import { Output } from '../../src/codec/output.ts';
import type { LaneRule, LaneSetup, SlabTask } from '../../src/lane-protocol.ts';
import type { ActionPlan, Part, SequenceRange } from '../../src/message.ts';
import { writePublish } from '../../src/publish-packet.ts';

export const RECEIVED_AT = 1_700_000_000_000;
export const readingSchema = {
  name: 'reading',
  text: JSON.stringify({
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'temperature', type: 'double' },
    ],
  }),
};

export function plan(more: Partial<ActionPlan> = {}): ActionPlan {
  return {
    id: `${more.ruleName ?? 'r'}/0`,
    ruleName: 'r',
    type: 'file',
    form: 'each',
    codec: 'null',
    separator: '\n',
    schema: null,
    destination: { path: 'lake' },
    fields: {},
    sourceTimePath: '',
    class: 'normal',
    keepsOriginals: false,
    ...more,
  };
}

export function container(more: Partial<ActionPlan> = {}): ActionPlan {
  return plan({ form: 'container', codec: 'deflate', schema: 'reading', ...more });
}

export function rule(sql: string, more: Partial<LaneRule> = {}): LaneRule {
  return { name: 'r', sql, awsIotSqlVersion: '2016-03-23', actions: [0], errorAction: null, ...more };
}

export function setup(
  rules: readonly LaneRule[],
  actions: readonly ActionPlan[],
  schemas = [readingSchema],
): LaneSetup {
  return { gatewayId: 'gateway-1', lane: 0, rules, actions, schemas, descriptors: [] };
}

export interface Sent {
  readonly topic?: string;
  readonly payload: unknown;
  readonly clientId?: string;
  readonly hops?: number;
}

/** A sealed slab; its messages have the sequences from `first` on. Payloads that are neither text nor bytes are sent as JSON. */
export function slab(messages: readonly Sent[], first = 1): SlabTask {
  const writer = new BlockWriter(Buffer.alloc(1 << 20), 0);
  const senders = new Map<string, { clientId: string; principal: string; address: string; protocolVersion: 4 }>();
  for (const [i, { topic = 'plant/a', payload, clientId = 'press-1', hops = 0 }] of messages.entries()) {
    const sender = senders.get(clientId) ?? { clientId, principal: 'p', address: '10.0.0.7', protocolVersion: 4 };
    senders.set(clientId, sender);
    const bytes =
      payload instanceof Uint8Array
        ? payload
        : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    writer.message(sender, RECEIVED_AT + i, hops, writePublish(topic, bytes, 1, false, 1));
  }
  const sealed = writer.seal(first, 0, 7);
  const bytes = sealed.buffer as ArrayBuffer;
  return { kind: 'slab', bytes, byteLength: sealed.length, isReplay: false, done: [], doneByAction: [] };
}

export function replay(
  task: SlabTask,
  done: readonly SequenceRange[],
  byAction: readonly SequenceRange[] = [],
): SlabTask {
  return { ...task, isReplay: true, done, doneByAction: [{ action: 0, ranges: byAction }] };
}

/** The entries of a part that can be cut. */
export function entriesOf(part: Part | undefined): readonly string[] {
  return entryBytesOf(part).map((bytes) => Buffer.from(bytes).toString());
}

export function entryBytesOf(part: Part | undefined): readonly Uint8Array[] {
  const ends = part?.ends ?? [];
  return ends.map((end, i) => part?.bytes.subarray(ends[i - 1] ?? 0, end) ?? Buffer.alloc(0));
}

/** Records per block. */
export async function blockCountsOf(part: Part | undefined): Promise<number[]> {
  const counts: number[] = [];
  for await (const block of readContainerBlocks(fileOf(part, readingSchema))) counts.push(block.count);
  return counts;
}

export async function recordsOf(part: Part | undefined, schema = readingSchema): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  for await (const record of readContainer(fileOf(part, schema)))
    records.push({ ...(record as Record<string, unknown>) });
  return records;
}

function fileOf(part: Part | undefined, schema: typeof readingSchema): Buffer {
  const header = containerHeader(loadSchema(schema.text, schema.name), 'deflate');
  return Buffer.concat([header, part === undefined ? Buffer.alloc(0) : blocksOf(part)]);
}

/** The blocks of a part; its records as one block where it has none. */
export function blocksOf(part: Part): Uint8Array {
  if (part.packing === 'packed') return part.bytes;
  const output = new Output(part.bytes.length + 64);
  writeBlock(output, part.messageCount, part.bytes, 'deflate', syncMarker(part.schemaId, 'deflate'));
  return output.written();
}
