import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { containerHeader, syncMarker, writeBlock } from '../../../src/codec/avro/container.ts';
import { readContainer, readContainerBlocks } from '../../../src/codec/avro/read-container.ts';
import { compileRecordEncoder } from '../../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../../src/codec/avro/schema.ts';
import { isZstandardAvailable } from '../../../src/codec/compress.ts';
import { Output } from '../../../src/codec/output.ts';
import type { Codec } from '../../../src/message.ts';

const schema = loadSchema(
  JSON.stringify({
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'site', type: 'string' },
    ],
  }),
  'reading',
);
const readings = Array.from({ length: 5000 }, (_, id) => ({ id, site: `hall ${id % 7}` }));

function containerOf(codec: Codec): Buffer {
  const encoder = compileRecordEncoder(schema, { overlayNames: [], jsonText: JSON.stringify });
  const file = new Output(64);
  file.append(containerHeader(schema, codec));
  for (let start = 0; start < readings.length; start += 1000) {
    const records = new Output(64);
    const block = readings.slice(start, start + 1000);
    for (const reading of block) encoder.encode(records, reading, []);
    writeBlock(file, block.length, records.written(), codec, syncMarker(schema.id, codec));
  }
  return Buffer.from(file.written());
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('Avro container', () => {
  it.each(['null', 'deflate'] as const)('with codec %s is read back by avsc', async (codec) => {
    const decoder = new avro.streams.BlockDecoder();
    decoder.end(containerOf(codec));
    const records = await collect(decoder as AsyncIterable<object>);
    expect(records.map((record) => ({ ...record }))).toEqual(readings);
  });

  it('is read back from a file, block by block', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'container-')), 'a.avro');
    await writeFile(file, containerOf('deflate'));
    const records = (await collect(readContainer(file))) as object[];
    expect(records.map((record) => ({ ...record }))).toEqual(readings);
    const blocks = await collect(readContainerBlocks(file));
    expect(blocks.map((block) => block.count)).toEqual([1000, 1000, 1000, 1000, 1000]);
    expect(blocks[0]?.schemaText).toBe(schema.text);
    expect(blocks[0]?.storedBytes).toBeLessThan((blocks[0]?.data.length ?? 0) / 2);
  });

  it('has the same sync marker for one schema and codec, another for every other', () => {
    expect(syncMarker(schema.id, 'deflate')).toEqual(syncMarker(schema.id, 'deflate'));
    expect(syncMarker(schema.id, 'deflate')).not.toEqual(syncMarker(schema.id, 'null'));
    expect(syncMarker('other', 'deflate')).not.toEqual(syncMarker(schema.id, 'deflate'));
  });

  it('is refused when it is cut off or damaged', async () => {
    const whole = containerOf('null');
    await expect(collect(readContainer(whole.subarray(0, whole.length - 1)))).rejects.toThrow('cut off');
    await expect(collect(readContainer(Buffer.from('not avro at all')))).rejects.toThrow('magic');
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] ?? 0) ^ 0xff;
    await expect(collect(readContainer(damaged))).rejects.toThrow('sync marker');
  });

  it('uses zstandard exactly where Node has it', async () => {
    if (isZstandardAvailable) {
      expect(await collect(readContainer(containerOf('zstandard')))).toHaveLength(readings.length);
    } else expect(() => containerOf('zstandard')).toThrow('22.15');
  });

  it('gives longs beyond the exact range of doubles as bigint', async () => {
    const long = loadSchema('{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}', 'R');
    const file = new Output(64);
    file.append(containerHeader(long, 'null'));
    const records = new Output(16);
    records.append(Buffer.from('feffffffffffffffff01', 'hex'));
    writeBlock(file, 1, records.written(), 'null', syncMarker(long.id, 'null'));
    const [record] = await collect(readContainer(file.written()));
    expect((record as { a: bigint }).a).toBe(9_223_372_036_854_775_807n);
  });
});
