/**
 * Walks the blocks of a segment. A bad block costs only itself: the walk goes on at the next valid block, found at steps of 8 bytes.
 *
 * A header of a damaged block can say anything, and what a device sent can look like headers: the checksum work of one search is
 * bounded by SEARCH_CHECKSUM_BYTES_MAX, beyond which only small candidates are tried.
 */
import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockCheck, checkBlock } from '../block.ts';
import { type DiskFile, readAll } from './files.ts';
import type { Segment } from './segment.ts';

const SEARCH_CHECKSUM_BYTES_MAX = 1024 * 1024 * 1024;
const SEARCH_SMALL_BLOCK_BYTES = 8192;
/** Bytes read at once while following blocks. */
const WINDOW_BYTES = 512 * 1024;
const SECTOR_BYTES = 4096;

export interface ScanVisitor {
  /** A valid block at `start..check.next` of `bytes`, which are valid until the walk goes on. False ends the walk before it. */
  block(bytes: Buffer, start: number, check: BlockCheck, offset: number): boolean;
  /** Bytes of the file that are no block but should be. */
  damage(offset: number, byteLength: number): void;
}

/** The first valid block at or after `from`, or -1. */
function findBlock(bytes: Buffer, from: number, seed: number): number {
  let budget = SEARCH_CHECKSUM_BYTES_MAX;
  for (let at = from; at + BLOCK_HEADER_BYTES <= bytes.length; at += 8) {
    if (bytes.readUInt32LE(at) !== BLOCK_MAGIC) continue;
    const length = bytes.readUInt32LE(at + 8);
    if (length > bytes.length - at - BLOCK_HEADER_BYTES) continue;
    if (budget <= 0 && length > SEARCH_SMALL_BLOCK_BYTES) continue;
    budget -= length;
    if (checkBlock(bytes, at, seed).status === 'valid') return at;
  }
  return -1;
}

/**
 * Visits the blocks from `offset` up to `segment.dataEnd`; returns the offset of the block that the visitor refused, or where the
 * walk ended. Memory: one window, or one block where that is larger; the rest of the segment only when searching past damage.
 */
export async function scanSegment(
  file: DiskFile,
  segment: Segment,
  offset: number,
  visitor: ScanVisitor,
): Promise<number> {
  const end = segment.dataEnd;
  let at = offset;
  let windowBytes = WINDOW_BYTES;
  while (at + BLOCK_HEADER_BYTES <= end) {
    const bytes = await readBytes(file, at, Math.min(windowBytes, end - at));
    const { position, isRefused } = walkWindow(bytes, at, segment.seed, visitor);
    at += position;
    if (isRefused) return at;
    windowBytes = WINDOW_BYTES;
    if (position > 0) continue;
    const needed = bytes.length < BLOCK_HEADER_BYTES ? 0 : claimedBytes(bytes);
    if (needed > bytes.length && needed <= end - at && bytes.length === WINDOW_BYTES) {
      windowBytes = needed;
      continue;
    }
    const rest = await readBytes(file, at, end - at);
    const found = findBlock(rest, 8, segment.seed);
    visitor.damage(at, found < 0 ? end - at : found);
    if (found < 0) return end;
    at += found;
  }
  return at;
}

async function readBytes(file: DiskFile, offset: number, byteLength: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  try {
    return bytes.subarray(0, await readAll(file, bytes, offset));
  } catch (thrown) {
    if (!isReadError(thrown)) throw thrown;
    return await readAroundErrors(file, offset, bytes);
  }
}

/** A sector that cannot be read costs the blocks in it: it is read as zeros, which the walk reports as damage. */
async function readAroundErrors(file: DiskFile, offset: number, bytes: Buffer): Promise<Buffer> {
  let at = 0;
  while (at < bytes.length) {
    const piece = bytes.subarray(at, Math.min(bytes.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES)));
    try {
      const read = await readAll(file, piece, offset + at);
      if (read < piece.length) return bytes.subarray(0, at + read);
    } catch (thrown) {
      if (!isReadError(thrown)) throw thrown;
      piece.fill(0);
    }
    at += piece.length;
  }
  return bytes;
}

function isReadError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EIO';
}

function walkWindow(
  bytes: Buffer,
  offset: number,
  seed: number,
  visitor: ScanVisitor,
): { readonly position: number; readonly isRefused: boolean } {
  let position = 0;
  while (position + BLOCK_HEADER_BYTES <= bytes.length) {
    const check = checkBlock(bytes, position, seed);
    if (check.status !== 'valid') break;
    if (!visitor.block(bytes, position, check, offset + position)) return { position, isRefused: true };
    position = check.next;
  }
  return { position, isRefused: false };
}

/** What the block that starts here says of its own size; 0 when none starts here. */
function claimedBytes(bytes: Buffer): number {
  return bytes.readUInt32LE(0) === BLOCK_MAGIC ? BLOCK_HEADER_BYTES + bytes.readUInt32LE(8) : 0;
}
