import { gunzipSync, gzipSync } from 'node:zlib';
import avro from 'avsc';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { syncMarker } from '../../../src/codec/avro/container.ts';
import { readContainerBlocks } from '../../../src/codec/avro/read-container.ts';
import type { Packing, Part } from '../../../src/message.ts';
import { times } from '../../support/effort.ts';
import { until } from '../../support/until.ts';
import { KIB, lake, openCatalog, type Reading, reading, schema } from './lake.ts';
import { part, rig } from './rig.ts';

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** With an Avro implementation that is not ours. */
async function readingsOf(bytes: Buffer): Promise<Reading[]> {
  const decoder = new avro.streams.BlockDecoder();
  decoder.end(bytes);
  const records = await collect(decoder as AsyncIterable<Reading>);
  return records.map(({ n, client, text }) => ({ n, client, text }));
}

const blockCount = async (bytes: Buffer) => (await collect(readContainerBlocks(bytes))).length;

describe('records that come one by one', () => {
  it.each(['deflate', 'null'] as const)('become few blocks, codec %s, well below a block for each', async (codec) => {
    const { delivery, accept, files, settled, avroPart } = await lake(codec);
    const sent = Array.from({ length: 10_000 }, (_, n) => reading(n));
    for (const one of sent) accept(one.n, avroPart([one], 'records'));
    await delivery.flush(5_000);
    await until('the parts to settle', () => settled.length === sent.length);
    const [file] = files;
    if (file === undefined) throw new Error('There is no file.');
    expect(await readingsOf(file.bytes)).toEqual(sent);
    const recordBytes = sent.reduce((sum, one) => sum + avroPart([one], 'records').bytes.length, 0);
    expect(await blockCount(file.bytes)).toBe(Math.ceil(recordBytes / (64 * KIB)));
    const blocksBytes = sent.reduce((sum, one) => sum + avroPart([one], 'packed').bytes.length, 0);
    expect(file.bytes.length).toBeLessThan(blocksBytes / (codec === 'null' ? 1.5 : 5));
    await delivery.close();
  });

  it('wait in memory, are counted there, and never exceed a block per open object', async () => {
    const { delivery, accept, avroPart } = await lake('deflate', { partitionsMax: 3 });
    let bytes = 0;
    for (let n = 0; n < 100; n++) {
      const next = avroPart([reading(n)], 'records');
      accept(n, next);
      bytes += next.bytes.length;
    }
    expect(delivery.backlog.bytes).toBeGreaterThan(bytes);
    await until('the header to be written', () => delivery.backlog.memoryBytes === bytes);
    for (let n = 100; n < 3_000; n++) accept(n, avroPart([reading(n, 1, 'x'.repeat(999))], 'records', `${n % 3}`));
    const written = () => delivery.backlog.memoryBytes <= 3 * 64 * KIB;
    await until('blocks to be written', written);
    await delivery.close();
  });

  it('never make a block of more than 64 KiB', async () => {
    const { delivery, accept, files, avroPart } = await lake();
    for (let n = 0; n < 40; n++)
      accept(n, avroPart(Array(15).fill(reading(n, 1, 'x'.repeat(KIB))) as Reading[], 'records'));
    await delivery.flush(5_000);
    const blocks = await collect(readContainerBlocks(files[0]?.bytes ?? Buffer.alloc(0)));
    expect(blocks.map(({ count }) => count)).toEqual(Array(10).fill(60));
    await delivery.close();
  });

  it('are unsettled, and in no file that counts, when the gateway stops in the middle', async () => {
    const { delivery, accept, files, settled, avroPart } = await lake();
    accept(1, avroPart([reading(1)], 'records'));
    accept(2, avroPart([reading(2)], 'packed'));
    accept(3, avroPart([reading(3)], 'records'));
    await delivery.close();
    expect([files, settled]).toEqual([[], []]);
  });

  it('keep their place before blocks that come after them', async () => {
    const { delivery, accept, files, avroPart } = await lake();
    const packings = ['records', 'records', 'packed', 'packed', 'records', 'packed', 'records'] as const;
    for (const [n, packing] of packings.entries()) accept(n, avroPart([reading(n)], packing));
    await delivery.flush(5_000);
    const [file] = files;
    if (file === undefined) throw new Error('There is no file.');
    expect((await readingsOf(file.bytes)).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await blockCount(file.bytes)).toBe(6);
    await delivery.close();
  });

  it('close an object at its size by what they are packed, at most a block and a part above it', async () => {
    const objectBytesMax = 64 * KIB;
    const { delivery, accept, files, avroPart } = await lake('null', { objectBytesMax });
    for (let n = 0; n < 400; n++) accept(n, avroPart([reading(n, 1, 'x'.repeat(999))], 'records'));
    await delivery.flush(5_000);
    expect((await Promise.all(files.map(({ bytes }) => readingsOf(bytes)))).flat()).toHaveLength(400);
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const { bytes } of files) expect(bytes.length).toBeLessThan(objectBytesMax + 66 * KIB);
    // The last one is closed by the flush.
    expect(files.filter(({ bytes }) => bytes.length < objectBytesMax).length).toBeLessThanOrEqual(1);
    await delivery.close();
  });

  it('are one gzip file where the object holds lines', async () => {
    const { delivery, accept, files } = await lake('gzip', { hasHeader: false }, 'lines');
    const lines = Array.from({ length: 5_000 }, (_, n) => `{"n":${n},"site":"hall 7","state":"running"}\n`);
    for (const [n, line] of lines.entries())
      accept(n, part(n, [line], { packing: 'records', destination: '{"to":"a"}' }));
    await delivery.flush(5_000);
    const [file] = files;
    expect(gunzipSync(file?.bytes ?? Buffer.alloc(0)).toString()).toBe(lines.join(''));
    expect(file?.bytes.length).toBeLessThan(lines.join('').length / 4);
    await delivery.close();
  });
});

describe('a schema catalog', () => {
  it('makes blocks that end as those of lanes do', async () => {
    const catalog = await openCatalog();
    const block = Buffer.from(catalog.block(schema.id, 'deflate', 1, Buffer.from([0, 0, 0])));
    expect(block.subarray(-16)).toEqual(syncMarker(schema.id, 'deflate'));
    expect(Buffer.from(catalog.header(schema.id, 'deflate')).subarray(-16)).toEqual(block.subarray(-16));
  });
});

/** Parts of one slab or many: who sent so many messages, how a lane handed them over, how long their texts are. */
const mix = fc.array(
  fc.record({
    client: fc.integer({ min: 0, max: 3 }),
    to: fc.constantFrom('a', 'b', 'c'),
    packing: fc.constantFrom<Packing>('packed', 'records', 'records'),
    count: fc.integer({ min: 1, max: 12 }),
    textBytes: fc.constantFrom(0, 10, 700, 5_000),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Texts that gzip cannot shrink much, and the same in each run. */
function noise(n: number, length: number): string {
  let text = '';
  for (let seed = n + 1; text.length < length; seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0)
    text += seed.toString(36);
  return text.slice(0, length);
}

/** A client stands for one client and destination where destinations are read together. */
function inOrderByClient(read: readonly Reading[], sent: readonly Reading[]): void {
  const of = (readings: readonly Reading[], client: number) => readings.filter((one) => one.client === client);
  expect(read).toHaveLength(sent.length);
  for (const client of new Set(sent.map((one) => one.client))) expect(of(read, client)).toEqual(of(sent, client));
}

describe('whatever mix of packed and unpacked parts comes', () => {
  it('every record is in one object, once, in the order of its client', async () => {
    await fc.assert(
      fc.asyncProperty(mix, fc.constantFrom(20 * KIB, 2048 * KIB), async (parts, objectBytesMax) => {
        const { delivery, accept, files, settled, avroPart, balance } = await lake('deflate', {
          objectBytesMax,
          partitionsMax: 2,
        });
        const sent: Record<string, Reading[]> = { a: [], b: [], c: [] };
        let n = 0;
        for (const [index, { client, to, packing, count, textBytes }] of parts.entries()) {
          const readings = Array.from({ length: count }, () => reading(n++, client, noise(n, textBytes)));
          sent[to]?.push(...readings);
          accept(index, avroPart(readings, packing, to));
        }
        await delivery.flush(10_000);
        await until('the parts to settle', () => settled.length === parts.length);
        expect([...settled].sort((x, y) => x - y)).toEqual(parts.map((_, index) => index));
        for (const to of ['a', 'b', 'c']) {
          const read: Reading[] = [];
          // Objects of a destination may be sealed in another order than they were begun; records say which was first.
          const all = await Promise.all(files.filter((file) => file.to === to).map(({ bytes }) => readingsOf(bytes)));
          for (const readings of all.sort((x, y) => (x[0]?.n ?? 0) - (y[0]?.n ?? 0))) read.push(...readings);
          inOrderByClient(read, sent[to] ?? []);
        }
        expect(await balance()).toMatchObject({ emitted: n, delivered: n, inFlight: 0 });
        expect(delivery.backlog).toMatchObject({ bytes: 0, messages: 0 });
        await delivery.close();
      }),
      { numRuns: times(40) },
    );
  });
});

describe('gzip lines that come one by one', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  async function packing(recordBytesMax: number) {
    const assembly = { kind: 'lines', recordBytesMax, latencyMs: 1_000, countMax: 100_000 } as const;
    const made = rig({ assembly, plan: { form: 'lines', codec: 'gzip' } });
    await made.delivery.start();
    const records = () =>
      made.batches.flat().map(({ body }) => Buffer.from(body.kind === 'bytes' ? body.bytes : Buffer.alloc(0)));
    const textOf = () => records().map((record) => gunzipSync(record).toString());
    return { ...made, records, textOf };
  }

  const linePart = (n: number, lines: readonly string[], how: Packing, to = 'a'): Part => {
    const destination = JSON.stringify({ to });
    if (how === 'records') return part(n, lines, { packing: how, destination });
    const halves = [lines.slice(0, lines.length / 2), lines.slice(lines.length / 2)].filter((half) => half.length > 0);
    const members = halves.map((half) => gzipSync(half.join('')));
    const ends = members.map((member, i) => member.length + (i === 0 ? 0 : (members[0]?.length ?? 0)));
    const more = { bytes: Buffer.concat(members), ends, encodedBytes: lines.join('').length, destination };
    return { ...part(n, lines), ...more };
  };

  it('are one record, well below the size of a member for each', async () => {
    const { delivery, accept, records, textOf, settled } = await packing(1_024_000);
    const lines = Array.from({ length: 1_000 }, (_, n) => `{"n":${n},"site":"hall 7","state":"running"}\n`);
    for (const [n, line] of lines.entries()) accept(n, linePart(n, [line], 'records'));
    expect(delivery.backlog).toMatchObject({ memoryBytes: lines.join('').length, messages: 1_000 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(textOf()).toEqual([lines.join('')]);
    const members = lines.reduce((sum, line) => sum + gzipSync(line).length, 0);
    expect(records()[0]?.length).toBeLessThan(members / 8);
    expect(settled).toHaveLength(1_000);
    expect(delivery.backlog).toMatchObject({ bytes: 0, messages: 0 });
    await delivery.close();
  });

  it.each([5_120, 100_000, 1_024_000])('fill records of %i bytes well, and never beyond', async (recordBytesMax) => {
    const { delivery, accept, records, textOf } = await packing(recordBytesMax);
    const lines = Array.from({ length: 12_000 }, (_, n) => `{"n":${n},"text":"${noise(n, 180)}"}\n`);
    for (let n = 0; n < lines.length; n += 3) accept(n, linePart(n, lines.slice(n, n + 3), 'records'));
    await delivery.flush(1_000);
    expect(textOf().join('')).toBe(lines.join(''));
    expect(records().length).toBeGreaterThan(1);
    for (const record of records()) expect(record.length).toBeLessThanOrEqual(recordBytesMax);
    for (const record of records().slice(0, -1)) expect(record.length).toBeGreaterThan(recordBytesMax * 0.8);
    await delivery.close();
  });

  it.each([6_000, 70_000])('stay within a record of %i bytes where gzip makes them longer', async (recordBytesMax) => {
    const { delivery, accept, records } = await packing(recordBytesMax);
    let seed = 1;
    for (let n = 0; n < 200; n++) {
      const bytes = Buffer.alloc(1_500);
      for (let i = 0; i < bytes.length; i++) {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[i] = seed >>> 24;
      }
      accept(n, { ...part(n, ['']), packing: 'records', bytes, ends: [1_500] });
    }
    await delivery.flush(1_000);
    for (const record of records()) expect(record.length).toBeLessThanOrEqual(recordBytesMax);
    expect(records().reduce((sum, record) => sum + gunzipSync(record).length, 0)).toBe(300_000);
    await delivery.close();
  });

  it('are packed even where their share of the messages is none', async () => {
    const { delivery, accept, textOf } = await packing(66);
    accept(1, part(1, ['a\n', 'b\n'], { packing: 'records', messageCount: 1 }));
    await delivery.flush(1_000);
    expect(textOf()).toEqual(['a\n', 'b\n']);
    await delivery.close();
  });

  it('and mixed with members that lanes made are in one record each, once, in the order of their client', async () => {
    await fc.assert(
      fc.asyncProperty(mix, fc.constantFrom(6_000, 40_000, 1_024_000), async (parts, recordBytesMax) => {
        const { delivery, accept, batches, records, textOf, settled, balance } = await packing(recordBytesMax);
        const sent: Reading[] = [];
        for (const [index, { client, to, packing: how, count, textBytes }] of parts.entries()) {
          const first = sent.length;
          for (let i = 0; i < count; i++)
            sent.push({ n: first + i, client: client * 3 + 'abc'.indexOf(to), text: noise(first + i, textBytes) });
          const lines = sent.slice(first).map((one) => `${JSON.stringify(one)}\n`);
          accept(index, linePart(first, lines, how, to));
        }
        await delivery.flush(1_000);
        const read = textOf().flatMap((text) =>
          text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Reading),
        );
        inOrderByClient(read, sent);
        expect([...settled].sort((x, y) => x - y)).toEqual(parts.map((_, index) => index));
        const ids = batches.flat().map(({ id, destination }) => `${id} ${destination['to']}`);
        expect(new Set(ids).size).toBe(ids.length);
        // A member that a lane made stays whole, whatever its size.
        if (parts.every((one) => one.packing === 'records' && one.textBytes < 5_000))
          for (const record of records()) expect(record.length).toBeLessThanOrEqual(recordBytesMax);
        expect(await balance()).toMatchObject({ emitted: sent.length, delivered: sent.length, inFlight: 0 });
        await delivery.close();
      }),
      { numRuns: times(60) },
    );
  });
});
