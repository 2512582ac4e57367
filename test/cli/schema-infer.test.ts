import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inferSchemaFiles } from '../../src/cli/schema-infer.ts';
import { loadSchema } from '../../src/codec/avro/schema.ts';

async function infer(...texts: string[]): Promise<{ readonly exitCode: number; readonly printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-'));
  const files = texts.map((_, i) => join(folder, `sample-${i}.json`));
  for (const [i, text] of texts.entries()) await writeFile(files[i] ?? '', text);
  const printed: string[] = [];
  const exitCode = await inferSchemaFiles(files, { name: 'Press reading' }, (text) => printed.push(text));
  return { exitCode, printed: printed.join('\n') };
}

describe('schema infer', () => {
  it('prints one schema for documents, arrays of documents and JSON lines', async () => {
    const { exitCode, printed } = await infer('{"a":1}', '[{"a":2.5},{"b":"x"}]', '{"c":true}\n\n{"c":null}\n');
    expect(exitCode).toBe(0);
    const { record } = loadSchema(printed, 'printed');
    expect(record.name).toBe('Press_reading');
    expect(record.fields.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'extra']);
  });

  it('names the file and the line of a sample that is not JSON', async () => {
    const { exitCode, printed } = await infer('{"a":1}\n{"a":oops}\n');
    expect(exitCode).toBe(1);
    expect(printed).toMatch(/sample-0\.json: line 2: /);
  });

  it('fails where no sample is an object, or a file cannot be read', async () => {
    expect(await infer('[1, 2]')).toMatchObject({
      exitCode: 1,
      printed: expect.stringContaining('JSON object') as string,
    });
    const printed: string[] = [];
    expect(await inferSchemaFiles(['/no/such/file'], { name: 'R' }, (text) => printed.push(text))).toBe(1);
    expect(printed[0]).toContain('/no/such/file');
  });
});
