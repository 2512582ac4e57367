/**
 * Feeds one lane: takes slabs from its streams, alarms first, keeps up to SLABS_IN_FLIGHT_MAX with the worker so that it never idles, and
 * handles results in the order of dispatch. A slab counts as in flight until its result was handled: delivery's backpressure.
 */
import { asError } from '../errors.ts';
import type { SlabResult, SlabTask } from '../lane-protocol.ts';
import type { SequenceRange } from '../message.ts';
import type { DeadLetters } from '../ports.ts';
import type { FeedHandlers, SpoolClock } from './api.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { GenerationGate } from './generation-gate.ts';
import type { LaneStream, Work } from './lane-stream.ts';
import { evaluateSuspect } from './poison.ts';
import type { Progress } from './progress.ts';
import { union } from './ranges.ts';
import type { SlabState } from './slab-state.ts';

/** More than one turn of a busy main thread lets pass; a lane that waits for its next slab is a core that idles. */
const SLABS_IN_FLIGHT_MAX = 6;
/** Normal slabs get a turn after this many alarm slabs, so that a flood of alarms does not starve them. */
const ALARMS_IN_A_ROW_MAX = 8;
const RETRY_MS = 1000;

export interface LaneFeedOptions {
  readonly lane: number;
  readonly alarm: LaneStream;
  readonly normal: LaneStream;
  readonly gate: GenerationGate;
  readonly handlers: FeedHandlers;
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
  readonly buffers: BufferPool;
  readonly clock: SpoolClock;
  /** Something other than the worker failed; it is tried again. */
  readonly onError: (error: Error) => void;
}

interface Flight {
  readonly work: Work;
  readonly task: SlabTask;
  readonly attempt: Promise<SlabResult>;
}

export class LaneFeed {
  readonly #options: LaneFeedOptions;
  readonly #flights: Flight[] = [];
  #bytesInFlight = 0;
  #alarmsInARow = 0;
  #isStopping = false;
  #isTaking = false;
  /** A worker died: one slab at a time until it is known which message did it. */
  #isolations = 0;
  #wakeups: (() => void)[] = [];
  #cutPause: () => void = () => {};
  #feeding: Promise<void> = Promise.resolve();
  #handling: Promise<void> = Promise.resolve();

  constructor(options: LaneFeedOptions) {
    this.#options = options;
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get isIdle(): boolean {
    const { alarm, normal } = this.#options;
    return this.#flights.length === 0 && !this.#isTaking && alarm.isIdle && normal.isIdle;
  }

  start(): void {
    this.#feeding = this.#feed();
  }

  /** Something may be there to take. */
  wake(): void {
    for (const wakeup of this.#wakeups.splice(0)) wakeup();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cutPause();
    this.wake();
    await this.#feeding;
    await this.#handling;
  }

  async #feed(): Promise<void> {
    while (!this.#isStopping) {
      if (this.#flights.length >= SLABS_IN_FLIGHT_MAX || this.#isolations > 0) {
        await this.#awake();
        continue;
      }
      this.#isTaking = true;
      const work = await this.#take();
      if (work !== null) this.#dispatch(work);
      this.#isTaking = false;
      // `take` was asynchronous; what was pushed meanwhile has to be seen before sleeping.
      if (work !== null || this.#hasQueued()) continue;
      const { limit } = this.#options.gate;
      this.#arrive();
      // Being the last to arrive may have opened the gate within the call.
      if (this.#options.gate.limit === limit) await this.#awake();
    }
  }

  #hasQueued(): boolean {
    const { alarm, normal, gate } = this.#options;
    return alarm.has(gate.limit) || normal.has(gate.limit);
  }

  async #take(): Promise<Work | null> {
    const { alarm, normal, gate, onError } = this.#options;
    const order: readonly ('alarm' | 'normal')[] =
      this.#alarmsInARow < ALARMS_IN_A_ROW_MAX ? ['alarm', 'normal'] : ['normal', 'alarm'];
    try {
      for (const kind of order) {
        const stream = kind === 'alarm' ? alarm : normal;
        const work = await stream.next(gate.limit);
        if (work === null) continue;
        this.#alarmsInARow = kind === 'alarm' ? this.#alarmsInARow + 1 : 0;
        return work;
      }
    } catch (thrown) {
      onError(asError(thrown));
      await this.#pause();
    }
    return null;
  }

  /** Nothing of the generation in force is left on this lane, and nothing of it can come: it waits for the others. */
  #arrive(): void {
    const { gate, lane } = this.#options;
    if (this.#flights.length === 0 && gate.isCommitted) gate.arrive(lane);
  }

  #dispatch(work: Work): void {
    const task = this.#taskOf(work, work.slab.isReplay, []);
    const attempt = this.#evaluate(task);
    // Handled when its turn comes; a rejection before that is not unhandled.
    attempt.catch(() => {});
    const flight: Flight = { work, task, attempt };
    this.#flights.push(flight);
    this.#bytesInFlight += work.byteLength;
    this.#handling = this.#handling
      .then(() => this.#handle(flight))
      .finally(() => {
        this.#flights.shift();
        this.#bytesInFlight -= work.byteLength;
        this.wake();
      });
  }

  async #evaluate(task: SlabTask): Promise<SlabResult> {
    return await this.#options.handlers.evaluate(this.#options.lane, task);
  }

  async #handle(flight: Flight): Promise<void> {
    let result: SlabResult;
    try {
      result = await flight.attempt;
    } catch (thrown) {
      await this.#afterDeath(flight, asError(thrown));
      return;
    }
    await this.#handleResult(flight.work.slab, flight.task, result);
  }

  /** Until the handler is done with it; 'again' evaluates the same bytes again. */
  async #handleResult(slab: SlabState, task: SlabTask, first: SlabResult): Promise<void> {
    const { handlers, lane, buffers } = this.#options;
    let sent = task;
    let result = first;
    for (;;) {
      const verdict = await handlers.onResult(lane, slab, sent, result);
      if (verdict === 'done') {
        buffers.give(result.bytes);
        return;
      }
      sent = { ...task, bytes: result.bytes };
      try {
        result = await this.#evaluate(sent);
      } catch (thrown) {
        await this.#isolate(slab, asError(thrown));
        return;
      }
    }
  }

  async #afterDeath(flight: Flight, error: Error): Promise<void> {
    // Whatever else was with the worker has to come back first, so that only this slab can be blamed from here on.
    this.#isolations++;
    await Promise.allSettled(this.#flights.map(({ attempt }) => attempt));
    await this.#isolate(flight.work.slab, error);
    this.#isolations--;
  }

  async #isolate(slab: SlabState, error: Error): Promise<void> {
    const { alarm, normal, handlers, lane, progress, deadLetters } = this.#options;
    // Counted: a worker may die again while its slab is evaluated once more within.
    this.#isolations++;
    const stream = slab.class === 'alarm' ? alarm : normal;
    await evaluateSuspect(slab, error, {
      reread: () => stream.reread(slab),
      taskOf: (work, leftOut) => this.#taskOf(work, true, leftOut),
      evaluate: (task) => this.#evaluate(task),
      handle: (part, task, result) => this.#handleResult(part, task, result),
      pause: () => this.#pause(),
      isStopping: () => this.#isStopping,
      onPoisoned: (part, letter) => handlers.onPoisoned(lane, part, letter),
      progress,
      deadLetters,
    });
    this.#isolations--;
  }

  /** `leftOut`: ranges of the slab that this task is not about. */
  #taskOf(work: Work, isReplay: boolean, leftOut: readonly SequenceRange[]): SlabTask {
    const { progress } = this.#options;
    const { ranges } = work.slab;
    const done = isReplay ? progress.doneWithin(ranges) : [];
    return {
      kind: 'slab',
      bytes: work.bytes,
      byteLength: work.byteLength,
      isReplay,
      done: leftOut.length === 0 ? done : union(done, leftOut),
      doneByAction: isReplay ? progress.doneByActionWithin(ranges) : [],
    };
  }

  #awake(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopping) resolve();
      else this.#wakeups.push(resolve);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopping) {
        resolve();
        return;
      }
      const cancel = this.#options.clock.after(RETRY_MS, resolve);
      this.#cutPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
