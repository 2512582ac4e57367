/**
 * The one port to the disk. Everything in the spool takes it as a parameter, so that tests inject crashes, torn and lost writes,
 * EIO and ENOSPC. Directories are 0700 and files 0600: they hold what devices sent. [CVE-2017-9868]
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export interface DiskFile {
  /** Writes the buffers one after another at `position`; returns how many bytes were taken, which may be fewer than given. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Fills `buffer` from `position`; returns the bytes read, 0 at the end. May read less than asked. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** fdatasync: contents and length are durable. After an error nothing may be believed of what was written since the last one. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  /** Used share of what this user may use, 0..1, as df prints it. */
  readonly usedRatio: number;
}

export interface Files {
  /** `create` fails if the name exists; `write` and `read` fail if it does not. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Creates the directory and its parents; fine if it is there. */
  mkdir(path: string): Promise<void>;
  /** Names in a directory, in no order. */
  list(path: string): Promise<readonly string[]>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  /** Makes names created, renamed and removed in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  space(path: string): Promise<DiskSpace>;
}

/** Writes everything; a short write without an error is normal (tmpfs takes 65,536 bytes of 100,000). */
export async function writeAll(file: DiskFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0);
  let at = position;
  while (rest.length > 0) {
    let taken = await file.writev(rest, at);
    if (taken <= 0) throw new Error('The disk takes no more bytes, without saying why.');
    at += taken;
    let index = 0;
    while (index < rest.length && taken >= (rest[index]?.length ?? 0)) taken -= rest[index++]?.length ?? 0;
    rest = rest.slice(index);
    if (taken > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(taken);
  }
}

/** Reads until `buffer` is full or the file ends; returns the bytes read. */
export async function readAll(file: DiskFile, buffer: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < buffer.length) {
    const count = await file.read(buffer.subarray(read), position + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}

const ZEROS_BYTES = 1 << 20;

/** Creates a file of `byteLength` zeros that are on the disk: a later write inside needs no new space and no new metadata. */
export async function createZeroed(files: Files, path: string, byteLength: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(byteLength, ZEROS_BYTES));
  const file = await files.open(path, 'create');
  try {
    for (let at = 0; at < byteLength; at += zeros.length) {
      await writeAll(file, [zeros.subarray(0, Math.min(zeros.length, byteLength - at))], at);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Creates directories so that their names survive a crash. `base` exists already. */
export async function makeDirectories(files: Files, base: string, ...names: readonly string[]): Promise<string> {
  let path = base;
  for (const name of names) {
    const parent = path;
    path = `${parent}/${name}`;
    await files.mkdir(path);
    await files.syncDirectory(parent);
  }
  return path;
}

/** The real disk. */
export function nodeFiles(): Files {
  return {
    async open(path, mode) {
      const flags = { read: constants.O_RDONLY, write: constants.O_RDWR, create: CREATE }[mode];
      return diskFile(await open(path, flags, 0o600));
    },
    async mkdir(path) {
      const first = await mkdir(path, { recursive: true, mode: 0o700 });
      if (first === undefined) return;
      // Every directory that was made on the way must survive as well.
      const end = dirname(resolve(first));
      for (let parent = dirname(resolve(path)); parent.startsWith(end); parent = dirname(parent)) {
        await syncDirectory(parent);
        if (parent === end) break;
      }
    },
    list: (path) => readdir(path),
    size: async (path) => (await stat(path)).size,
    syncDirectory,
    rename,
    unlink,
    async space(path) {
      const { bsize, blocks, bfree, bavail } = await statfs(path);
      const used = blocks - bfree;
      return { freeBytes: bavail * bsize, usedRatio: used + bavail === 0 ? 1 : used / (used + bavail) };
    },
  };
}

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

function diskFile(handle: FileHandle): DiskFile {
  return {
    writev: async (buffers, position) => (await handle.writev([...buffers], position)).bytesWritten,
    read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
