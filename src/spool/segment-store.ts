/**
 * The segments of one class on disk: takes them into use, writes commits into the active one, frees the settled ones. One writer;
 * `write` is never called while another runs.
 *
 * ```
 * prepare (zero-fill, fsync, name, fsync directory) → spare → active → sealed (footer) → freed (recycled as the spare, or unlinked)
 *                                                        └─ error ─→ sealed without a footer, never written again
 * ```
 */
import { asError } from '../errors.ts';
import { createZeroed, type DiskFile, type Files, writeAll } from './files.ts';
import type { Generation } from './generations.ts';
import {
  newSegment,
  SEGMENT_DATA_START,
  SEGMENT_FOOTER_BYTES,
  type Segment,
  type SegmentClass,
  segmentName,
  writeSegmentFooter,
  writeSegmentHeader,
} from './segment.ts';

export interface SegmentStoreOptions {
  readonly files: Files;
  readonly dir: string;
  readonly class: SegmentClass;
  readonly segmentBytes: number;
  readonly laneCount: number;
  readonly spoolId: bigint;
  /** 16 random bytes. */
  readonly uuid: () => Buffer;
  /** What recovery found, oldest first. */
  readonly segments: readonly Segment[];
  readonly ordinalNext: number;
  /** Before a segment names a rule set. */
  readonly ensureRuleSet: (hash: string) => Promise<void>;
}

/** What a segment is for: one generation. */
export type SegmentUse = Pick<Generation, 'index' | 'ruleSet'>;

/** What one write makes durable. */
export interface Written {
  readonly byteLength: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messageCount: number;
}

export class SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #segments: Segment[];
  #ordinalNext: number;
  #active: Segment | null = null;
  #file: DiskFile | null = null;
  /** At most one; null when neither there nor under way. */
  #spare: Promise<Segment> | null = null;
  #spareBytes = 0;
  #closing: Promise<void>[] = [];

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    this.#segments = [...options.segments];
    this.#ordinalNext = options.ordinalNext;
  }

  /** Segments with data or in use, oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get active(): Segment | null {
    return this.#active;
  }

  /** Bytes on disk, the spare included. */
  get bytes(): number {
    let bytes = this.#spareBytes;
    for (const segment of this.#segments) bytes += segment.byteLength;
    return bytes;
  }

  pathOf(segment: Segment): string {
    return `${this.#options.dir}/${segment.name}`;
  }

  /** Prepares the first segment, so that the first commit does not wait for it; from a recovered one that is empty if possible. */
  async prepare(): Promise<void> {
    const empty = this.#segments.find(
      (segment) => segment.messageCount === 0 && segment.byteLength === this.#options.segmentBytes,
    );
    if (empty === undefined) this.#prepareSpare();
    else {
      this.#segments.splice(this.#segments.indexOf(empty), 1);
      this.#setSpare(this.#renew(empty));
    }
    await this.#spare;
  }

  /** A segment is ready for a new generation, so that its first commit need not wait for one. */
  async prepareSpare(): Promise<void> {
    if (this.#spare === null) this.#prepareSpare();
    await this.#spare;
  }

  /** The segment that the next `write` of this many bytes goes to: its seed is needed to seal them. */
  async reserve(byteLength: number, use: SegmentUse): Promise<Segment> {
    const active = this.#active;
    if (active !== null && active.generation === use.index && roomIn(active) >= byteLength) return active;
    if (active !== null) this.#seal(active);
    await this.#options.ensureRuleSet(use.ruleSet);
    const needed = byteLength + SEGMENT_DATA_START + SEGMENT_FOOTER_BYTES;
    let next = needed > this.#options.segmentBytes ? await this.#create(needed) : await this.#takeSpare();
    if (next.ordinal < (this.#segments.at(-1)?.ordinal ?? 0)) next = await this.#renew(next);
    this.#file = await this.#options.files.open(this.pathOf(next), 'write');
    next.generation = use.index;
    next.ruleSet = use.ruleSet;
    this.#segments.push(next);
    this.#active = next;
    return next;
  }

  /** Writes and syncs; returns the offset of the first byte. After a throw the segment is given up: `reserve` again. */
  async write(buffers: readonly Uint8Array[], written: Written): Promise<number> {
    const segment = this.#active;
    const file = this.#file;
    if (segment === null || file === null) throw new Error('Invariant: write without reserve.');
    const isFirst = segment.messageCount === 0;
    const offset = segment.dataEnd;
    try {
      const { class: segmentClass, spoolId } = this.#options;
      const all = isFirst
        ? [writeSegmentHeader(segment, segmentClass, written.firstSequence, spoolId), ...buffers]
        : buffers;
      await writeAll(file, all, isFirst ? 0 : offset);
      await file.datasync();
    } catch (thrown) {
      this.#giveUp(segment);
      throw asError(thrown);
    }
    if (isFirst) segment.firstSequence = written.firstSequence;
    segment.lastSequence = written.lastSequence;
    segment.messageCount += written.messageCount;
    segment.messagesLeft += written.messageCount;
    segment.dataEnd = offset + written.byteLength;
    if (segment.dataEnd > segment.byteLength / 2 && this.#spare === null) this.#prepareSpare();
    return offset;
  }

  /** Frees a sealed segment: nothing in it is needed. Its progress is durable already. */
  async free(segment: Segment): Promise<void> {
    const { files, dir, segmentBytes } = this.#options;
    if (segment.byteLength === segmentBytes && this.#spare === null && !segment.isSuspect) {
      // Recycled under a new name and uuid: its bytes are allocated already, and none of the old ones validates any more.
      this.#setSpare(this.#renew(segment));
      await this.#spare;
    } else {
      try {
        await files.unlink(this.pathOf(segment));
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
      }
      await files.syncDirectory(dir);
    }
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  async close(): Promise<void> {
    if (this.#active !== null) this.#seal(this.#active);
    await Promise.allSettled(this.#closing);
    await this.#spare?.catch(() => null);
  }

  /** The footer saves the next start a scan; nothing depends on it, so that a failure to write it is of no consequence. */
  #seal(segment: Segment): void {
    const file = this.#file;
    segment.isSealed = true;
    this.#active = null;
    this.#file = null;
    if (file === null) return;
    const closing = (async () => {
      try {
        await writeAll(file, [writeSegmentFooter(segment)], segment.byteLength - SEGMENT_FOOTER_BYTES);
        await file.datasync();
      } finally {
        await file.close();
      }
    })();
    this.#track(closing.catch(() => {}));
  }

  /** After a failed fdatasync the kernel may call lost pages clean, so that a second one succeeds without the data. Never retry. */
  #giveUp(segment: Segment): void {
    const file = this.#file;
    segment.isSealed = true;
    segment.isSuspect = true;
    this.#active = null;
    this.#file = null;
    if (file !== null) this.#track(file.close().catch(() => {}));
  }

  #track(closing: Promise<void>): void {
    this.#closing.push(closing);
    void closing.then(() => {
      this.#closing = this.#closing.filter((other) => other !== closing);
    });
  }

  #prepareSpare(): void {
    this.#setSpare(this.#create(this.#options.segmentBytes));
  }

  #setSpare(spare: Promise<Segment>): void {
    this.#spare = spare;
    spare.then(
      (segment) => {
        if (this.#spare === spare) this.#spareBytes = segment.byteLength;
      },
      () => {
        if (this.#spare === spare) this.#spare = null;
      },
    );
  }

  async #takeSpare(): Promise<Segment> {
    const spare = this.#spare ?? this.#create(this.#options.segmentBytes);
    this.#spare = null;
    this.#spareBytes = 0;
    return await spare;
  }

  async #create(byteLength: number): Promise<Segment> {
    const { files, dir } = this.#options;
    const name = this.#nextName();
    const preparing = `${dir}/${name}.preparing`;
    try {
      await createZeroed(files, preparing, byteLength);
      await files.rename(preparing, `${dir}/${name}`);
      await files.syncDirectory(dir);
    } catch (thrown) {
      await files.unlink(preparing).catch(() => {});
      throw asError(thrown);
    }
    return this.#fresh(name, byteLength);
  }

  /** The same file under a new name: later in order, and with a seed that no old block fits. */
  async #renew(segment: Segment): Promise<Segment> {
    const { files, dir } = this.#options;
    const name = this.#nextName();
    await files.rename(this.pathOf(segment), `${dir}/${name}`);
    // Before its first use: blocks acknowledged under the new name would not validate under the old one.
    await files.syncDirectory(dir);
    return this.#fresh(name, segment.byteLength);
  }

  #fresh(name: string, byteLength: number): Segment {
    const segment = newSegment(name, byteLength, false);
    segment.laneCount = this.#options.laneCount;
    return segment;
  }

  #nextName(): string {
    return segmentName(this.#ordinalNext++, this.#options.uuid());
  }
}

function roomIn(segment: Segment): number {
  return segment.byteLength - SEGMENT_FOOTER_BYTES - segment.dataEnd;
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
