/** A delivery of Avro objects with real schemas, blocks and files. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { openFrozenSchemas } from '../../../src/codec/avro/frozen-schemas.ts';
import { compileRecordEncoder } from '../../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../../src/codec/avro/schema.ts';
import { Output } from '../../../src/codec/output.ts';
import { createEvents } from '../../../src/events.ts';
import type { ActionPlan, Codec, Entry, Packing, Part } from '../../../src/message.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { SchemaCatalog } from '../../../src/schema-catalog.ts';
import { type Assembly, DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { folderOf } from '../../support/folder.ts';
import { part, rig } from './rig.ts';

export const KIB = 1024;
export const schema = loadSchema(
  JSON.stringify({
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'n', type: 'long' },
      { name: 'client', type: 'int' },
      { name: 'text', type: 'string' },
    ],
  }),
  'reading',
);
const encoder = compileRecordEncoder(schema, { overlayNames: [], jsonText: JSON.stringify });

export interface Reading {
  readonly n: number;
  readonly client: number;
  readonly text: string;
}

export async function openCatalog(): Promise<SchemaCatalog> {
  const frozen = await openFrozenSchemas(folderOf());
  const events = createEvents(pino({ level: 'silent' }), createMetrics());
  const catalog = new SchemaCatalog({ frozen, events });
  catalog.use([{ name: 'reading', text: schema.text }], []);
  return catalog;
}

const objects = {
  kind: 'objects',
  extension: '.avro',
  hasHeader: true,
  objectBytesMax: 64 * KIB * KIB,
  objectSecondsMax: 3600,
  partitionsMax: 4,
} as const;

type Objects = Extract<Assembly, { readonly kind: 'objects' }>;

/** A delivery of Avro objects with real blocks; `files` has what the sink was given, in order. */
export async function lake(
  codec: Codec = 'deflate',
  assembly: Partial<Objects> = {},
  form: ActionPlan['form'] = 'container',
) {
  const catalog = await openCatalog();
  const files: { readonly to: string | undefined; readonly bytes: Buffer }[] = [];
  const deliver = async (entries: readonly Entry[]): Promise<readonly Outcome[]> =>
    entries.map((entry) => {
      if (entry.body.kind === 'file') files.push({ to: entry.destination['to'], bytes: readFileSync(entry.body.path) });
      return DELIVERED;
    });
  const made = rig({
    deliver,
    plan: { form, codec },
    assembly: { ...objects, ...assembly },
    services: {
      objectsDir: folderOf(),
      containerHeader: (id, of) => catalog.header(id, of),
      packBlock: (id, of, count, records) => catalog.block(id, of, count, records),
    },
  });
  await made.delivery.start();
  /** As a lane hands them over: blocks, or records for packing. */
  const avroPart = (readings: readonly Reading[], packing: Packing, to = 'a'): Part => {
    const output = new Output(64);
    for (const reading of readings) encoder.encode(output, reading, []);
    const records = output.written();
    const bytes = packing === 'records' ? records : catalog.block(schema.id, codec, readings.length, records);
    const of = { destination: JSON.stringify({ to }), schemaId: schema.id, packing, bytes, ends: null };
    return { ...part(readings[0]?.n ?? 0, Array(readings.length).fill('')), ...of, encodedBytes: records.length };
  };
  return { ...made, files, avroPart };
}

export const reading = (n: number, client = 1, text = 'press-shop/line-7'): Reading => ({ n, client, text });
