import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';

/** Paths of the sealed containers below `dir`, sorted. */
function containersIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.avro'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Every record of every sealed container below `dir`, read with avsc's own decoder. */
export async function recordsIn<T = Record<string, unknown>>(dir: string): Promise<readonly T[]> {
  const records: T[] = [];
  for (const file of containersIn(dir)) {
    await new Promise<void>((resolve, reject) => {
      const decoder = avro.createFileDecoder(file);
      decoder.on('data', (record: T) => records.push(record));
      decoder.on('end', resolve);
      decoder.on('error', reject);
    });
  }
  return records;
}
