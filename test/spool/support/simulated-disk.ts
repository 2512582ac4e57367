/**
 * A disk in memory that loses power. What was not synced survives in part: whole writes are dropped or kept in any order, writes are
 * torn at sectors, names that were not synced in their directory come and go independently of what they name.
 */
import type { DiskFile, Files } from '../../../src/spool/files.ts';

const SECTOR_BYTES = 512;

export type Random = () => number;

/** mulberry32: the same seed gives the same run. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

interface Inode {
  durable: Buffer;
  current: Buffer;
  unsynced: { readonly position: number; readonly bytes: Buffer }[];
}

type NameChange = (names: Map<string, Inode>) => void;

export type DiskOperation = 'open' | 'writev' | 'read' | 'datasync' | 'syncDirectory' | 'rename' | 'unlink';

export interface Mutations {
  /** fdatasync returns before anything is durable. */
  readonly isSyncSkipped?: boolean;
  readonly isDirectorySyncSkipped?: boolean;
}

export class SimulatedDisk implements Files {
  /** Operations left until the power fails. */
  operationsLeft = Number.POSITIVE_INFINITY;
  usedRatio = 0.1;
  /** Throws to fail an operation; may return how many bytes a write takes. */
  fault: (operation: DiskOperation, path: string) => number | undefined = () => undefined;
  readonly #names: Map<string, Inode>;
  readonly #durableNames: Map<string, Inode>;
  readonly #changes: { readonly directory: string; readonly apply: NameChange }[] = [];
  readonly #mutations: Mutations;

  constructor(names: ReadonlyMap<string, Inode> = new Map(), mutations: Mutations = {}) {
    this.#names = new Map(names);
    this.#durableNames = new Map(names);
    this.#mutations = mutations;
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  get isDead(): boolean {
    return this.operationsLeft <= 0;
  }

  bytesOf(path: string): Buffer {
    return this.#inode(path).current;
  }

  /** Puts a file there as if it had always been. */
  place(path: string, bytes: Buffer): void {
    const inode = { durable: Buffer.from(bytes), current: Buffer.from(bytes), unsynced: [] };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** What another start may find after the power failed. */
  afterPowerLoss(random: Random): SimulatedDisk {
    const names = new Map(this.#durableNames);
    for (const { apply } of this.#changes) if (random() < 0.5) apply(names);
    const inodes = new Map<Inode, Inode>();
    for (const [path, inode] of names) {
      let survivor = inodes.get(inode);
      if (survivor === undefined) {
        const bytes = survive(inode, random);
        survivor = { durable: bytes, current: Buffer.from(bytes), unsynced: [] };
        inodes.set(inode, survivor);
      }
      names.set(path, survivor);
    }
    return new SimulatedDisk(names, this.#mutations);
  }

  /** What another start finds after a mere crash of the process: everything. */
  afterProcessCrash(): SimulatedDisk {
    const names = new Map<string, Inode>();
    for (const [path, { current }] of this.#names) {
      names.set(path, { durable: Buffer.from(current), current: Buffer.from(current), unsynced: [] });
    }
    return new SimulatedDisk(names, this.#mutations);
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.#step('open', path);
    if (mode === 'create') {
      if (this.#names.has(path)) throw errno('EEXIST', path);
      const inode: Inode = { durable: Buffer.alloc(0), current: Buffer.alloc(0), unsynced: [] };
      this.#change(directoryOf(path), (names) => names.set(path, inode));
    }
    return this.#file(path, this.#inode(path));
  }

  async mkdir(): Promise<void> {}

  async list(path: string): Promise<readonly string[]> {
    const prefix = `${path}/`;
    return this.paths
      .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map((name) => name.slice(prefix.length));
  }

  async size(path: string): Promise<number> {
    return this.#inode(path).current.length;
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#step('syncDirectory', path);
    if (this.#mutations.isDirectorySyncSkipped === true) return;
    for (let index = 0; index < this.#changes.length; ) {
      const change = this.#changes[index];
      if (change?.directory === path) {
        change.apply(this.#durableNames);
        this.#changes.splice(index, 1);
      } else index++;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', from);
    const inode = this.#inode(from);
    this.#change(directoryOf(to), (names) => {
      if (names.get(from) === inode) names.delete(from);
      names.set(to, inode);
    });
  }

  async unlink(path: string): Promise<void> {
    await this.#step('unlink', path);
    this.#inode(path);
    this.#change(directoryOf(path), (names) => names.delete(path));
  }

  async space() {
    return { freeBytes: 1e9, usedRatio: this.usedRatio };
  }

  #file(path: string, inode: Inode): DiskFile {
    return {
      writev: async (buffers, position) => {
        const taken = await this.#step('writev', path);
        const bytes = Buffer.concat(buffers).subarray(0, taken);
        write(inode, position, bytes);
        inode.unsynced.push({ position, bytes: Buffer.from(bytes) });
        return bytes.length;
      },
      read: async (buffer, position) => {
        await this.#step('read', path);
        return inode.current.copy(buffer, 0, position);
      },
      datasync: async () => {
        await this.#step('datasync', path);
        if (this.#mutations.isSyncSkipped === true) return;
        for (const { position, bytes } of inode.unsynced.splice(0))
          inode.durable = placed(inode.durable, position, bytes);
      },
      close: async () => {},
    };
  }

  /** Every operation is a point at which the power may fail; then nothing ever answers again. */
  async #step(operation: DiskOperation, path: string): Promise<number | undefined> {
    await Promise.resolve();
    if (this.isDead) return await new Promise<never>(() => {});
    this.operationsLeft--;
    return this.fault(operation, path);
  }

  #change(directory: string, apply: NameChange): void {
    apply(this.#names);
    this.#changes.push({ directory, apply });
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw errno('ENOENT', path);
    return inode;
  }
}

export function errno(code: string, path = ''): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function write(inode: Inode, position: number, bytes: Buffer): void {
  inode.current = placed(inode.current, position, bytes);
}

function placed(target: Buffer, position: number, bytes: Buffer): Buffer {
  let result = target;
  if (target.length < position + bytes.length) {
    result = Buffer.alloc(position + bytes.length);
    target.copy(result);
  }
  bytes.copy(result, position);
  return result;
}

function survive(inode: Inode, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(inode.durable);
  const writes = [...inode.unsynced];
  // Reordered: any write may come last.
  if (random() < 0.3) writes.reverse();
  for (const { position, bytes: written } of writes) {
    const kind = random();
    if (kind < 0.3) continue;
    if (kind < 0.6) {
      bytes = placed(bytes, position, written);
      continue;
    }
    for (let at = 0; at < written.length; ) {
      const end = Math.min(written.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES));
      if (random() < 0.5) bytes = placed(bytes, position + at, written.subarray(at, end));
      at = end;
    }
  }
  return bytes;
}
