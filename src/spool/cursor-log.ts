/**
 * The cursor log: which sequences are settled, as durable records. It is only a hint: lost, damaged or old, it costs duplicates.
 *
 * Invariants
 * - Two files, `cursor.a` and `cursor.b`. The newest generation whose base is whole counts; records are appended behind its base. When it
 *   is full the whole state becomes the base of a new generation in the other file, so one of them is whole at any time.
 * - Both are zero-filled before use: recording progress, and with it freeing space, works on a full disk.
 * - A cursor that belongs to another spool (its id is not the segments') is ignored: believing it would lose messages.
 * - Checksums are seeded with generation and spool id, so that records of an earlier generation in the same file do not validate.
 *
 * Bytes (little endian)
 * ```
 * header  0 u32 magic "HGC1"   4 u32 crc32 of 8..48   8 u16 version   10 zeros (6)   16 u64 generation   24 id of the spool (8)
 *        32 u64 base bytes   40 u32 crc32 of the base   44 zeros (4)   48 base: records
 * record  0 u32 crc32 of 4..end, seeded   4 u16 action id bytes (0: settled for all actions)   6 u16 0x4347
 *         8 u64 first sequence   16 u64 last sequence   24 action id
 * ```
 */
import { crc32 } from 'node:zlib';
import { asError, CodedError } from '../errors.ts';
import { createZeroed, type DiskFile, type Files, readAll, writeAll } from './files.ts';

const MAGIC = 0x3143_4748;
const VERSION = 1;
const HEADER_BYTES = 48;
const RECORD_BYTES = 24;
const RECORD_MARK = 0x4347;
/** Of each file, at least. */
export const CURSOR_BYTES = 256 * 1024;
const NAMES = ['cursor.a', 'cursor.b'] as const;

/** `action` '' = settled for all actions. */
export interface CursorRecord {
  readonly action: string;
  readonly first: number;
  readonly last: number;
}

interface Generation {
  readonly generation: bigint;
  readonly spoolId: bigint;
  readonly records: readonly CursorRecord[];
}

export interface CursorState {
  readonly spoolId: bigint | null;
  readonly generation: bigint;
  readonly records: readonly CursorRecord[];
}

/** Reads what is there; `spoolId` null believes any cursor. Never fails because of bad bytes. */
export async function readCursor(files: Files, dir: string, spoolId: bigint | null): Promise<CursorState> {
  const names = new Set(await files.list(dir));
  let newest: Generation | null = null;
  let generation = 0n;
  for (const name of NAMES) {
    if (!names.has(name)) continue;
    const found = parse(await readFile(files, `${dir}/${name}`));
    if (found === null) continue;
    if (found.generation > generation) generation = found.generation;
    if (spoolId !== null && found.spoolId !== spoolId) continue;
    if (newest === null || found.generation > newest.generation) newest = found;
  }
  return { spoolId: newest?.spoolId ?? null, generation, records: newest?.records ?? [] };
}

export class CursorLog {
  readonly #files: Files;
  readonly #dir: string;
  readonly #spoolId: bigint;
  readonly #bytesMin: number;
  #generation: bigint;
  #file: DiskFile | null = null;
  #end = 0;
  #fileBytes = 0;

  /** `generation`: the newest seen. Nothing is written before the first `append`, which starts a new generation. */
  constructor(files: Files, dir: string, spoolId: bigint, generation: bigint, bytesMin = CURSOR_BYTES) {
    this.#bytesMin = bytesMin;
    this.#files = files;
    this.#dir = dir;
    this.#spoolId = spoolId;
    this.#generation = generation;
  }

  /** Makes `records` durable; `all` is asked for the whole state, these included, when a new generation starts. */
  async append(records: readonly CursorRecord[], all: () => readonly CursorRecord[]): Promise<void> {
    const bytes = encode(records, seedOf(this.#generation, this.#spoolId));
    const file = this.#file;
    if (file === null || this.#end + bytes.length > this.#fileBytes) {
      await this.#startGeneration(all());
      return;
    }
    try {
      await writeAll(file, [bytes], this.#end);
      await file.datasync();
      this.#end += bytes.length;
    } catch (thrown) {
      // What of it is on the disk is unknown; the next append writes everything to the other file.
      this.#file = null;
      await file.close().catch(() => {});
      throw asError(thrown);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #startGeneration(records: readonly CursorRecord[]): Promise<void> {
    await this.close();
    // Counted up only once it is durable: a failed attempt is repeated in the same file, and the other one stays whole.
    const generation = this.#generation + 1n;
    const base = encode(records, seedOf(generation, this.#spoolId));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt16LE(VERSION, 8);
    header.writeBigUInt64LE(generation, 16);
    header.writeBigUInt64LE(this.#spoolId, 24);
    header.writeBigUInt64LE(BigInt(base.length), 32);
    header.writeUInt32LE(crc32(base), 40);
    header.writeUInt32LE(crc32(header.subarray(8)), 4);
    const path = `${this.#dir}/${NAMES[Number(generation % 2n)] ?? NAMES[0]}`;
    const file = await this.#openZeroed(path);
    try {
      await writeAll(file, [header, base], 0);
      await file.datasync();
    } catch (thrown) {
      await file.close().catch(() => {});
      throw asError(thrown);
    }
    this.#file = file;
    this.#generation = generation;
    this.#end = HEADER_BYTES + base.length;
    this.#fileBytes = Math.max(this.#bytesMin, 2 * this.#end);
  }

  async #openZeroed(path: string): Promise<DiskFile> {
    const name = path.slice(this.#dir.length + 1);
    const names = await this.#files.list(this.#dir);
    if (!names.includes(name)) {
      if (names.includes(`${name}.preparing`)) await this.#files.unlink(`${path}.preparing`);
      await createZeroed(this.#files, `${path}.preparing`, this.#bytesMin);
      await this.#files.rename(`${path}.preparing`, path);
      await this.#files.syncDirectory(this.#dir);
    }
    return this.#files.open(path, 'write');
  }
}

function encode(records: readonly CursorRecord[], seed: number): Buffer {
  const ids = records.map((record) => Buffer.from(record.action));
  let length = 0;
  for (const id of ids) length += RECORD_BYTES + id.length;
  const bytes = Buffer.alloc(length);
  let at = 0;
  for (const [index, { first, last }] of records.entries()) {
    const id = ids[index] ?? Buffer.alloc(0);
    bytes.writeUInt16LE(id.length, at + 4);
    bytes.writeUInt16LE(RECORD_MARK, at + 6);
    bytes.writeBigUInt64LE(BigInt(first), at + 8);
    bytes.writeBigUInt64LE(BigInt(last), at + 16);
    id.copy(bytes, at + RECORD_BYTES);
    const end = at + RECORD_BYTES + id.length;
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 4, end), seed), at);
    at = end;
  }
  return bytes;
}

/** null when there is no whole base. Appended records count up to the first bad one. */
function parse(bytes: Buffer): Generation | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return null;
  if (crc32(bytes.subarray(8, HEADER_BYTES)) !== bytes.readUInt32LE(4)) return null;
  const version = bytes.readUInt16LE(8);
  if (version > VERSION) {
    throw new CodedError('SPOOL_FORMAT_NEWER', `The cursor has format ${version}; this version reads ${VERSION}.`);
  }
  const generation = bytes.readBigUInt64LE(16);
  const spoolId = bytes.readBigUInt64LE(24);
  const baseEnd = HEADER_BYTES + Number(bytes.readBigUInt64LE(32));
  if (baseEnd > bytes.length || crc32(bytes.subarray(HEADER_BYTES, baseEnd)) !== bytes.readUInt32LE(40)) return null;
  return { generation, spoolId, records: decode(bytes, HEADER_BYTES, seedOf(generation, spoolId)) };
}

function decode(bytes: Buffer, start: number, seed: number): CursorRecord[] {
  const records: CursorRecord[] = [];
  let at = start;
  while (at + RECORD_BYTES <= bytes.length && bytes.readUInt16LE(at + 6) === RECORD_MARK) {
    const end = at + RECORD_BYTES + bytes.readUInt16LE(at + 4);
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end), seed) !== bytes.readUInt32LE(at)) break;
    const first = Number(bytes.readBigUInt64LE(at + 8));
    const last = Number(bytes.readBigUInt64LE(at + 16));
    records.push({ action: bytes.toString('utf8', at + RECORD_BYTES, end), first, last });
    at = end;
  }
  return records;
}

function seedOf(generation: bigint, spoolId: bigint): number {
  const seed = Buffer.alloc(16);
  seed.writeBigUInt64LE(generation, 0);
  seed.writeBigUInt64LE(spoolId, 8);
  return crc32(seed);
}

async function readFile(files: Files, path: string): Promise<Buffer> {
  const bytes = Buffer.alloc(await files.size(path));
  const file = await files.open(path, 'read');
  try {
    return bytes.subarray(0, await readAll(file, bytes, 0));
  } finally {
    await file.close();
  }
}
