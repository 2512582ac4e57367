import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import avro from 'avsc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLake } from '../../src/demo/read-lake.ts';

const reading: avro.Schema = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'sensor', type: 'string' },
    { name: 'seq', type: 'long' },
  ],
};
const energy: avro.Schema = { type: 'record', name: 'Energy', fields: [{ name: 'kilowatts', type: 'double' }] };
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-lake-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A container written by avsc, deflated. */
async function write(path: string, schema: avro.Schema, records: readonly unknown[]): Promise<string> {
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  const encoder = avro.createFileEncoder(file, schema, { codec: 'deflate' });
  for (const record of records) encoder.write(record);
  encoder.end();
  await once(encoder, 'finish');
  return file;
}

describe('readLake', () => {
  it('counts files, records and bytes of each rule, and names every message', async () => {
    const first = await write('readings/dt=2026-01-01/a.avro', reading, [
      { sensor: 'oven-01', seq: 0 },
      { sensor: 'oven-01', seq: 1 },
    ]);
    const second = await write('readings/dt=2026-01-02/b.avro', reading, [{ sensor: 'oven-02', seq: 7 }]);
    await write('energy/c.avro', energy, [{ kilowatts: 1.5 }]);
    await writeFile(join(dir, 'readings', 'notes.txt'), 'not a container');
    const { rows, keys } = await readLake(dir);
    expect(rows.map(({ rule, files, records, avroBytes }) => [rule, files, records, avroBytes])).toEqual([
      ['energy', 1, 1, 8],
      ['readings', 2, 3, 3 * (1 + 7 + 1)],
    ]);
    expect(rows[1]?.fileBytes).toBe((await stat(first)).size + (await stat(second)).size);
    expect(keys).toEqual(['oven-01/0', 'oven-01/1', 'oven-02/7']);
  });

  it('does not take a file that is cut off for whole', async () => {
    const file = await write('readings/a.avro', reading, [{ sensor: 'oven-01', seq: 0 }]);
    await truncate(file, (await readFile(file)).length - 4);
    await expect(readLake(dir)).rejects.toThrow('cut off');
  });
});
