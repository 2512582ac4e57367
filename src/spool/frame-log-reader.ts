/** Reads the frames that a FrameLog wrote, from one segment. Changes nothing; frames written meanwhile may or may not be seen. */
import { BlockReader } from '../block.ts';
import type { Files } from './files.ts';
import type { LogFrame } from './frame-log.ts';
import { SEGMENT_DATA_START, type Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';

export interface ReadFrame extends LogFrame {
  readonly sequence: number;
}

/** Frames are copies. `onDamage`: bytes that should be frames and are not; the rest is read on. */
export async function readFrames(
  files: Files,
  directory: string,
  segment: Segment,
  onDamage: (offset: number, byteLength: number) => void,
): Promise<readonly ReadFrame[]> {
  const frames: ReadFrame[] = [];
  const file = await files.open(`${directory}/${segment.name}`, 'read');
  try {
    await scanSegment(file, segment, SEGMENT_DATA_START, {
      block(bytes, start, check) {
        const reader = new BlockReader(bytes, start, Math.min(check.next, bytes.length));
        while (reader.next()) {
          frames.push({
            sequence: reader.sequence,
            meta: Buffer.from(bytes.subarray(reader.metaStart, reader.metaEnd)),
            body: Buffer.from(bytes.subarray(reader.packetStart, reader.packetEnd)),
          });
        }
        return true;
      },
      damage: onDamage,
    });
  } finally {
    await file.close();
  }
  return frames;
}
