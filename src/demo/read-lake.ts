/** Reads the Avro files of a finished run back, as any consumer would: whole files, nothing remembered from writing them. */
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { readContainer, readContainerBlocks } from '../codec/avro/read-container.ts';
import { messageKey } from './account.ts';

export interface LakeRow {
  /** First folder below the lake: in the demo, the rule's name. */
  readonly rule: string;
  readonly files: number;
  readonly records: number;
  /** Records as Avro, uncompressed. */
  readonly avroBytes: number;
  /** The files as they are on disk. */
  readonly fileBytes: number;
}

export interface Lake {
  readonly rows: readonly LakeRow[];
  /** `sensor/seq` of every record that has both. */
  readonly keys: readonly string[];
}

/** @throws if a file is not a whole Avro container. */
export async function readLake(dir: string): Promise<Lake> {
  const rows = new Map<string, LakeRow>();
  const keys: string[] = [];
  for (const path of await containersIn(dir)) {
    const rule = path.split(sep)[0] ?? path;
    const file = await readFile(join(dir, path), keys);
    const row = rows.get(rule) ?? { rule, files: 0, records: 0, avroBytes: 0, fileBytes: 0 };
    rows.set(rule, {
      rule,
      files: row.files + 1,
      records: row.records + file.records,
      avroBytes: row.avroBytes + file.avroBytes,
      fileBytes: row.fileBytes + file.fileBytes,
    });
  }
  return { rows: [...rows.values()], keys };
}

async function containersIn(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { recursive: true });
  return names.filter((name) => name.endsWith('.avro')).sort();
}

async function readFile(
  path: string,
  keys: string[],
): Promise<{ readonly records: number; readonly avroBytes: number; readonly fileBytes: number }> {
  let records = 0;
  let avroBytes = 0;
  for await (const block of readContainerBlocks(path)) {
    records += block.count;
    avroBytes += block.data.length;
  }
  for await (const record of readContainer(path)) {
    const { sensor, seq } = record as { readonly sensor?: unknown; readonly seq?: unknown };
    if (typeof sensor === 'string' && typeof seq === 'number') keys.push(messageKey(sensor, seq));
  }
  return { records, avroBytes, fileBytes: (await stat(path)).size };
}
