import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { readLake } from '../../../bench/gateway/read-lake.ts';
import { FIELDS, schemaText } from '../../../bench/gateway/rule.ts';
import { documents } from '../../../bench/load/documents.ts';
import { SEQUENCE_FIRST } from '../../../bench/load/payload.ts';
import { SequenceTally } from '../../../bench/measure/sequence-tally.ts';
import { folderOf } from '../../support/folder.ts';

async function writeContainer(path: string, from: number, to: number): Promise<void> {
  const encoder = new avro.streams.BlockEncoder(avro.Type.forSchema(JSON.parse(schemaText)));
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const document of documents(to).slice(from))
    encoder.write(Object.fromEntries(FIELDS.map((field) => [field, document[field]])));
  encoder.end();
  await once(encoder, 'end');
  writeFileSync(path, Buffer.concat(chunks));
}

describe('readLake', () => {
  it('finds every record of every file in every folder', async () => {
    const lake = folderOf();
    mkdirSync(join(lake, 'a', 'b'), { recursive: true });
    await writeContainer(join(lake, 'a', 'one.avro'), 0, 500);
    await writeContainer(join(lake, 'a', 'b', 'two.avro'), 400, 900);
    const tally = new SequenceTally(SEQUENCE_FIRST, 1000);
    expect(await readLake(lake, tally)).toBe(2);
    expect(tally.result([])).toEqual({ expected: 1000, found: 900, missing: 100, duplicates: 100 });
  });

  it('rejects a lake that holds anything else', async () => {
    const lake = folderOf({ 'a/left.partial': 'x' });
    await expect(readLake(lake, new SequenceTally(0, 1))).rejects.toThrow('left.partial');
  });

  it('rejects a file that is no container', async () => {
    const lake = folderOf();
    writeFileSync(join(lake, 'broken.avro'), 'not Avro at all, though it is long enough to be');
    await expect(readLake(lake, new SequenceTally(0, 1))).rejects.toThrow();
  });

  it('rejects a number that was never sent', async () => {
    const lake = folderOf();
    await writeContainer(join(lake, 'one.avro'), 0, 3);
    await expect(readLake(lake, new SequenceTally(SEQUENCE_FIRST, 2))).rejects.toThrow('never went in');
  });
});
