/**
 * The journal of one class: appends are copied into the slabs of their lanes and become durable by group commit.
 *
 * Invariants
 * - A waiter is told only after the fdatasync that covers its append has returned without an error.
 * - While one commit runs the next group gathers; no timer stands in the way. The first append of a burst commits at the end of
 *   the current turn of the event loop, so that what one round of socket reads brought is one group.
 * - A group belongs to one generation, and groups are committed in order of their generations.
 * - Sequences are given at the first sealing and kept when a failed group is sealed again for another segment.
 *
 * A failed write or sync: the same group goes to a new segment at once; if that fails too, nothing is acknowledged and new segments
 * are tried every RETRY_MS_MIN..RETRY_MS_MAX until the disk works. There is no limit of attempts: the data is in memory and
 * unacknowledged, and the clients still have it.
 */
import { BlockWriter, messageBytesMax } from '../block.ts';
import { asError } from '../errors.ts';
import type { MessageClass, Sender } from '../message.ts';
import type { Waiter } from '../ports.ts';
import type { AnswerGroup, Answers } from './answers.ts';
import type { Journal as JournalPort, SpoolClock } from './api.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { Generation } from './generations.ts';
import type { LanePressure } from './lane-pressure.ts';
import type { Pressure } from './pressure.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';

/** A group is closed when it holds this much; a segment wastes at most about this much at its end. */
const GROUP_BYTES_MAX = 2 * 1024 * 1024;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5000;

/** A durable run of blocks of one lane: in memory, and at `offset` of `segment`. */
export interface CommittedSlab {
  readonly lane: number;
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
  readonly first: number;
  readonly last: number;
  readonly segment: Segment;
  readonly offset: number;
}

/** The next sequence of the gateway; shared by the classes. */
export interface SequenceCounter {
  next: number;
}

export interface JournalOptions {
  readonly class: MessageClass;
  readonly laneCount: number;
  readonly store: SegmentStore;
  readonly sequences: SequenceCounter;
  readonly answers: Answers;
  readonly pressure: Pressure;
  /** By lane. */
  readonly lanePressures: readonly LanePressure[];
  readonly buffers: BufferPool;
  readonly clock: SpoolClock;
  /** That the first appends belong to. */
  readonly generation: Generation;
  readonly onCommitted: (slab: CommittedSlab) => void;
  /** `oldestUncommitted` may have risen. */
  readonly onSettled: () => void;
  readonly onCommit: (messageCount: number, seconds: number) => void;
  readonly onFailed: (error: Error) => void;
  /** null: works again. */
  readonly onStuck: (error: Error | null) => void;
}

interface Group extends AnswerGroup {
  generation: Generation;
  readonly gathering: (BlockWriter | null)[];
  /** Slabs that are full, in order per lane. */
  readonly full: BlockWriter[];
  /** By lane, and all. */
  readonly laneBytes: number[];
  bytes: number;
}

interface SealedSlab {
  readonly writer: BlockWriter;
  readonly first: number;
}

export class Journal implements JournalPort {
  readonly #options: JournalOptions;
  #generation: Generation;
  #group: Group;
  /** Groups that reached GROUP_BYTES_MAX or were cut off, oldest first; bounded by the pressure's bytes. */
  readonly #waiting: Group[] = [];
  #committing: Group | null = null;
  #running: Promise<void> | null = null;
  #isScheduled = false;
  #isHeld = false;
  #isClosing = false;
  #wake: (() => void) | null = null;
  #durable = 0;
  #firstUnwritten = Number.POSITIVE_INFINITY;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#generation = options.generation;
    this.#group = this.#newGroup();
  }

  /** The lowest sequence that was given and is not durable; Infinity when there is none. */
  get firstUnwritten(): number {
    return this.#firstUnwritten;
  }

  get isIdle(): boolean {
    return this.#running === null && this.#group.bytes === 0 && this.#waiting.length === 0;
  }

  /** Index of the oldest generation with appends that no lane can have been given; Infinity when there is none. */
  get oldestUncommitted(): number {
    const group = this.#committing ?? this.#waiting[0] ?? (this.#group.bytes > 0 ? this.#group : null);
    return group?.generation.index ?? Number.POSITIVE_INFINITY;
  }

  /** Appends from now on belong to `generation`. */
  cut(generation: Generation): void {
    this.#generation = generation;
    if (this.#group.bytes > 0) this.#waiting.push(this.#group);
    this.#group = this.#newGroup();
    this.#adoptHeld();
  }

  append(
    lane: number,
    sender: Sender,
    hops: number,
    receivedAt: number,
    packet: Uint8Array,
    start: number,
    end: number,
    waiter: Waiter | null,
  ): void {
    const group = this.#group;
    const writer = this.#writerFor(group, lane, sender, end - start);
    const before = writer.byteLength;
    writer.message(sender, receivedAt, hops, packet, start, end);
    const grown = writer.byteLength - before;
    group.bytes += grown;
    group.laneBytes[lane] = (group.laneBytes[lane] ?? 0) + grown;
    this.#options.pressure.add(grown);
    this.#options.lanePressures[lane]?.appended(grown);
    if (waiter !== null) this.#options.answers.add(waiter, group);
    if (group.bytes >= GROUP_BYTES_MAX) {
      this.#waiting.push(group);
      this.#group = this.#newGroup();
    }
    if (!this.#isScheduled && this.#running === null) this.#schedule();
  }

  /** Held: appends gather and nothing is written, as the disk is nearly full. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#adoptHeld();
    if (!isHeld && !this.#isScheduled && this.#running === null && !this.isIdle) this.#schedule();
  }

  /** Commits what is pending, unless the disk fails: then what waits is given up, unacknowledged. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    await this.#running;
    if (!this.isIdle && !this.#isHeld) await this.#start();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#running === null && !this.#isHeld) void this.#start();
    });
  }

  #start(): Promise<void> {
    const running = this.#run().finally(() => {
      this.#running = null;
      this.#adoptHeld();
      // Appended between the last look and now, or released from a hold meanwhile.
      if (!this.isIdle && !this.#isClosing && !this.#isHeld) this.#schedule();
    });
    this.#running = running;
    return running;
  }

  async #run(): Promise<void> {
    while (!this.#isHeld) {
      const group = this.#waiting.shift() ?? this.#takeGathering();
      if (group === null) return;
      if (!(await this.#commit(group))) return;
    }
  }

  #takeGathering(): Group | null {
    const group = this.#group;
    if (group.bytes === 0) return null;
    this.#group = this.#newGroup();
    return group;
  }

  /**
   * What waits while the class is held will be acknowledged under whatever is in force then. Left with its old generation it would
   * keep the other class from the new one for as long as the disk is full.
   */
  #adoptHeld(): void {
    if (!this.#isHeld || this.#running !== null) return;
    for (const group of this.#waiting) group.generation = this.#generation;
    this.#options.onSettled();
  }

  /** False when it gave up because the journal closes. */
  async #commit(group: Group): Promise<boolean> {
    const { pressure, lanePressures, answers, onCommit, onCommitted, onSettled } = this.#options;
    this.#committing = group;
    const writers = [...group.full, ...group.gathering.filter((writer) => writer !== null)];
    const slabs = this.#number(writers);
    const startedAt = performance.now();
    const committed = await this.#writeUntilDurable(slabs, group.generation);
    if (committed === null) return false;
    this.#firstUnwritten = Number.POSITIVE_INFINITY;
    let messageCount = 0;
    for (const writer of writers) messageCount += writer.messageCount;
    onCommit(messageCount, (performance.now() - startedAt) / 1000);
    answers.durable(group);
    for (const slab of committed) onCommitted(slab);
    this.#committing = null;
    onSettled();
    for (const [lane, bytes] of group.laneBytes.entries()) lanePressures[lane]?.committed(bytes);
    pressure.remove(group.bytes);
    return true;
  }

  /** null when the journal closes while the disk fails. */
  async #writeUntilDurable(
    slabs: readonly SealedSlab[],
    generation: Generation,
  ): Promise<readonly CommittedSlab[] | null> {
    const { onFailed, onStuck } = this.#options;
    let delayMs = RETRY_MS_MIN;
    for (let failures = 0; ; failures++) {
      try {
        const committed = await this.#write(slabs, generation);
        if (failures > 1) onStuck(null);
        return committed;
      } catch (thrown) {
        const error = asError(thrown);
        onFailed(error);
        if (failures === 0) continue;
        onStuck(error);
        if (this.#isClosing) return null;
        await this.#pause(delayMs);
        delayMs = Math.min(RETRY_MS_MAX, delayMs * 2);
      }
    }
  }

  /** Sequences in order of the slabs; each slab's are contiguous. */
  #number(writers: readonly BlockWriter[]): readonly SealedSlab[] {
    const { sequences } = this.#options;
    this.#firstUnwritten = sequences.next;
    return writers.map((writer) => {
      const first = sequences.next;
      sequences.next += writer.messageCount;
      return { writer, first };
    });
  }

  async #write(slabs: readonly SealedSlab[], generation: Generation): Promise<readonly CommittedSlab[]> {
    const { store } = this.#options;
    const firstSequence = slabs[0]?.first ?? 0;
    let byteLength = 0;
    let messageCount = 0;
    for (const { writer } of slabs) {
      byteLength += writer.bytesSealed;
      messageCount += writer.messageCount;
    }
    const segment = await store.reserve(byteLength, generation);
    const buffers = slabs.map(({ writer, first }) => writer.seal(first, this.#durable, segment.seed));
    const lastSequence = firstSequence + messageCount - 1;
    let offset = await store.write(buffers, { byteLength, firstSequence, lastSequence, messageCount });
    this.#durable = lastSequence;
    return slabs.map(({ writer, first }) => {
      const slab = {
        lane: writer.lane,
        bytes: writer.bytes.buffer as ArrayBuffer,
        byteLength: writer.byteLength,
        first,
        last: first + writer.messageCount - 1,
        segment,
        offset,
      };
      offset += writer.byteLength;
      return slab;
    });
  }

  #writerFor(group: Group, lane: number, sender: Sender, packetBytes: number): BlockWriter {
    const needed = messageBytesMax(sender, packetBytes);
    const writer = group.gathering[lane] ?? null;
    if (writer !== null && writer.bytesFree >= needed) return writer;
    if (writer !== null) group.full.push(writer);
    const next = new BlockWriter(Buffer.from(this.#options.buffers.take(needed)), lane);
    group.gathering[lane] = next;
    return next;
  }

  #newGroup(): Group {
    return newGroup(this.#options.laneCount, this.#generation);
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#isClosing) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = null;
  }
}

function newGroup(laneCount: number, generation: Generation): Group {
  return {
    generation,
    isDurable: false,
    runCount: 0,
    gathering: new Array<null>(laneCount).fill(null),
    full: [],
    laneBytes: [],
    bytes: 0,
  };
}
