/** The body of an entry as bytes in memory: for sinks whose calls carry small bodies. */
import { readFile } from 'node:fs/promises';
import type { Entry } from '../message.ts';

export async function entryBytes(entry: Entry): Promise<Uint8Array> {
  return entry.body.kind === 'bytes' ? entry.body.bytes : await readFile(entry.body.path);
}
