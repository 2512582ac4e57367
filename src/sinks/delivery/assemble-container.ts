/**
 * Gathers parts into objects: Avro containers (a header, then blocks as lanes made them) or files of lines. Records that lanes left
 * unpacked are gathered in memory and packed when there are enough of them for a block, when a packed part comes, which is younger,
 * and when the object is sealed. One object is open per rendered destination and schema; it is sealed when it has `objectBytesMax`, when it is `objectSecondsMax` old, or when another
 * destination needs its place (the least recently used goes first).
 *
 * Files: `<objectsDir>/<action>/<n>.open` grows; sealed it is fsynced and renamed to `<n>.sealed`, and belongs to its entry. The entry
 * id, which sinks make names of, holds first and last sequence and the checksum of the content: equal names mean equal objects.
 * All files found at start are removed: the journal still has their messages.
 */
import { join } from 'node:path';
import { asError } from '../../errors.ts';
import type { Entry, Part } from '../../message.ts';
import type { Assembly } from '../sink.ts';
import { type Assembler, type Emit, entryId, parseDestination } from './assembler.ts';
import { Gathered } from './gathered.ts';
import type { ObjectFiles } from './object-files.ts';
import { OpenObject } from './open-object.ts';
import type { Settlement } from './settlement.ts';

export interface ContainerServices {
  readonly action: string;
  /** This action's own folder. */
  readonly folder: string;
  readonly files: ObjectFiles;
  readonly header: (schemaId: string) => Uint8Array;
  /** A block, or a gzip member, of records that lanes left unpacked; keeps nothing of them. */
  readonly pack: (schemaId: string, messageCount: number, records: Uint8Array) => Uint8Array;
  readonly emit: Emit;
  /** Waits before a disk operation is repeated; rejects when the gateway stops. */
  readonly pause: (cause: Error) => Promise<void>;
  /** An object that could not be saved: its parts stay unsettled, and the journal brings them again after a restart. */
  readonly lost: (cause: Error) => void;
}

interface Growing {
  readonly key: string;
  /** Names its files. */
  readonly number: number;
  readonly destination: string;
  readonly schemaId: string;
  readonly object: OpenObject;
  /** Not yet part of the object; empty once it is being sealed. */
  readonly gathered: Gathered;
  readonly timer: NodeJS.Timeout;
  readonly settlements: Settlement[];
  first: number;
  last: number;
  receivedAt: number;
  hops: number;
  messageCount: number;
  rawBytes: number;
  encodedBytes: number;
}

export class ContainerAssembler implements Assembler {
  readonly #assembly: Assembly & { readonly kind: 'objects' };
  readonly #services: ContainerServices;
  /** Least recently used first. */
  readonly #open = new Map<string, Growing>();
  readonly #sealing = new Map<Growing, Promise<void>>();
  #count = 0;

  constructor(assembly: Assembly & { readonly kind: 'objects' }, services: ContainerServices) {
    this.#assembly = assembly;
    this.#services = services;
  }

  get bytesOpen(): number {
    return this.#sum(({ object, gathered }) => object.byteLength + gathered.byteLength);
  }

  get bytesInMemory(): number {
    return this.#sum(({ object, gathered }) => object.bytesInMemory + gathered.byteLength);
  }

  get oldestReceivedAt(): number | null {
    let oldest: number | null = null;
    for (const { receivedAt } of this.#all()) oldest = Math.min(oldest ?? receivedAt, receivedAt);
    return oldest;
  }

  start(): Promise<void> {
    return this.#services.files.clear(this.#services.folder);
  }

  accept(part: Part, settlement: Settlement): void {
    const key = `${part.schemaId}\n${part.destination}`;
    const growing = this.#open.get(key) ?? this.#begin(key, part);
    this.#open.delete(key);
    this.#open.set(key, growing);
    this.#append(growing, part);
    growing.settlements.push(settlement);
    growing.first = Math.min(growing.first, part.first);
    growing.last = Math.max(growing.last, part.last);
    growing.receivedAt = Math.min(growing.receivedAt, part.receivedAt);
    growing.hops = Math.max(growing.hops, part.hops);
    growing.messageCount += part.messageCount;
    growing.rawBytes += part.rawBytes;
    growing.encodedBytes += part.encodedBytes;
    if (growing.object.byteLength >= this.#assembly.objectBytesMax) this.#roll(growing);
  }

  async flush(): Promise<void> {
    for (const growing of [...this.#open.values()]) this.#roll(growing);
    while (this.#sealing.size > 0) await Promise.all(this.#sealing.values());
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { timer } of open) clearTimeout(timer);
    await Promise.all(open.map(({ object }) => object.close()));
    await Promise.all(this.#sealing.values());
  }

  #append(growing: Growing, part: Part): void {
    const { object, gathered } = growing;
    if (!gathered.hasRoomFor(part)) this.#pack(growing);
    if (part.packing === 'packed') object.append(part.bytes);
    else gathered.append(part.bytes, part.messageCount);
  }

  #pack({ schemaId, object, gathered }: Growing): void {
    if (gathered.isEmpty) return;
    object.append(this.#services.pack(schemaId, gathered.messageCount, gathered.written()));
    gathered.clear();
  }

  #begin(key: string, part: Part): Growing {
    if (this.#open.size >= this.#assembly.partitionsMax) {
      const [leastRecent] = this.#open.values();
      if (leastRecent !== undefined) this.#roll(leastRecent);
    }
    const number = this.#count++;
    const path = join(this.#services.folder, `${number}.open`);
    const growing: Growing = {
      key,
      number,
      destination: part.destination,
      schemaId: part.schemaId,
      object: new OpenObject(path, this.#services.files, this.#services.pause),
      gathered: new Gathered(),
      timer: setTimeout(() => this.#roll(growing), this.#assembly.objectSecondsMax * 1000),
      settlements: [],
      first: part.first,
      last: part.last,
      receivedAt: part.receivedAt,
      hops: 0,
      messageCount: 0,
      rawBytes: 0,
      encodedBytes: 0,
    };
    if (this.#assembly.hasHeader) growing.object.append(this.#services.header(part.schemaId));
    return growing;
  }

  #roll(growing: Growing): void {
    clearTimeout(growing.timer);
    this.#open.delete(growing.key);
    this.#pack(growing);
    const sealed = this.#seal(growing)
      .catch((thrown: unknown) => this.#services.lost(asError(thrown)))
      .finally(() => this.#sealing.delete(growing));
    this.#sealing.set(growing, sealed);
  }

  async #seal(growing: Growing): Promise<void> {
    const { path, byteLength, checksum } = await growing.object.seal();
    const { first, last, receivedAt, hops, messageCount, rawBytes, encodedBytes } = growing;
    const id = entryId(this.#services.action, first, last, checksum.toString(16).padStart(8, '0'));
    const sealedPath = join(this.#services.folder, `${growing.number}.sealed`);
    await this.#persist(() => this.#services.files.rename(path, sealedPath));
    await this.#persist(() => this.#services.files.syncFolder(this.#services.folder));
    const entry: Entry = {
      id,
      destination: parseDestination(growing.destination),
      body: { kind: 'file', path: sealedPath, byteLength },
      originals: null,
      messageCount,
      rawBytes,
      encodedBytes,
      first,
      last,
      receivedAt,
      hops,
    };
    this.#services.emit({ entry, settlements: growing.settlements });
  }

  /** Repeats a disk operation until it succeeds. */
  async #persist(operation: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await operation();
        return;
      } catch (thrown) {
        await this.#services.pause(asError(thrown));
      }
    }
  }

  *#all(): Iterable<Growing> {
    yield* this.#open.values();
    yield* this.#sealing.keys();
  }

  #sum(of: (growing: Growing) => number): number {
    let sum = 0;
    for (const growing of this.#all()) sum += of(growing);
    return sum;
  }
}
