/**
 * The one loop that delivers, for all sinks: takes entries in order, cuts them to the service's limits, has the sink deliver one
 * batch at a time, and acts on each entry's outcome.
 *
 * - delivered: settled and counted.
 * - retry: only these entries again, after a pause with full jitter, for ever.
 * - held: as retry, with longer pauses, one batch at a time as a probe; nothing else of this action is sent meanwhile.
 * - rejected: a dead letter, settled when that is durable; one with originals goes to `onRejected` first, while the pump goes on. A batch
 *   rejected as a whole is halved until the entry to blame stands alone.
 *
 * One batch is in flight at a time: order within the action is the order of `push`.
 */
import { rm } from 'node:fs/promises';
import { asError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import type { ActionPlan, Entry } from '../../message.ts';
import type { Metrics } from '../../metrics.ts';
import type { DeadLetters, Handover, Outbox } from '../../ports.ts';
import { bytesInMemory, type Outcome, type PumpLimits, type Sink } from '../sink.ts';
import { attempt } from './attempt.ts';
import { BACKOFF_MS_MAX, backoffMs } from './backoff.ts';
import { cutBatches, halves, isRefusedWhole } from './cut.ts';
import { codeOf, deadLetterOf } from './dead-letter.ts';
import type { Pause } from './pause.ts';
import { type Refused, Rejections } from './rejections.ts';
import { type Bundle, release } from './settlement.ts';
import { Store, type Window } from './store.ts';

/** Entries of a sink that has failed for so long leave memory for the outbox, so that the journal is freed of them. */
const SPILL_AFTER_MS = 10_000;
/** What a flush gives a sink that works, but slowly: the outbox takes what is left then. */
const DRAIN_MS_MAX = 5_000;
/** A failing sink is reported when it begins to fail, when the kind of failure changes, and this often. */
const REPORT_MS = 60_000;
/** A disk that refused is asked again after this. */
const DISK_RETRY_MS = 1_000;
/** First pause of a held sink: what it needs takes a person. */
const HELD_FAILURES_MIN = 4;

export type PumpState = 'idle' | 'delivering' | 'retrying' | 'held';

export interface PumpServices {
  readonly plan: ActionPlan;
  readonly sink: Sink;
  readonly limits: PumpLimits;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly events: Pick<Events, 'deliveryFailing' | 'deliveryRecovered' | 'deadLettersWritten'>;
  readonly metrics: Metrics;
  readonly pause: Pause;
  readonly clock: () => number;
  readonly random: () => number;
  /** Asked about entries that have originals; null: a dead letter is needed. */
  readonly onRejected: (entry: Entry, cause: Error) => Promise<Handover | null>;
  /** An entry is done with: delivered, dead-lettered or handled. */
  readonly finished: (entry: Entry) => void;
  readonly inherited: (entries: readonly Entry[]) => void;
}

export class Pump {
  readonly #services: PumpServices;
  readonly #store: Store;
  readonly #rejections: Rejections;
  #state: PumpState = 'idle';
  #window: Window | null = null;
  #failures = 0;
  #restMs = 0;
  #isReported = false;
  #failingSince: number | null = null;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #isDraining = false;
  /** What is in memory has had its time. */
  #isOverdue = false;
  #isClosed = false;
  /** Ends calls of the sink. */
  #call = new AbortController();
  #loop: Promise<void> | null = null;
  #windowDone: (() => void)[] = [];

  constructor(services: PumpServices) {
    this.#services = services;
    const { outbox, limits, inherited } = services;
    this.#store = new Store({ outbox, limits, inherited, pause: (cause) => this.diskFailed(cause) });
    this.#rejections = new Rejections({
      bytesMax: limits.pendingBytesMax,
      onRejected: services.onRejected,
      settle: (refused, isTold) => this.#settleRefused(refused, isTold),
      putBack: ({ source, bundle }) => this.#putBack(source, [bundle]),
    });
  }

  get state(): PumpState {
    return this.#state;
  }

  get memoryBytes(): number {
    return this.#store.memoryBytes + this.#windowBytes(bytesInMemory) + this.#rejections.memoryBytes;
  }

  /** Sealed objects that wait outside the outbox. */
  get fileBytes(): number {
    return this.#store.fileBytes + this.#windowBytes(({ body }) => (body.kind === 'file' ? body.byteLength : 0));
  }

  get oldestReceivedAt(): number | null {
    const times = [this.#store.oldestReceivedAt, this.#rejections.oldestReceivedAt].filter((at) => at !== null);
    let oldest = times.length === 0 ? null : Math.min(...times);
    for (const { entry } of this.#window?.bundles ?? [])
      oldest = Math.min(oldest ?? entry.receivedAt, entry.receivedAt);
    return oldest;
  }

  start(): void {
    this.#loop = this.#run();
  }

  push(bundle: Bundle): void {
    this.#store.push(bundle);
  }

  /**
   * Resolves when nothing is left in memory: delivered, or in the outbox, where a failing sink's entries go at once; or handed over to an
   * error action, whose delivery has to be drained after this.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    // Behind what is in the outbox nothing would move until all of that is delivered.
    if (this.#failures > 0 || this.#services.outbox.count > 0) void this.#store.spill([]);
    this.#services.pause.interrupt();
    const timer = setTimeout(() => this.#setAside(), DRAIN_MS_MAX);
    try {
      while (!this.#isClosed) {
        if (this.#store.memoryCount > 0) await this.#store.whenMemoryEmpty();
        else if (this.#window?.source === 'memory') await new Promise<void>((wake) => this.#windowDone.push(wake));
        else if (this.#rejections.memoryCount > 0) await this.#rejections.whenChanged();
        else return;
      }
    } finally {
      clearTimeout(timer);
      this.#isOverdue = false;
    }
  }

  async close(callMs: number): Promise<void> {
    this.#isClosed = true;
    const end = () => this.#call.abort(new Error('The action is closed.'));
    const timer = setTimeout(end, callMs);
    if (callMs === 0) end();
    this.#services.pause.close();
    this.#tellWindowDone();
    const stopped = this.#rejections.stop();
    await this.#store.close();
    await this.#loop;
    clearTimeout(timer);
    await stopped;
    await this.#services.sink.close();
  }

  /** Whoever drains waits no longer for a slow sink: what is left goes to the outbox. */
  #setAside(): void {
    this.#isOverdue = true;
    void this.#store.spill([]);
    if (this.#window?.source !== 'memory') return;
    this.#call.abort(new Error(`Not delivered within ${DRAIN_MS_MAX} ms, after which the outbox takes it.`));
    this.#call = new AbortController();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const window = await this.#store.next();
      if (window === null) return;
      this.#window = window;
      await this.#deliver(window);
      this.#window = null;
      this.#tellWindowDone();
    }
  }

  async #deliver(window: Window): Promise<void> {
    let batches = cutBatches(window.bundles, this.#services.limits);
    while (batches.length > 0) {
      if (this.#isClosed) return this.#putBack(window.source, batches.flat());
      if (this.#shouldSpill(window)) return await this.#store.spill(batches.flat());
      if (this.#restMs > 0) {
        await this.#rest();
        continue;
      }
      const [batch = [], ...rest] = batches;
      if (this.#failures === 0) this.#state = 'delivering';
      const outcomes = await attempt(
        batch.map(({ entry }) => entry),
        this.#services,
        this.#call.signal,
      );
      if (this.#isClosed) return this.#putBack(window.source, await this.#settle(window, batch, outcomes), rest.flat());
      batches = isRefusedWhole(outcomes)
        ? [...halves(batch), ...rest]
        : await this.#after(window, batch, outcomes, rest);
    }
    if (this.#failures === 0) this.#state = 'idle';
  }

  /** Settles what can be, and returns the batches that are left to deliver. */
  async #after(
    window: Window,
    batch: readonly Bundle[],
    outcomes: readonly Outcome[],
    rest: readonly Bundle[][],
  ): Promise<Bundle[][]> {
    const again = await this.#settle(window, batch, outcomes);
    const failure =
      outcomes.find(({ status }) => status === 'held') ?? outcomes.find(({ status }) => status === 'retry');
    if (failure === undefined || failure.status === 'delivered' || failure.status === 'rejected') {
      if (outcomes.some(({ status }) => status === 'delivered')) this.#recovered();
      return [...rest];
    }
    const afterMs = Math.max(
      0,
      ...outcomes.map((outcome) => (outcome.status === 'retry' ? (outcome.afterMs ?? 0) : 0)),
    );
    this.#failed(
      failure.status,
      failure.cause,
      outcomes.some(({ status }) => status === 'delivered'),
      afterMs,
    );
    return [again, ...rest];
  }

  async #settle(window: Window, batch: readonly Bundle[], outcomes: readonly Outcome[]): Promise<Bundle[]> {
    const done: Bundle[] = [];
    const again: Bundle[] = [];
    const refused: Refused[] = [];
    for (const [index, bundle] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'delivered') {
        this.#count(bundle.entry);
        done.push(bundle);
      } else if (outcome?.status !== 'rejected') {
        again.push(bundle);
      } else if (bundle.entry.originals !== null) {
        refused.push({ source: window.source, bundle, cause: outcome.cause });
      } else {
        const list = (await this.#bury(bundle.entry, outcome.cause)) ? done : again;
        list.push(bundle);
      }
    }
    await this.#finish(window.source, done);
    // Last, as there may be no room for long.
    for (const one of refused) if (!(await this.#rejections.add(one))) again.push(one.bundle);
    return again;
  }

  async #settleRefused({ source, bundle, cause }: Refused, isTold: boolean): Promise<void> {
    const { entry } = bundle;
    const labels = { action: this.#services.plan.id, reason: 'error-action' };
    if (isTold) this.#services.metrics.actionDropped.inc(labels, entry.messageCount);
    else if (!(await this.#bury(entry, cause))) return this.#putBack(source, [bundle]);
    await this.#finish(source, [bundle]);
  }

  async #finish(source: Window['source'], done: readonly Bundle[]): Promise<void> {
    if (done.length === 0) return;
    const entries = done.map(({ entry }) => entry);
    for (const entry of entries) {
      // One by one: what was removed cannot be removed again when a later one fails.
      if (source === 'outbox') await this.#persist(() => this.#services.outbox.remove([entry]));
      else if (entry.body.kind === 'file') await this.#removeFile(entry.body.path);
    }
    for (const bundle of done) {
      release(bundle);
      this.#services.finished(bundle.entry);
    }
  }

  async #removeFile(path: string): Promise<void> {
    await this.#persist(() => rm(path, { force: true }));
  }

  /** False only when the gateway stops before the dead letter is durable. */
  async #bury(entry: Entry, cause: Error): Promise<boolean> {
    const { plan, events, deadLetters } = this.#services;
    let isDurable = false;
    await this.#persist(async () => {
      await deadLetters.put([await deadLetterOf(plan, entry, cause)]);
      isDurable = true;
    });
    if (isDurable) events.deadLettersWritten(plan.ruleName, plan.id, codeOf(cause), entry.messageCount, cause.message);
    return isDurable;
  }

  /** Repeats what the disk refuses until it accepts, or the gateway stops. */
  async #persist(operation: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await operation();
        return;
      } catch (thrown) {
        // The pause is closed before the pump is, and waits for nothing from then on.
        if (this.#isClosed || this.#services.pause.isClosed) return;
        await this.diskFailed(asError(thrown)).catch(() => {});
      }
    }
  }

  #count({ messageCount, rawBytes, encodedBytes, ...entry }: Entry): void {
    const { metrics, plan } = this.#services;
    const labels = { action: plan.id };
    metrics.actionDelivered.inc(labels, messageCount);
    metrics.actionRawBytes.inc(labels, rawBytes);
    metrics.actionEncodedBytes.inc(labels, encodedBytes);
    metrics.actionDeliveredBytes.inc(
      labels,
      entry.body.kind === 'bytes' ? entry.body.bytes.length : entry.body.byteLength,
    );
  }

  #failed(status: 'retry' | 'held', cause: Error, isProgress: boolean, afterMs: number): void {
    const now = this.#services.clock();
    const state = status === 'held' ? 'held' : 'retrying';
    this.#failures = isProgress ? 1 : this.#failures + 1;
    if (status === 'held') this.#failures = Math.max(this.#failures, HELD_FAILURES_MIN);
    this.#failingSince ??= now;
    this.#restMs = Math.max(afterMs, backoffMs(this.#failures, this.#services.random()));
    this.#report(status, cause, this.#state !== state);
    this.#state = state;
  }

  #recovered(): void {
    if (this.#isReported) this.#services.events.deliveryRecovered(this.#services.plan.id);
    this.#isReported = false;
    this.#failures = 0;
    this.#failingSince = null;
  }

  #report(status: 'retry' | 'held', cause: Error, isNew: boolean): void {
    const now = this.#services.clock();
    if (this.#isReported && !isNew && now - this.#reportedAt < REPORT_MS) return;
    this.#isReported = true;
    this.#reportedAt = now;
    this.#services.events.deliveryFailing(this.#services.plan.id, status, cause);
  }

  /** One pause after each failed attempt; an interrupted one (shutdown) is not made up for. */
  async #rest(): Promise<void> {
    const ms = Math.min(this.#restMs, BACKOFF_MS_MAX);
    this.#restMs = 0;
    await this.#services.pause.wait(ms);
  }

  #shouldSpill(window: Window): boolean {
    if (window.source === 'outbox') return false;
    if (this.#failures === 0) return this.#isOverdue;
    return this.#isDraining || this.#services.clock() - (this.#failingSince ?? 0) >= SPILL_AFTER_MS;
  }

  #putBack(source: Window['source'], ...bundles: readonly Bundle[][]): void {
    if (source === 'outbox') this.#services.outbox.untake(bundles.flat().map(({ entry }) => entry));
  }

  /** Waits before something is asked of the disk again; rejects when the gateway stops. */
  async diskFailed(cause: Error): Promise<void> {
    const { pause } = this.#services;
    // Closed before the pump is: what waits for the disk has to end, or the assembler would wait for it for ever.
    if (pause.isClosed) throw cause;
    this.#report('held', cause, false);
    await pause.wait(DISK_RETRY_MS);
    if (pause.isClosed) throw cause;
  }

  #windowBytes(bytesOf: (entry: Entry) => number): number {
    if (this.#window?.source !== 'memory') return 0;
    return this.#window.bundles.reduce((sum, { entry }) => sum + bytesOf(entry), 0);
  }

  #tellWindowDone(): void {
    const waiting = this.#windowDone;
    this.#windowDone = [];
    for (const resolve of waiting) resolve();
  }
}
