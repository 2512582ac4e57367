/**
 * The folder that the demo works in: a copy of the sample configuration, rules and schemas, which the reader may edit and run
 * afterwards. An earlier demo's folder is replaced; anything else that stands there is left alone.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../errors.ts';

const markerName = '.headgate-demo';

/** @throws CodedError USAGE when `dir` holds something that no demo made. */
export async function prepareFolder(examples: string, dir: string): Promise<void> {
  const names = await namesIn(dir);
  if (names.length > 0 && !names.includes(markerName)) {
    throw new CodedError('USAGE', `${dir} holds something else. Move it away, or run the demo in another folder.`);
  }
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, markerName), 'Made by `headgate demo`, which replaces this folder each time.\n');
  await cp(examples, dir, { recursive: true });
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
