/**
 * The spool: everything that must survive a crash. Composes its parts and nothing else.
 *
 * ```
 * <dir>/lock                                        one process (lock.ts)
 * <dir>/journal/{alarm,normal}/*.segment            messages as they were acknowledged (segment.ts, ../block.ts)
 * <dir>/rule-sets/<hash>.json                       what they were acknowledged under (rule-sets.ts)
 * <dir>/progress/cursor.{a,b}                       which of them are settled (cursor-log.ts)
 * <dir>/dlq/*.segment                               dead letters (dead-letters.ts)
 * <dir>/answers/*.segment                           what services answered for messages that are not settled (answer-log.ts)
 * <dir>/outbox/<action id>/*.entry                  encoded entries whose sink lags (outbox.ts)
 * ```
 */
import { asError } from '../errors.ts';
import type { MessageClass } from '../message.ts';
import type { Outbox as OutboxPort } from '../ports.ts';
import type { FeedHandlers, RuleSetDocument, Spool, SpoolHealth, SpoolStats } from './api.ts';
import { DiskWatch } from './disk.ts';
import { Feeds } from './feeds.ts';
import type { Journal } from './journal.ts';
import { Outbox, outboxDirectoryName, strandedOutboxes } from './outbox.ts';
import type { Segment } from './segment.ts';
import type { SpoolParts } from './spool-parts.ts';

const CLASSES: readonly MessageClass[] = ['alarm', 'normal'];
const DRAIN_POLL_MS = 20;

export class ComposedSpool implements Spool {
  readonly #parts: SpoolParts;
  readonly #disk: DiskWatch;
  readonly #outboxes = new Map<string, Promise<Outbox>>();
  #feeds: Feeds | null = null;
  #isClosed = false;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
    const { files, dir, clock, tuning, events, metrics } = parts.options;
    this.#disk = new DiskWatch({
      files,
      dir,
      clock,
      thresholds: tuning.disk,
      onSpace: ({ freeBytes, usedRatio }) => {
        metrics.diskFreeBytes.set(freeBytes);
        metrics.diskUsedRatio.set(usedRatio);
        this.#publishStats();
      },
      onLevel: (level, { usedRatio, freeBytes }) => {
        events.diskLevelChanged(level, usedRatio, freeBytes);
        parts.journals.normal.hold(level === 'holdNormal' || level === 'holdAll');
        parts.journals.alarm.hold(level === 'holdAll');
      },
      onError: (error) => events.spoolStepFailed('disk space', error),
    });
  }

  /** Called once by `openSpool`. */
  async start(): Promise<void> {
    await this.#disk.start();
  }

  get firstSequence(): number {
    return this.#parts.firstSequence;
  }

  get progress() {
    return this.#parts.progress;
  }

  get answers() {
    return this.#parts.answerLog;
  }

  get deadLetters() {
    return this.#parts.deadLetters;
  }

  get health(): SpoolHealth {
    const reasons = [...this.#parts.stuck].map(
      ([name, error]) => `journal ${name} cannot be written: ${error.message}`,
    );
    if (this.#disk.level === 'holdAll') reasons.push('the disk is full: nothing is acknowledged');
    if (this.#disk.level === 'holdNormal') reasons.push('the disk is nearly full: only alarms are acknowledged');
    return { isWritable: reasons.length === 0, reason: reasons.join('; ') };
  }

  journal(messageClass: MessageClass): Journal {
    return this.#parts.journals[messageClass];
  }

  isFull(lane?: number): boolean {
    const { pressure, lanePressures } = this.#parts;
    return pressure.isFull || (lane !== undefined && lanePressures[lane]?.isFull === true);
  }

  whenRelieved(callback: () => void, lane?: number): void {
    const { pressure, lanePressures } = this.#parts;
    const lanePressure = lane === undefined ? undefined : lanePressures[lane];
    if (pressure.isFull || lanePressure === undefined) pressure.whenRelieved(callback);
    else lanePressure.whenRelieved(callback);
  }

  async prepareRuleSet(set: RuleSetDocument): Promise<void> {
    const { ruleSets, stores } = this.#parts;
    await ruleSets.prepare(set);
    await Promise.all([stores.alarm.prepareSpare(), stores.normal.prepareSpare()]);
  }

  cutRuleSet(hash: string): void {
    const { ruleSets, generations, journals } = this.#parts;
    if (hash === generations.newest.ruleSet) return;
    ruleSets.cut(hash);
    const generation = generations.begin(hash);
    journals.alarm.cut(generation);
    journals.normal.cut(generation);
    this.#feeds?.wakeAll();
  }

  setActionIds(actionIds: readonly string[]): void {
    this.#parts.progress.setActionIds(actionIds);
  }

  startFeeds(handlers: FeedHandlers): void {
    const feeds = new Feeds(this.#parts, handlers);
    this.#feeds = feeds;
    this.#parts.onPushed = (lane) => feeds.wake(lane);
    this.#parts.onSettled = () => {
      if (!feeds.isNewest) feeds.wakeAll();
    };
    feeds.start();
  }

  async stopFeeds(): Promise<void> {
    await this.#feeds?.stop();
  }

  async drained(): Promise<void> {
    while (!this.#isClosed && !this.#isDrained()) {
      await new Promise<void>((resolve) => void this.#parts.options.clock.after(DRAIN_POLL_MS, resolve));
    }
  }

  outbox(actionId: string): Promise<OutboxPort> {
    let outbox = this.#outboxes.get(actionId);
    if (outbox === undefined) {
      outbox = this.#openOutbox(actionId);
      this.#outboxes.set(actionId, outbox);
      // A failed one is opened anew next time.
      outbox.catch(() => this.#outboxes.delete(actionId));
    }
    return outbox;
  }

  async reportStrandedOutboxes(actionIds: readonly string[]): Promise<void> {
    const { files, dir, events } = this.#parts.options;
    for (const { name, entryCount } of await strandedOutboxes(files, `${dir}/outbox`, actionIds)) {
      events.outboxStranded(`${dir}/outbox/${name}`, entryCount);
    }
  }

  stats(): SpoolStats {
    const { stores, streams, deadLetters, pressure } = this.#parts;
    const classStats = (name: MessageClass) => {
      let backlogMessages = 0;
      for (const segment of stores[name].segments) backlogMessages += segment.messagesLeft;
      return { bytes: stores[name].bytes, backlogMessages };
    };
    return {
      classes: { alarm: classStats('alarm'), normal: classStats('normal') },
      deadLetterBytes: deadLetters.bytes,
      pendingBytes: pressure.pendingBytes,
      laneBacklogBytes: this.#feeds?.bytesInFlight ?? [],
      isLive: this.#feeds?.isNewest === true && streams.every(({ alarm, normal }) => alarm.isLive && normal.isLive),
      isChangingRuleSet: this.#feeds?.isChangingRuleSet === true,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { journals, answers, answerLog, stores, streams, progress, deadLetters, lock, options, lanePressures } =
      this.#parts;
    await this.stopFeeds();
    this.#disk.stop();
    for (const lanePressure of lanePressures) lanePressure.close();
    await Promise.all([journals.alarm.close(), journals.normal.close()]);
    answers.fail(new Error('The spool was closed before this message was durable.'));
    await Promise.all([stores.alarm.close(), stores.normal.close(), deadLetters.close(), answerLog.close()]);
    await Promise.all(streams.flatMap(({ alarm, normal }) => [alarm.close(), normal.close()]));
    try {
      await progress.close();
    } catch (thrown) {
      // Lost progress means duplicates.
      options.events.spoolStepFailed('progress', asError(thrown));
    }
    await lock.release();
  }

  async #openOutbox(actionId: string): Promise<Outbox> {
    const { files, dir, events } = this.#parts.options;
    const directory = `${dir}/outbox/${outboxDirectoryName(actionId)}`;
    return Outbox.open({ files, dir: directory, onDamaged: (file) => events.outboxEntryDamaged(actionId, file) });
  }

  #isDrained(): boolean {
    const { journals, stores } = this.#parts;
    const isSettled = (segment: Segment): boolean => segment.slabsOpen === 0;
    return (
      CLASSES.every((name) => journals[name].isIdle && stores[name].segments.every(isSettled)) &&
      this.#feeds?.isIdle !== false
    );
  }

  #publishStats(): void {
    const { metrics } = this.#parts.options;
    const stats = this.stats();
    for (const name of CLASSES) {
      metrics.journalBytes.set({ class: name }, stats.classes[name].bytes);
      metrics.journalBacklogMessages.set({ class: name }, stats.classes[name].backlogMessages);
    }
    metrics.deadLetterBytes.set(stats.deadLetterBytes);
    for (const [lane, bytes] of stats.laneBacklogBytes.entries()) {
      metrics.laneBacklogBytes.set({ lane: String(lane) }, bytes);
    }
  }
}
