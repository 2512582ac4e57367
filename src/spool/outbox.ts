/**
 * Entries of one action that wait on disk because its sink lags: a folder, one file per entry, first in, first out. Ordinals give the
 * order; they rise from FIRST_ORDINAL, and fall from there for what is put in front.
 *
 * Invariants
 * - The folder is made, durably, before the first entry of a run; most actions never need one.
 * - An entry exists from the moment its `.entry` name is durable (contents fsync → rename → directory fsync) until the name is gone.
 * - A file body is moved in before its entry, as `.body`; without an entry it is no entry, and a start removes it.
 * - What fails its checksum is renamed to `.damaged` and reported. It never stands in the way of what follows, and is never removed.
 * - Names that are not ours are left alone.
 *
 * Name: `<ordinal, 12 digits>-<receive time, epoch ms>-<body bytes>.entry`, so that a start reads names only. A body: `<ordinal>.body`.
 * ```
 * 0 u32 magic "HGO1"   4 u32 crc32 of 8..end   8 u32 version   12 u32 meta bytes   16 meta (JSON)   body   originals
 * ```
 * Meta: all of an Entry but its body and its originals; `file`: the body is a file; version 2: `originalBytes`, the length of the
 * originals (src/message.ts). Version 1 has none of both, and is what is still written without them, so that the version before this
 * one delivers it too; what it cannot read it sets aside.
 */
import { basename, dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { asError, invariant } from '../errors.ts';
import type { Entry } from '../message.ts';
import type { Outbox as OutboxPort } from '../ports.ts';
import { type Files, makeDirectories, readAll, writeAll } from './files.ts';

const MAGIC = 0x314f_4748;
const VERSION = 1;
const VERSION_WITH_ORIGINALS = 2;
const HEADER_BYTES = 16;
/** Of the first entry ever: below it is room for what is put in front. */
const FIRST_ORDINAL = 1_000_000_000;
const NAME = /^(\d{12})-(\d{1,16})-(\d{1,16})\.entry$/;

interface Item {
  readonly name: string;
  readonly ordinal: number;
  readonly bytes: number;
  readonly receivedAt: number;
  isTaken: boolean;
}

export interface OutboxOptions {
  readonly files: Files;
  /** `<spool>/outbox/<action>`; the spool's own folder exists. */
  readonly dir: string;
  readonly onDamaged: (file: string) => void;
}

export class Outbox implements OutboxPort {
  readonly #files: Files;
  readonly #dir: string;
  readonly #onDamaged: (file: string) => void;
  /** In order; about 100 bytes of memory per entry. */
  #items: Item[];
  /** Entries handed out, by the object that was handed out. */
  readonly #taken = new Map<Entry, Item>();
  #ordinalNext: number;
  /** Of what is put in front next. */
  #ordinalBefore: number;
  #bytes = 0;
  /** Settled once the folder is durable. */
  #directory: Promise<unknown> | null = null;

  private constructor(options: OutboxOptions, items: Item[], ordinalBefore: number, ordinalNext: number) {
    this.#files = options.files;
    this.#dir = options.dir;
    this.#onDamaged = options.onDamaged;
    this.#items = items;
    this.#ordinalNext = ordinalNext;
    this.#ordinalBefore = ordinalBefore;
    for (const { bytes } of items) this.#bytes += bytes;
  }

  /** Finds what an earlier run left. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { files, dir } = options;
    const items: Item[] = [];
    let ordinalNext = FIRST_ORDINAL;
    let ordinalBefore = FIRST_ORDINAL - 1;
    const names = [...(await listed(files, dir))].sort();
    // Damaged entries keep their bodies, for whoever looks at them.
    const withEntry = new Set(
      names.filter((name) => /\.entry(\.damaged)?$/.test(name)).map((name) => name.slice(0, 12)),
    );
    for (const name of names) {
      const ordinal = Number(/^(\d{12})[-.]/.exec(name)?.[1] ?? FIRST_ORDINAL);
      ordinalNext = Math.max(ordinalNext, ordinal + 1);
      ordinalBefore = Math.min(ordinalBefore, ordinal - 1);
      const match = NAME.exec(name);
      if (match !== null) {
        items.push({ name, ordinal, receivedAt: Number(match[2]), bytes: Number(match[3]), isTaken: false });
      } else if (/^\d{12}-\d+-\d+\.entry\.writing$/.test(name)) {
        await files.unlink(`${dir}/${name}`);
      } else if (/^\d{12}\.body$/.test(name) && !withEntry.has(name.slice(0, 12))) {
        await files.unlink(`${dir}/${name}`);
      }
    }
    return new Outbox(options, items, ordinalBefore, ordinalNext);
  }

  get count(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldestReceivedAt(): number | null {
    let oldest: number | null = null;
    for (const { receivedAt } of this.#items) oldest = oldest === null ? receivedAt : Math.min(oldest, receivedAt);
    return oldest;
  }

  async put(entry: Entry): Promise<void> {
    await this.#putAt(this.#ordinalNext++, entry);
  }

  async putFirst(entry: Entry): Promise<void> {
    // An outbox of an earlier version begins with 1: what does not fit in front goes behind.
    const ordinal = this.#ordinalBefore > 0 ? this.#ordinalBefore-- : this.#ordinalNext++;
    await this.#putAt(ordinal, entry);
  }

  async #putAt(ordinal: number, entry: Entry): Promise<void> {
    await this.#ensureDirectory();
    const { body, originals, ...meta } = entry;
    const bytes = body.kind === 'bytes' ? body.bytes.length : body.byteLength;
    const name = `${pad(ordinal)}-${Math.max(0, Math.round(entry.receivedAt))}-${bytes}.entry`;
    if (body.kind === 'file') await this.#moveIn(body.path, this.#bodyPath(ordinal));
    const stored = { ...meta, file: body.kind === 'file' };
    try {
      await this.#writeEntry(name, encode(stored, body.kind === 'bytes' ? body.bytes : NOTHING, originals));
    } catch (thrown) {
      // The caller keeps the entry and tries again: its file has to be where the entry says.
      if (body.kind === 'file') await this.#files.rename(this.#bodyPath(ordinal), body.path);
      throw thrown;
    }
    const item = { name, ordinal, receivedAt: entry.receivedAt, bytes, isTaken: false };
    // Entries put at the same time may become durable in another order than they were put.
    const index = this.#items.findLastIndex((other) => other.ordinal < ordinal);
    this.#items.splice(index + 1, 0, item);
    this.#bytes += bytes;
  }

  async take(countMax: number, bytesMax: number): Promise<readonly Entry[]> {
    const chosen: Item[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (item.isTaken) continue;
      if (chosen.length >= countMax || (chosen.length > 0 && bytes + item.bytes > bytesMax)) break;
      // Before the first await: a second take must not see it.
      item.isTaken = true;
      chosen.push(item);
      bytes += item.bytes;
    }
    const entries: Entry[] = [];
    for (const [index, item] of chosen.entries()) {
      try {
        const entry = await this.#read(item);
        if (entry === null) {
          await this.#setAside(item);
          continue;
        }
        this.#taken.set(entry, item);
        entries.push(entry);
      } catch (thrown) {
        for (const left of chosen.slice(index)) left.isTaken = false;
        if (entries.length === 0) throw asError(thrown);
        break;
      }
    }
    return entries;
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      const item = this.#taken.get(entry);
      invariant(item !== undefined, 'only entries that were taken can be removed.');
      // The entry first: a body without an entry is nothing, an entry without its body would be damage.
      await this.#unlink(item.name);
      if (entry.body.kind === 'file') await this.#unlink(`${pad(item.ordinal)}.body`);
      this.#taken.delete(entry);
      this.#forget(item);
    }
  }

  untake(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const item = this.#taken.get(entry);
      invariant(item !== undefined, 'only entries that were taken can be given back.');
      item.isTaken = false;
      this.#taken.delete(entry);
    }
  }

  /** Also where an earlier run made it: that run may have ended before it was durable. */
  #ensureDirectory(): Promise<unknown> {
    if (this.#directory === null) {
      const parent = dirname(this.#dir);
      const making = makeDirectories(this.#files, dirname(parent), basename(parent), basename(this.#dir));
      this.#directory = making;
      making.catch(() => {
        this.#directory = null;
      });
    }
    return this.#directory;
  }

  async #moveIn(from: string, to: string): Promise<void> {
    const file = await this.#files.open(from, 'read');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(from, to);
  }

  async #writeEntry(name: string, buffers: readonly Uint8Array[]): Promise<void> {
    const path = `${this.#dir}/${name}`;
    try {
      const file = await this.#files.open(`${path}.writing`, 'create');
      try {
        await writeAll(file, buffers, 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.#files.rename(`${path}.writing`, path);
      await this.#files.syncDirectory(this.#dir);
    } catch (thrown) {
      // Neither half may be found later as an entry that the caller believes not to exist.
      await this.#files.unlink(`${path}.writing`).catch(() => {});
      await this.#files.unlink(path).catch(() => {});
      throw asError(thrown);
    }
  }

  /** Null when damaged. */
  async #read(item: Item): Promise<Entry | null> {
    const path = `${this.#dir}/${item.name}`;
    const bytes = Buffer.allocUnsafeSlow(await this.#files.size(path));
    const file = await this.#files.open(path, 'read');
    try {
      if ((await readAll(file, bytes, 0)) < bytes.length) return null;
    } finally {
      await file.close();
    }
    const decoded = decode(bytes);
    if (decoded === null) return null;
    const { file: isFile, ...stored } = decoded.meta;
    const meta = { ...stored, originals: decoded.originals };
    if (!isFile) return { ...meta, body: { kind: 'bytes', bytes: decoded.body } };
    const bodyPath = this.#bodyPath(item.ordinal);
    const byteLength = await this.#sizeOf(bodyPath);
    return byteLength === item.bytes ? { ...meta, body: { kind: 'file', path: bodyPath, byteLength } } : null;
  }

  /** -1 when there is no such file. */
  async #sizeOf(path: string): Promise<number> {
    try {
      return await this.#files.size(path);
    } catch (thrown) {
      if (isMissing(thrown)) return -1;
      throw thrown;
    }
  }

  async #setAside(item: Item): Promise<void> {
    this.#forget(item);
    this.#onDamaged(`${this.#dir}/${item.name}`);
    await this.#files.rename(`${this.#dir}/${item.name}`, `${this.#dir}/${item.name}.damaged`);
  }

  #forget(item: Item): void {
    const index = this.#items.indexOf(item);
    if (index < 0) return;
    this.#items.splice(index, 1);
    this.#bytes -= item.bytes;
  }

  async #unlink(name: string): Promise<void> {
    try {
      await this.#files.unlink(`${this.#dir}/${name}`);
    } catch (thrown) {
      // Gone already: a retry after half of it succeeded, or the sink moved the file itself.
      if (!isMissing(thrown)) throw thrown;
    }
  }

  #bodyPath(ordinal: number): string {
    return `${this.#dir}/${pad(ordinal)}.body`;
  }
}

async function listed(files: Files, dir: string): Promise<readonly string[]> {
  try {
    return await files.list(dir);
  } catch (thrown) {
    if (isMissing(thrown) || isNoFolder(thrown)) return [];
    throw thrown;
  }
}

/** Outboxes of actions that are no longer configured, and hold entries: nobody delivers them. `dir` is the folder of all outboxes. */
export async function strandedOutboxes(
  files: Files,
  dir: string,
  actionIds: readonly string[],
): Promise<readonly { readonly name: string; readonly entryCount: number }[]> {
  const known = new Set(actionIds.map(outboxDirectoryName));
  const found: { readonly name: string; readonly entryCount: number }[] = [];
  for (const name of [...(await listed(files, dir))].sort()) {
    if (known.has(name)) continue;
    const entryCount = (await listed(files, `${dir}/${name}`)).filter((file) => NAME.test(file)).length;
    if (entryCount > 0) found.push({ name, entryCount });
  }
  return found;
}

/** An action id as a directory name: what is not plain is written as %XX, so that different ids stay different. */
export function outboxDirectoryName(actionId: string): string {
  return actionId.replace(/[^A-Za-z0-9_-]/g, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

const NOTHING = new Uint8Array(0);

type StoredMeta = Omit<Entry, 'body' | 'originals'> & { readonly file: boolean };

function encode(meta: StoredMeta, body: Uint8Array, originals: Uint8Array | null): readonly Uint8Array[] {
  const stored = originals === null ? meta : { ...meta, originalBytes: originals.length };
  const text = Buffer.from(JSON.stringify(stored));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(originals === null ? VERSION : VERSION_WITH_ORIGINALS, 8);
  header.writeUInt32LE(text.length, 12);
  const parts = [text, body, originals ?? NOTHING];
  const checksum = parts.reduce((crc, part) => crc32(part, crc), crc32(header.subarray(8)));
  header.writeUInt32LE(checksum, 4);
  return [header, ...parts.filter((part) => part.length > 0)];
}

interface Decoded {
  readonly meta: StoredMeta;
  readonly body: Buffer;
  readonly originals: Buffer | null;
}

function decode(bytes: Buffer): Decoded | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return null;
  const version = bytes.readUInt32LE(8);
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return null;
  if (version !== VERSION && version !== VERSION_WITH_ORIGINALS) return null;
  const metaEnd = HEADER_BYTES + bytes.readUInt32LE(12);
  // The checksum was right, so this is what `encode` wrote.
  const stored = JSON.parse(bytes.toString('utf8', HEADER_BYTES, metaEnd)) as StoredMeta & { originalBytes?: number };
  const { originalBytes = null, ...meta } = stored;
  if (originalBytes === null) return { meta, body: bytes.subarray(metaEnd), originals: null };
  const bodyEnd = bytes.length - originalBytes;
  return { meta, body: bytes.subarray(metaEnd, bodyEnd), originals: bytes.subarray(bodyEnd) };
}

function pad(ordinal: number): string {
  return String(ordinal).padStart(12, '0');
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

function isNoFolder(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTDIR';
}
