/**
 * What a start finds in a class's directory. Start never fails because of bad bytes: they are counted, reported and passed over.
 * Only a newer format is refused, before anything is touched. Files that are not ours are neither read nor removed.
 *
 * Sealed segments are believed by their footer; others (the last one of each run, usually one) are scanned. Damage inside a sealed
 * segment is found when it is read back.
 */
import { CodedError } from '../errors.ts';
import type { DiskFile, Files } from './files.ts';
import {
  isNewerSegment,
  newSegment,
  parseSegmentName,
  readSegmentFooter,
  readSegmentHeader,
  SEGMENT_DATA_START,
  SEGMENT_FOOTER_BYTES,
  type Segment,
} from './segment.ts';
import { scanSegment } from './segment-scan.ts';

export type DamageReport = (file: string, offset: number, byteLength: number) => void;

/** Names and headers only; nothing was touched yet. */
export interface Inspection {
  readonly dir: string;
  readonly segments: readonly Segment[];
  /** Left by a crash while a segment was being prepared. */
  readonly unfinished: readonly string[];
  /** Of the newest segment that says so. */
  readonly spoolId: bigint | null;
  readonly ordinalNext: number;
}

/** Throws SPOOL_FORMAT_NEWER if a newer version wrote here. */
export async function inspectSegments(files: Files, dir: string): Promise<Inspection> {
  const segments: Segment[] = [];
  const unfinished: string[] = [];
  let spoolId: bigint | null = null;
  let ordinalNext = 1;
  for (const name of [...(await files.list(dir))].sort()) {
    const parsed = parseSegmentName(name.replace(/\.preparing$/, ''));
    if (parsed === null) continue;
    ordinalNext = Math.max(ordinalNext, parsed.ordinal + 1);
    if (name.endsWith('.preparing')) {
      unfinished.push(name);
      continue;
    }
    const segment = newSegment(name, await files.size(`${dir}/${name}`), true);
    if (segment.byteLength < SEGMENT_DATA_START) continue;
    const header = await withFile(files, `${dir}/${name}`, async (file) => {
      const bytes = Buffer.alloc(SEGMENT_DATA_START);
      await file.read(bytes, 0);
      return readSegmentHeader(bytes, segment);
    });
    if (header !== null && isNewerSegment(header)) {
      throw new CodedError('SPOOL_FORMAT_NEWER', `${dir}/${name} has format ${header.version}; this version reads 1.`);
    }
    if (header !== null) {
      segment.laneCount = header.laneCount;
      segment.ruleSet = header.ruleSet;
      spoolId = header.spoolId;
    }
    segments.push(segment);
  }
  return { dir, segments, unfinished, spoolId, ordinalNext };
}

/** Learns what each segment holds, and removes what a crash left half prepared. */
export async function recoverSegments(files: Files, inspection: Inspection, onDamage: DamageReport): Promise<void> {
  const { dir, segments, unfinished } = inspection;
  for (const name of unfinished) await files.unlink(`${dir}/${name}`);
  for (const segment of segments) {
    await withFile(files, `${dir}/${segment.name}`, async (file) => {
      if (!(await readFooter(file, segment))) await scanUnsealed(file, segment, onDamage);
    });
  }
}

async function readFooter(file: DiskFile, segment: Segment): Promise<boolean> {
  if (segment.byteLength < SEGMENT_DATA_START + SEGMENT_FOOTER_BYTES) return false;
  const footer = Buffer.alloc(SEGMENT_FOOTER_BYTES);
  await file.read(footer, segment.byteLength - SEGMENT_FOOTER_BYTES);
  return readSegmentFooter(footer, segment);
}

/** What is bad behind the last valid block is the torn tail of a commit that was never acknowledged, or was never written at all. */
async function scanUnsealed(file: DiskFile, segment: Segment, onDamage: DamageReport): Promise<void> {
  const holes: { readonly offset: number; readonly byteLength: number }[] = [];
  let dataEnd = SEGMENT_DATA_START;
  segment.dataEnd = segment.byteLength;
  await scanSegment(file, segment, SEGMENT_DATA_START, {
    block(_bytes, start, check, offset) {
      for (const hole of holes.splice(0)) {
        segment.damage.add(hole.offset);
        onDamage(segment.name, hole.offset, hole.byteLength);
      }
      if (segment.messageCount === 0) segment.firstSequence = check.firstSequence;
      segment.lastSequence = Math.max(segment.lastSequence, check.firstSequence + check.messageCount - 1);
      segment.messageCount += check.messageCount;
      dataEnd = offset + check.next - start;
      return true;
    },
    damage: (offset, byteLength) => holes.push({ offset, byteLength }),
  });
  segment.dataEnd = dataEnd;
  segment.messagesLeft = segment.messageCount;
}

async function withFile<T>(files: Files, path: string, use: (file: DiskFile) => Promise<T>): Promise<T> {
  const file = await files.open(path, 'read');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
