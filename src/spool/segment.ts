/**
 * Segments: the files that hold blocks (see ../block.ts), one directory per class.
 *
 * Invariants
 * - A segment is zero-filled, synced and its name synced in the directory before it is used, so that a commit is one write and one
 *   fdatasync inside allocated space.
 * - Blocks follow one another from SEGMENT_DATA_START without gaps; what follows the last valid block is not data.
 * - Checksums are seeded with the uuid, which stands in the name and in the header: bytes that an earlier use of a recycled
 *   file left never validate, and a lost header costs no message.
 * - A segment is written by the process that took it into use, never again after a restart or after an error.
 * - Sequences rise within a class; sequences of other classes lie between.
 *
 * Bytes (little endian). Name: `<ordinal, 10 digits>-<uuid, 32 hex digits>.segment`; `.preparing` while it is being zero-filled.
 * ```
 * header  0 u32 magic "HGS1"   4 u32 crc32 of 8..64   8 u16 version   10 u8 class   11 u8 0   12 u16 lane count   14 u16 0
 *        16 uuid (16)   32 u64 first sequence   40 id of the spool (8)   48 hash of the rule set (16; zeros: none)   64 blocks
 * footer, the last 64 bytes, once sealed
 *         0 u32 magic "HGF1"   4 u32 crc32 of 8..64, seeded   8 u64 end of the blocks   16 u64 first sequence   24 u64 last sequence
 *        32 u32 messages   36 zeros
 * ```
 * The first eight bytes and the version mean the same in every later version. A newer one is refused and nothing is touched.
 */
import { crc32 } from 'node:zlib';
import type { MessageClass } from '../message.ts';

export type SegmentClass = MessageClass | 'dlq' | 'answers';

export const SEGMENT_BYTES = 16 * 1024 * 1024;
export const SEGMENT_DATA_START = 64;
export const SEGMENT_FOOTER_BYTES = 64;
const HEADER_MAGIC = 0x3153_4748;
const FOOTER_MAGIC = 0x3146_4748;
const SEGMENT_VERSION = 1;
const NO_RULE_SET = '0'.repeat(32);
const NAME = /^(\d{10})-([0-9a-f]{32})\.segment$/;
const CLASS_CODES: Readonly<Record<SegmentClass, number>> = { normal: 0, alarm: 1, dlq: 2, answers: 3 };

/** One segment as the running gateway knows it. */
export interface Segment {
  readonly name: string;
  readonly ordinal: number;
  readonly uuid: Buffer;
  /** Seeds the checksums of its blocks. */
  readonly seed: number;
  readonly byteLength: number;
  /** Written before this start: its messages may have been delivered already. */
  readonly isRecovered: boolean;
  laneCount: number;
  /** Hash of the rule set of its messages, 32 hex digits; '' when not known. */
  ruleSet: string;
  /** See generations.ts; 0 while it holds nothing. */
  generation: number;
  /** Where the durable blocks end. */
  dataEnd: number;
  /** 0 while it holds nothing. */
  firstSequence: number;
  lastSequence: number;
  messageCount: number;
  /** Messages not settled. */
  messagesLeft: number;
  /** Slabs from here that are in memory: queued, dispatched or not settled. */
  slabsOpen: number;
  /** Nothing will be written to it any more. */
  isSealed: boolean;
  /** A write or sync of it failed: its file is not recycled. */
  isSuspect: boolean;
  /** Offsets of damage that has been reported. */
  readonly damage: Set<number>;
}

export function newSegment(name: string, byteLength: number, isRecovered: boolean): Segment {
  const parsed = parseSegmentName(name);
  if (parsed === null) throw new Error(`Invariant: ${name} is not the name of a segment.`);
  return {
    name,
    ordinal: parsed.ordinal,
    uuid: parsed.uuid,
    seed: crc32(parsed.uuid),
    byteLength,
    isRecovered,
    laneCount: 0,
    ruleSet: '',
    generation: 0,
    dataEnd: SEGMENT_DATA_START,
    firstSequence: 0,
    lastSequence: 0,
    messageCount: 0,
    messagesLeft: 0,
    slabsOpen: 0,
    isSealed: isRecovered,
    isSuspect: false,
    damage: new Set(),
  };
}

export function segmentName(ordinal: number, uuid: Buffer): string {
  return `${String(ordinal).padStart(10, '0')}-${uuid.toString('hex')}.segment`;
}

/** null for whatever is not a segment of ours: it is left alone. */
export function parseSegmentName(name: string): { readonly ordinal: number; readonly uuid: Buffer } | null {
  const match = NAME.exec(name);
  return match === null ? null : { ordinal: Number(match[1]), uuid: Buffer.from(match[2] ?? '', 'hex') };
}

export interface SegmentHeader {
  readonly version: number;
  readonly laneCount: number;
  readonly spoolId: bigint;
  /** 32 hex digits; '' when none was noted. */
  readonly ruleSet: string;
}

export function writeSegmentHeader(
  segment: Segment,
  segmentClass: SegmentClass,
  firstSequence: number,
  spoolId: bigint,
): Buffer {
  const header = Buffer.alloc(SEGMENT_DATA_START);
  header.writeUInt32LE(HEADER_MAGIC, 0);
  header.writeUInt16LE(SEGMENT_VERSION, 8);
  header[10] = CLASS_CODES[segmentClass];
  header.writeUInt16LE(segment.laneCount, 12);
  segment.uuid.copy(header, 16);
  header.writeBigUInt64LE(BigInt(firstSequence), 32);
  header.writeBigUInt64LE(spoolId, 40);
  header.write(segment.ruleSet, 48, 16, 'hex');
  header.writeUInt32LE(crc32(header.subarray(8)), 4);
  return header;
}

/** null when there is none, or it is damaged, or it belongs to an earlier use of the file. */
export function readSegmentHeader(bytes: Buffer, segment: Segment): SegmentHeader | null {
  if (bytes.length < SEGMENT_DATA_START || bytes.readUInt32LE(0) !== HEADER_MAGIC) return null;
  if (crc32(bytes.subarray(8, SEGMENT_DATA_START)) !== bytes.readUInt32LE(4)) return null;
  const version = bytes.readUInt16LE(8);
  if (version === SEGMENT_VERSION && !bytes.subarray(16, 32).equals(segment.uuid)) return null;
  const ruleSet = bytes.toString('hex', 48, 64);
  return {
    version,
    laneCount: bytes.readUInt16LE(12),
    spoolId: bytes.readBigUInt64LE(40),
    ruleSet: ruleSet === NO_RULE_SET ? '' : ruleSet,
  };
}

export function isNewerSegment(header: SegmentHeader): boolean {
  return header.version > SEGMENT_VERSION;
}

export function writeSegmentFooter(segment: Segment): Buffer {
  const footer = Buffer.alloc(SEGMENT_FOOTER_BYTES);
  footer.writeUInt32LE(FOOTER_MAGIC, 0);
  footer.writeBigUInt64LE(BigInt(segment.dataEnd), 8);
  footer.writeBigUInt64LE(BigInt(segment.firstSequence), 16);
  footer.writeBigUInt64LE(BigInt(segment.lastSequence), 24);
  footer.writeUInt32LE(segment.messageCount, 32);
  footer.writeUInt32LE(crc32(footer.subarray(8), segment.seed), 4);
  return footer;
}

/** Fills in what a sealed segment says of itself; false when it says nothing believable, and must be scanned. */
export function readSegmentFooter(bytes: Buffer, segment: Segment): boolean {
  if (bytes.length < SEGMENT_FOOTER_BYTES || bytes.readUInt32LE(0) !== FOOTER_MAGIC) return false;
  if (crc32(bytes.subarray(8, SEGMENT_FOOTER_BYTES), segment.seed) !== bytes.readUInt32LE(4)) return false;
  segment.dataEnd = Number(bytes.readBigUInt64LE(8));
  segment.firstSequence = Number(bytes.readBigUInt64LE(16));
  segment.lastSequence = Number(bytes.readBigUInt64LE(24));
  segment.messageCount = bytes.readUInt32LE(32);
  segment.messagesLeft = segment.messageCount;
  return true;
}
