/**
 * Between a lane's first look at a slab and the evaluation of the rules that ask services: has the calls answered, records the answers,
 * and sends the slab to its lane once more. Other rules and other slabs do not wait for it.
 *
 * ```
 * settlement ─ defer(slab, calls) ─▶ queue of the lane ─▶ connectors ─▶ recorded, durable ─▶ lane (answers) ─▶ settlement
 *                                        ▲                                                     │ asks more
 *                                        └─────────────────────────────────────────────────────┘
 * ```
 * Slabs of a lane are evaluated in the order they came, so what such a rule emits keeps its order. Calls of slabs that wait are made
 * meanwhile. Nothing is lost when the gateway stops in between: the slab is not settled, and comes again from the journal.
 */
import { asError, invariant } from './errors.ts';
import type { Events } from './events.ts';
import {
  type ExternalAnswer,
  type ExternalCall,
  type ExternalFunctionName,
  externalFunctionNames,
} from './external-call.ts';
import type { AnsweredCall, PendingCall, SlabResult, SlabTask } from './lane-protocol.ts';
import type { DeadLetter } from './message.ts';
import type { Connectors, RecordedAnswers } from './ports.ts';
import { Slots } from './slots.ts';
import type { Slab } from './spool/api.ts';
import { letterOf } from './spool/poison.ts';
import { difference } from './spool/ranges.ts';

/** Per lane: slabs that wait for answers. Beyond it the lane waits too. */
const DEFERRED_BYTES_MAX = 8 * 1024 * 1024;
/** Calls of one message that depend on one another, and a little more. */
const ROUNDS_MAX = 16;
const DISK_RETRY_MS = 1_000;
const KILLS_MAX = 2;
/** So many calls of a function failed one after another: no more are made while everything else waits for them. */
const FAILURES_MAX = 16;

export interface ExternalStageOptions {
  readonly laneCount: number;
  /** Evaluates one task; `task.bytes` is transferred. Rejects when the worker died. */
  readonly run: (lane: number, task: SlabTask) => Promise<SlabResult>;
  /** Those of the configuration in force. */
  readonly connectors: () => Pick<Connectors, 'answer' | 'concurrencyOf'>;
  readonly recorded: RecordedAnswers;
  /** What became of the deferred rules, of all of the slab or of a part of it. 'again': the same task once more. */
  readonly onResult: (slab: Slab, result: SlabResult) => Promise<'done' | 'again'>;
  /** A message with which a worker died twice, alone. Durable when it resolves. */
  readonly onPoisoned: (slab: Slab, letter: DeadLetter) => Promise<void>;
  /** Nothing of this slab is deferred any more. */
  readonly onFinished: (slab: Slab) => void;
  readonly events: Pick<Events, 'spoolStepFailed'>;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Deferral {
  readonly slab: Slab;
  /** Without bytes: those are copied for each attempt. */
  readonly task: Omit<SlabTask, 'bytes' | 'answers' | 'isLastRound'>;
  readonly bytes: Uint8Array;
  readonly answers: Promise<AnsweredCall[]>;
}

interface LaneQueue {
  readonly waiting: Deferral[];
  bytes: number;
  working: Promise<void> | null;
  relieved: (() => void)[];
}

export class ExternalStage {
  readonly #options: ExternalStageOptions;
  readonly #queues: readonly LaneQueue[];
  /** Calls wait here, where no time limit runs, for a place with their connector. */
  readonly #slots: Readonly<Record<ExternalFunctionName, Slots>>;
  /** By function: how many calls have failed since one worked. */
  readonly #failures = new Map<ExternalFunctionName, number>();
  /** Somebody waits for everything that is deferred. */
  #waiterCount = 0;
  #isStopping = false;

  constructor(options: ExternalStageOptions) {
    this.#options = options;
    const slotsOf = (name: ExternalFunctionName) => new Slots(() => options.connectors().concurrencyOf(name));
    this.#slots = Object.fromEntries(externalFunctionNames.map((name) => [name, slotsOf(name)])) as Readonly<
      Record<ExternalFunctionName, Slots>
    >;
    this.#queues = Array.from({ length: options.laneCount }, () => ({
      waiting: [],
      bytes: 0,
      working: null,
      relieved: [],
    }));
  }

  /** Takes a copy of the slab's bytes. */
  defer(lane: number, slab: Slab, task: SlabTask, result: SlabResult): void {
    const queue = this.#queue(lane);
    const bytes = new Uint8Array(result.bytes.slice(0, result.byteLength));
    const { kind, byteLength, isReplay, done, doneByAction } = task;
    const answers = this.#answered(result.deferred ?? []);
    queue.waiting.push({ slab, task: { kind, byteLength, isReplay, done, doneByAction }, bytes, answers });
    queue.bytes += bytes.length;
    queue.working ??= this.#work(lane, queue);
  }

  /** Resolves when the lane may defer more. */
  async whenRoom(lane: number): Promise<void> {
    const queue = this.#queue(lane);
    while (queue.bytes > DEFERRED_BYTES_MAX && !this.#isStopping) {
      await new Promise<void>((resolve) => queue.relieved.push(resolve));
    }
  }

  /** Resolves when nothing is deferred. */
  async idle(): Promise<void> {
    for (;;) {
      const working = this.#queues.flatMap((queue) => (queue.working === null ? [] : [queue.working]));
      if (working.length === 0) return;
      await Promise.all(working);
    }
  }

  /**
   * The same, for those who hold everything else up meanwhile. Where a service answers nothing, calls that have not been made yet fail
   * like those that were, only sooner: with two seconds for each, a backlog would take hours.
   */
  async hurry(): Promise<void> {
    this.#waiterCount++;
    try {
      await this.idle();
    } finally {
      this.#waiterCount--;
    }
  }

  get isIdle(): boolean {
    return this.#queues.every((queue) => queue.working === null);
  }

  /** Begins nothing more; resolves when what is with a lane or a connector has come back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const queue of this.#queues) for (const resolve of queue.relieved.splice(0)) resolve();
    await this.idle();
  }

  #queue(lane: number): LaneQueue {
    return this.#queues[lane] as LaneQueue;
  }

  async #work(lane: number, queue: LaneQueue): Promise<void> {
    for (let deferral = queue.waiting[0]; deferral !== undefined && !this.#isStopping; deferral = queue.waiting[0]) {
      await this.#evaluate(lane, deferral);
      queue.waiting.shift();
      queue.bytes -= deferral.bytes.length;
      for (const resolve of queue.relieved.splice(0)) resolve();
    }
    // In the same turn as the last look: what is deferred after it starts the work again.
    queue.working = null;
  }

  async #evaluate(lane: number, deferral: Deferral): Promise<void> {
    const { slab, task } = deferral;
    const answers = await deferral.answers;
    for (let kills = 0; kills < KILLS_MAX && !this.#isStopping; kills++) {
      const verdict = await this.#attempt(lane, deferral, answers, task.done);
      if (verdict !== 'died') {
        if (verdict === 'done') this.#options.onFinished(slab);
        return;
      }
    }
    if (!this.#isStopping) await this.#oneByOne(lane, deferral, answers);
  }

  /** 'stopped': the slab stays open, and comes again. */
  async #attempt(
    lane: number,
    { slab, task, bytes }: Deferral,
    answers: AnsweredCall[],
    done: SlabTask['done'],
  ): Promise<'done' | 'died' | 'stopped'> {
    for (let round = 1; !this.#isStopping; ) {
      const isLastRound = round >= ROUNDS_MAX;
      let result: SlabResult;
      try {
        result = await this.#options.run(lane, { ...task, done, bytes: bytes.slice().buffer, answers, isLastRound });
      } catch {
        return 'died';
      }
      const calls = result.deferred ?? [];
      if (calls.length > 0) {
        round++;
        answers.push(...(await this.#answered(calls)));
      } else if ((await this.#options.onResult(slab, result)) === 'done') return 'done';
    }
    return 'stopped';
  }

  /** A worker died twice: each message by itself, so that only the one to blame is given up. */
  async #oneByOne(lane: number, deferral: Deferral, answers: AnsweredCall[]): Promise<void> {
    const { slab, task, bytes } = deferral;
    const left = difference(slab.ranges, task.done);
    for (const { first, last } of left) {
      for (let sequence = first; sequence <= last; sequence++) {
        const others = difference(slab.ranges, [{ first: sequence, last: sequence }]);
        let verdict = await this.#attempt(lane, deferral, answers, others);
        if (verdict === 'died') verdict = await this.#attempt(lane, deferral, answers, others);
        if (verdict === 'stopped') return;
        if (verdict === 'done') continue;
        const work = { bytes: bytes.slice().buffer, byteLength: task.byteLength };
        const letter = letterOf(work, sequence, new Error('Its rules ask services.'));
        invariant(letter !== null, `message ${sequence} is not in its slab`);
        await this.#options.onPoisoned(slab, letter);
      }
    }
    this.#options.onFinished(slab);
  }

  /** In the order of `calls`. What is new is durable when it resolves. */
  async #answered(calls: readonly PendingCall[]): Promise<AnsweredCall[]> {
    const { recorded } = this.#options;
    const fresh: AnsweredCall[] = [];
    const ask = async (pending: PendingCall): Promise<AnsweredCall> => {
      const known = recorded.find(pending);
      if (known !== null) return { ...pending, answer: known };
      const answered = { ...pending, answer: await this.#ask(pending.call) };
      fresh.push(answered);
      return answered;
    };
    const answered = await Promise.all(
      calls.map((pending) => this.#slots[pending.call.function].run(() => ask(pending))),
    );
    await this.#record(fresh);
    return answered;
  }

  async #ask(call: ExternalCall): Promise<ExternalAnswer> {
    const failures = this.#failures.get(call.function) ?? 0;
    if (this.#waiterCount > 0 && failures >= FAILURES_MAX) {
      const reason = `${call.function}: it was not asked, as the last ${failures} calls failed and changed rules wait.`;
      return { isOk: false, reason };
    }
    const answer = await this.#options.connectors().answer(call);
    this.#failures.set(call.function, answer.isOk ? 0 : (this.#failures.get(call.function) ?? 0) + 1);
    return answer;
  }

  /** Before anything is emitted with them: a replay has to emit the same. A disk that refuses is asked again. */
  async #record(answered: readonly AnsweredCall[]): Promise<void> {
    const { recorded, events, sleep } = this.#options;
    while (answered.length > 0 && !this.#isStopping) {
      try {
        await recorded.put(answered);
        return;
      } catch (thrown) {
        events.spoolStepFailed('recording what services answered', asError(thrown));
        await sleep(DISK_RETRY_MS);
      }
    }
  }
}
