import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrozenSchemas } from '../../../src/codec/avro/frozen-schemas.ts';

const schemaOf = (field: string) => `{"type":"record","name":"R","fields":[{"name":"${field}","type":"long"}]}`;
const folder = async () => join(await mkdtemp(join(tmpdir(), 'frozen-')), 'schemas');

describe('frozen schemas', () => {
  it('come back after a restart, under the same action', async () => {
    const dir = await folder();
    await (await openFrozenSchemas(dir)).freeze('temperatures/0', schemaOf('a'));
    const again = await openFrozenSchemas(dir);
    expect(again.get('temperatures/0')).toEqual({ name: 'temperatures/0', text: schemaOf('a') });
    expect(again.get('temperatures/1')).toBeNull();
  });

  it('keep the first of several, also when they are frozen at once', async () => {
    const dir = await folder();
    const frozen = await openFrozenSchemas(dir);
    const [first, second] = await Promise.all([
      frozen.freeze('r/0', schemaOf('a')),
      frozen.freeze('r/0', schemaOf('b')),
    ]);
    expect(second).toEqual(first);
    expect((await openFrozenSchemas(dir)).get('r/0')?.text).toBe(schemaOf('a'));
  });

  it('never leave the folder, whatever an action is called', async () => {
    const dir = await folder();
    const frozen = await openFrozenSchemas(dir);
    await frozen.freeze('../../evil/0', schemaOf('a'));
    expect(await readdir(dir)).toEqual(['%2E%2E%2F%2E%2E%2Fevil%2F0.avsc']);
    expect((await openFrozenSchemas(dir)).get('../../evil/0')).not.toBeNull();
  });

  it('ignore what a crash left behind, and report a file that is no schema any more', async () => {
    const dir = await folder();
    await (await openFrozenSchemas(dir)).freeze('r/0', schemaOf('a'));
    await writeFile(join(dir, 'r%2F1.avsc.tmp'), '{"type":');
    await openFrozenSchemas(dir);
    await writeFile(join(dir, 'r%2F0.avsc'), '{"type":');
    await expect(openFrozenSchemas(dir)).rejects.toMatchObject({ code: 'SCHEMA_INVALID', findings: [{ line: 1 }] });
  });

  it('refuse a text that is no schema and write nothing', async () => {
    const dir = await folder();
    const frozen = await openFrozenSchemas(dir);
    await expect(frozen.freeze('r/0', '"long"')).rejects.toThrow('cannot be frozen');
    expect(await readdir(dir)).toEqual([]);
    await frozen.freeze('r/0', schemaOf('a'));
    expect(await readFile(join(dir, 'r%2F0.avsc'), 'utf8')).toBe(schemaOf('a'));
  });
});
