/**
 * Reads dead letters from disk, beside a running gateway or without one. Read-only: it takes no lock and changes nothing; letters
 * written meanwhile may or may not be seen.
 */
import { BlockReader } from '../block.ts';
import type { DeadLetter } from '../message.ts';
import type { Files } from './files.ts';
import { inspectSegments } from './recovery.ts';
import { SEGMENT_DATA_START, type Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';

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
  const letters: StoredDeadLetter[] = [];
  const file = await files.open(`${directory}/${segment.name}`, 'read');
  try {
    segment.dataEnd = segment.byteLength;
    await scanSegment(file, segment, SEGMENT_DATA_START, {
      block(bytes, start, check) {
        const reader = new BlockReader(bytes, start, Math.min(check.next, bytes.length));
        while (reader.next()) {
          const meta = JSON.parse(bytes.toString('utf8', reader.metaStart, reader.metaEnd)) as Omit<DeadLetter, 'body'>;
          const body = Buffer.from(bytes.subarray(reader.packetStart, reader.packetEnd));
          letters.push({ sequence: reader.sequence, letter: { ...meta, body } });
        }
        return true;
      },
      // Reported when the gateway starts; here the rest is shown.
      damage() {},
    });
  } finally {
    await file.close();
  }
  return letters;
}
