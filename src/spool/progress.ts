/**
 * Which messages are settled. In memory at once; durable in the cursor log within FLUSH_MS, and always before a segment is freed:
 * cursor fsync → unlink or rename → directory fsync.
 *
 * Usually a slab is settled as a whole and leaves one range in `done`. Only while some of its actions lag are the others' ranges kept
 * by action, so that after a restart they do not get its messages a second time. What actions of other rule sets have had is kept too:
 * an old set may be evaluated again after a restart. All of it is bounded by what is not settled, and goes with its segments.
 */
import { invariant } from '../errors.ts';
import type { SequenceRange } from '../message.ts';
import type { Progress as ProgressPort, Slab, SpoolClock } from './api.ts';
import type { CursorLog, CursorRecord } from './cursor-log.ts';
import { RangeSet } from './range-set.ts';
import { SlabState } from './slab-state.ts';

const FLUSH_MS = 1000;

export interface ProgressOptions {
  readonly log: CursorLog;
  readonly records: readonly CursorRecord[];
  readonly actionIds: readonly string[];
  readonly clock: SpoolClock;
  /** No message below this sequence will ever be asked about again. */
  readonly floor: () => number;
  /** Collects what can be freed now; the function it returns frees it, and runs once progress is durable. null: nothing. */
  readonly collect: () => (() => Promise<void>) | null;
  readonly onError: (error: unknown) => void;
}

export class Progress implements ProgressPort {
  readonly #options: ProgressOptions;
  readonly #done = new RangeSet();
  readonly #doneByAction = new Map<string, RangeSet>();
  #actionIds: readonly string[];
  /** Settled since the last flush. */
  #recent = new RangeSet();
  /** Slabs with actions in `actionsDone` that are not recorded. */
  readonly #partial = new Set<SlabState>();
  #flushing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#actionIds = options.actionIds;
    for (const { action, first, last } of options.records) {
      if (action === '') this.#done.add(first, last);
      else this.#rangesOf(action).add(first, last);
    }
    this.#arm();
  }

  /** The highest sequence that is known to be settled; 0 = none. */
  get last(): number {
    return this.#done.last;
  }

  setActionIds(actionIds: readonly string[]): void {
    this.#actionIds = actionIds;
  }

  evaluated(slab: Slab, partsByAction: ReadonlyMap<string, number>): void {
    invariant(slab instanceof SlabState && !slab.isEvaluated, 'a slab is reported as evaluated once.');
    slab.isEvaluated = true;
    slab.partsLeftByAction = new Map(partsByAction);
    for (const [action, parts] of partsByAction) {
      slab.partsLeft += parts;
      if (action !== '') slab.actionsCounted.add(action);
    }
    if (slab.partsLeft === 0) this.#settleAll(slab);
  }

  settled(slab: Slab, actionId: string): void {
    invariant(slab instanceof SlabState, 'slabs come from the spool.');
    const left = (slab.partsLeftByAction?.get(actionId) ?? 0) - 1;
    invariant(left >= 0, `${actionId} settled more parts of a slab than it had.`);
    slab.partsLeftByAction?.set(actionId, left);
    slab.partsLeft--;
    if (slab.partsLeft === 0) this.#settleAll(slab);
    else if (left === 0) this.#completed(slab, actionId);
  }

  owes(slab: Slab, partsByAction: ReadonlyMap<string, number>): void {
    invariant(slab instanceof SlabState && slab.partsLeft > 0, 'a slab owes more only while it owes something.');
    const owed = slab.partsLeftByAction ?? new Map<string, number>();
    for (const [action, parts] of partsByAction) {
      const isCounted = slab.actionsCounted.has(action) || slab.actionsClosed?.has(action) === true;
      invariant(!isCounted, `${action} may be recorded as done with this slab.`);
      owed.set(action, (owed.get(action) ?? 0) + parts);
      slab.partsLeft += parts;
    }
  }

  isDone(first: number, last: number): boolean {
    return this.#done.hasAll(first, last);
  }

  /** What of `ranges` is done for all actions. */
  doneWithin(ranges: readonly SequenceRange[]): SequenceRange[] {
    return ranges.flatMap(({ first, last }) => this.#done.within(first, last));
  }

  /** What of `ranges` single actions have had; by index into the action ids. */
  doneByActionWithin(ranges: readonly SequenceRange[]): { action: number; ranges: SequenceRange[] }[] {
    const found: { action: number; ranges: SequenceRange[] }[] = [];
    for (const [action, id] of this.#actionIds.entries()) {
      const done = this.#doneByAction.get(id);
      const within = done === undefined ? [] : ranges.flatMap(({ first, last }) => done.within(first, last));
      if (within.length > 0) found.push({ action, ranges: within });
    }
    return found;
  }

  flush(): Promise<void> {
    // One at a time, in order; a failed one does not stop the next.
    const flushing = this.#flushing.catch(() => {}).then(() => this.#flush());
    this.#flushing = flushing;
    return flushing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    try {
      await this.flush();
    } finally {
      await this.#options.log.close();
    }
  }

  async #flush(): Promise<void> {
    const free = this.#options.collect();
    const recent = this.#recent;
    const records: CursorRecord[] = recent.ranges.map((range) => ({ action: '', ...range }));
    const partial = [...this.#partial];
    this.#partial.clear();
    for (const slab of partial) {
      for (const action of slab.actionsDone.splice(0)) {
        for (const { first, last } of slab.ranges) {
          this.#rangesOf(action).add(first, last);
          records.push({ action, first, last });
        }
      }
    }
    this.#recent = new RangeSet();
    if (records.length > 0) {
      try {
        await this.#options.log.append(records, () => this.#all());
      } catch (thrown) {
        // The ranges stay in memory and are durable with the next generation; until then nothing may be freed.
        for (const { first, last } of recent.ranges) this.#recent.add(first, last);
        throw thrown;
      }
    }
    await free?.();
  }

  /** While something is owed under '', it is not known what else the actions will owe that were not named at first: they are not recorded. */
  #completed(slab: SlabState, actionId: string): void {
    const owed = slab.partsLeftByAction ?? new Map<string, number>();
    if ((owed.get('') ?? 0) > 0 && !slab.actionsCounted.has(actionId)) return;
    const closed = slab.actionsClosed ?? new Set<string>();
    slab.actionsClosed = closed;
    for (const action of actionId === '' ? owed.keys() : [actionId]) {
      if (action === '' || owed.get(action) !== 0 || closed.has(action)) continue;
      closed.add(action);
      slab.actionsDone.push(action);
      this.#partial.add(slab);
    }
  }

  #settleAll(slab: SlabState): void {
    for (const { first, last } of slab.ranges) {
      this.#done.add(first, last);
      this.#recent.add(first, last);
      this.#forget(first, last);
    }
    this.#partial.delete(slab);
    slab.segment.slabsOpen--;
    slab.segment.messagesLeft -= slab.messageCount;
  }

  #all(): CursorRecord[] {
    const floor = this.#options.floor();
    if (floor > 1) {
      this.#done.add(1, floor - 1);
      this.#forget(1, floor - 1);
    }
    const records: CursorRecord[] = this.#done.ranges.map((range) => ({ action: '', ...range }));
    for (const [action, { ranges }] of this.#doneByAction) {
      for (const range of ranges) records.push({ action, ...range });
    }
    return records;
  }

  /** Done for all: who had it no longer matters. */
  #forget(first: number, last: number): void {
    for (const [action, ranges] of this.#doneByAction) {
      ranges.remove(first, last);
      if (ranges.ranges.length === 0) this.#doneByAction.delete(action);
    }
  }

  #rangesOf(action: string): RangeSet {
    let ranges = this.#doneByAction.get(action);
    if (ranges === undefined) {
      ranges = new RangeSet();
      this.#doneByAction.set(action, ranges);
    }
    return ranges;
  }

  #arm(): void {
    this.#cancel = this.#options.clock.after(FLUSH_MS, () => {
      void this.flush()
        .catch(this.#options.onError)
        .finally(() => {
          if (!this.#isClosed) this.#arm();
        });
    });
  }
}
