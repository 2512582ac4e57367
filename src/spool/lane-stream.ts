/**
 * What one lane has to evaluate of one class, in order of the journal.
 *
 * ```
 *            queue full: its slabs are dropped from memory, the position goes back to the first of them
 *        ┌───────────────────────────────────────┐
 *   live (committed slabs queue in memory)    behind (read from the segments, up to READ_BYTES at a time)
 *        └───────────────────────────────────────┘
 *            the position reaches the end of what is committed
 * ```
 * Every start begins behind, at the first segment. The position only rises, so each message is handed out once, except after a
 * worker died (`reread`).
 */
import type { BlockCheck } from '../block.ts';
import type { MessageClass } from '../message.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type DiskFile, type Files, readAll } from './files.ts';
import type { CommittedSlab } from './journal.ts';
import type { LanePressure } from './lane-pressure.ts';
import type { Progress } from './progress.ts';
import { SEGMENT_DATA_START, type Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import type { SegmentStore } from './segment-store.ts';
import { SlabState } from './slab-state.ts';

/** Per lane and class; buffers, not only what is used of them. Above what `LanePressure` lets in, by what one slow commit brings. */
const QUEUE_BYTES_MAX = 16 * 1024 * 1024;

export interface Work {
  readonly slab: SlabState;
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
}

interface Queued extends Work {
  byteLength: number;
}

export interface LaneStreamOptions {
  readonly class: MessageClass;
  readonly lane: number;
  readonly laneCount: number;
  readonly files: Files;
  readonly store: SegmentStore;
  readonly progress: Progress;
  readonly buffers: BufferPool;
  readonly pressure: LanePressure;
  readonly onDamage: (file: string, offset: number, byteLength: number) => void;
}

export class LaneStream {
  readonly #options: LaneStreamOptions;
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  #isBehind = true;
  /** Everything before it was handed out, or stands in the queue when live. */
  #ordinal = 0;
  #offset = SEGMENT_DATA_START;
  #file: DiskFile | null = null;
  #fileOrdinal = 0;

  constructor(options: LaneStreamOptions) {
    this.#options = options;
  }

  /** Live and nothing queued. */
  get isIdle(): boolean {
    return !this.#isBehind && this.#queue.length === 0;
  }

  /** Fed from memory. */
  get isLive(): boolean {
    return !this.#isBehind;
  }

  /** True while something of a generation up to `generationMax` waits to be handed out. Not asked while `next` is under way. */
  has(generationMax: number): boolean {
    const segment = this.#isBehind ? this.#segmentAtPosition() : this.#queue[0]?.slab.segment;
    return segment != null && segment.generation <= generationMax;
  }

  /** Segments before this one will not be read by position any more. */
  get ordinalNeeded(): number {
    return this.#isBehind ? this.#ordinal : Number.POSITIVE_INFINITY;
  }

  /** A committed slab of this lane; its buffer is the stream's from now on. */
  push(slab: CommittedSlab): void {
    const { buffers } = this.#options;
    const ordinal = slab.segment.ordinal;
    // Behind: it will be read. Or it was read already, between its commit and this call.
    if (this.#isBehind || ordinal < this.#ordinal || (ordinal === this.#ordinal && slab.offset < this.#offset)) {
      buffers.give(slab.bytes);
      return;
    }
    if (this.#merge(slab)) return;
    if (this.#queuedBytes + slab.bytes.byteLength > QUEUE_BYTES_MAX && this.#queue.length > 0) {
      this.#fallBehind();
      buffers.give(slab.bytes);
      return;
    }
    const state = new SlabState(this.#options.class, slab.segment, false);
    state.addRange(slab.first, slab.last);
    state.addExtent(slab.offset, slab.byteLength);
    this.#queue.push({ slab: state, bytes: slab.bytes, byteLength: slab.byteLength });
    this.#queuedBytes += slab.bytes.byteLength;
    this.#options.pressure.queued(slab.bytes.byteLength);
  }

  /** The next slab, or null when there is none now, or none up to `generationMax`. Not called again before it resolved. */
  async next(generationMax: number): Promise<Work | null> {
    if (!this.#isBehind) return this.#shift(generationMax);
    for (;;) {
      const segment = this.#segmentAtPosition();
      if (segment === null) {
        this.#isBehind = false;
        await this.#closeFile();
        return null;
      }
      if (segment.generation > generationMax) return null;
      const work = await this.#read(segment);
      if (work !== null) return work;
    }
  }

  /** The bytes of a slab whose buffer went down with a worker. Null when they cannot be read any more. */
  async reread(slab: SlabState): Promise<Work | null> {
    const { files, store } = this.#options;
    let length = 0;
    for (const extent of slab.extents) length += extent.byteLength;
    const bytes = new ArrayBuffer((length + 7) & ~7);
    const file = await files.open(store.pathOf(slab.segment), 'read');
    try {
      let at = 0;
      for (const { offset, byteLength } of slab.extents) {
        if ((await readAll(file, new Uint8Array(bytes, at, byteLength), offset)) < byteLength) return null;
        at += byteLength;
      }
      return { slab, bytes, byteLength: length };
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    await this.#closeFile();
  }

  #shift(generationMax: number): Work | null {
    const queued = this.#queue[0];
    if (queued === undefined || queued.slab.segment.generation > generationMax) return null;
    this.#queue.shift();
    this.#queuedBytes -= queued.bytes.byteLength;
    this.#options.pressure.taken(queued.bytes.byteLength);
    return queued;
  }

  /** Small slabs that wait are copied together: a task per slab would cost more than the copy. */
  #merge(slab: CommittedSlab): boolean {
    const last = this.#queue.at(-1);
    if (last === undefined || last.slab.segment !== slab.segment) return false;
    if (last.byteLength + slab.byteLength > last.bytes.byteLength) return false;
    new Uint8Array(last.bytes).set(new Uint8Array(slab.bytes, 0, slab.byteLength), last.byteLength);
    last.byteLength += slab.byteLength;
    last.slab.addRange(slab.first, slab.last);
    last.slab.addExtent(slab.offset, slab.byteLength);
    this.#options.buffers.give(slab.bytes);
    return true;
  }

  #fallBehind(): void {
    const first = this.#queue[0];
    if (first === undefined) return;
    this.#isBehind = true;
    this.#ordinal = first.slab.segment.ordinal;
    this.#offset = first.slab.extents[0]?.offset ?? SEGMENT_DATA_START;
    for (const { slab, bytes } of this.#queue.splice(0)) {
      slab.discard();
      this.#options.buffers.give(bytes);
    }
    this.#options.pressure.taken(this.#queuedBytes);
    this.#queuedBytes = 0;
  }

  /** The segment to read on in; null when everything committed has been read. */
  #segmentAtPosition(): Segment | null {
    for (const segment of this.#options.store.segments) {
      if (segment.ordinal < this.#ordinal) continue;
      if (segment.ordinal > this.#ordinal) {
        if (segment.dataEnd <= SEGMENT_DATA_START) continue;
        this.#ordinal = segment.ordinal;
        this.#offset = SEGMENT_DATA_START;
        if (this.#isSettled(segment)) this.#offset = segment.dataEnd;
      }
      if (this.#offset < segment.dataEnd) return segment;
    }
    return null;
  }

  /** Settled before this start: it need not be read. */
  #isSettled(segment: Segment): boolean {
    if (!segment.isRecovered || !this.#options.progress.isDone(segment.firstSequence, segment.lastSequence))
      return false;
    segment.messagesLeft = 0;
    return true;
  }

  /** Null when nothing for this lane stands between the position and the end of the segment. */
  async #read(segment: Segment): Promise<Work | null> {
    const { buffers, lane, laneCount, progress } = this.#options;
    let slab: SlabState | null = null;
    let target: Buffer | null = null;
    let byteLength = 0;
    let skipped = 0;
    const visitor = {
      block: (bytes: Buffer, start: number, check: BlockCheck, offset: number): boolean => {
        if (!isOurs(check, lane, laneCount)) return true;
        const last = check.firstSequence + check.messageCount - 1;
        if (progress.isDone(check.firstSequence, last)) {
          skipped += check.messageCount;
          return true;
        }
        const blockBytes = Math.min(check.next, bytes.length) - start;
        const paddedBytes = check.next - start;
        target ??= Buffer.from(buffers.take(paddedBytes));
        if (byteLength + paddedBytes > target.length) return false;
        slab ??= new SlabState(this.#options.class, segment, segment.isRecovered);
        target.set(bytes.subarray(start, start + blockBytes), byteLength);
        target.fill(0, byteLength + blockBytes, byteLength + paddedBytes);
        byteLength += paddedBytes;
        slab.addRange(check.firstSequence, last);
        slab.addExtent(offset, paddedBytes);
        return true;
      },
      damage: (offset: number, damagedBytes: number): void => {
        if (segment.damage.has(offset)) return;
        segment.damage.add(offset);
        this.#options.onDamage(segment.name, offset, damagedBytes);
      },
    };
    try {
      this.#offset = await scanSegment(await this.#open(segment), segment, this.#offset, visitor);
    } catch (thrown) {
      discard(slab);
      throw thrown;
    }
    segment.messagesLeft -= skipped;
    return finish(slab, target, byteLength);
  }

  async #open(segment: Segment): Promise<DiskFile> {
    if (this.#file !== null && this.#fileOrdinal === segment.ordinal) return this.#file;
    await this.#closeFile();
    this.#file = await this.#options.files.open(this.#options.store.pathOf(segment), 'read');
    this.#fileOrdinal = segment.ordinal;
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}

function discard(slab: SlabState | null): void {
  slab?.discard();
}

function isOurs(check: BlockCheck, lane: number, laneCount: number): boolean {
  return check.lane % laneCount === lane;
}

function finish(slab: SlabState | null, target: Buffer | null, byteLength: number): Work | null {
  return slab === null || target === null ? null : { slab, bytes: target.buffer as ArrayBuffer, byteLength };
}
