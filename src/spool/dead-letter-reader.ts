/**
 * Reads dead letters from disk, beside a running gateway or without one. Read-only: it takes no lock and changes nothing; letters
 * written meanwhile may or may not be seen.
 */
import type { DeadLetter } from '../message.ts';
import type { Files } from './files.ts';
import { readFrames } from './frame-log-reader.ts';
import { inspectSegments } from './recovery.ts';
import type { Segment } from './segment.ts';

export interface StoredDeadLetter {
  /** The letter's own number, for `show`. */
  readonly sequence: number;
  readonly letter: DeadLetter;
}

/** Oldest first, one segment in memory at a time. `dir` is the data directory. */
export async function* readDeadLetters(files: Files, dir: string): AsyncGenerator<StoredDeadLetter> {
  const directory = `${dir}/dlq`;
  const { segments } = await inspectSegments(files, directory);
  for (const segment of segments) yield* await readLetters(files, directory, segment);
}

async function readLetters(files: Files, directory: string, segment: Segment): Promise<readonly StoredDeadLetter[]> {
  segment.dataEnd = segment.byteLength;
  // Damage is reported when the gateway starts; here the rest is shown.
  const frames = await readFrames(files, directory, segment, () => {});
  return frames.map(({ sequence, meta, body }) => {
    const letter = JSON.parse(meta.toString()) as Omit<DeadLetter, 'body'>;
    return { sequence, letter: { ...letter, body } };
  });
}
