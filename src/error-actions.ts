/**
 * What a destination refused is told to the error action of the rule: the messages go back to a lane, which makes AWS's failure
 * documents of them, and the documents go to the delivery of the error action.
 *
 * - A rule's error action hears of a message once, however many of its actions fail. An entry with a message that it has heard of
 *   already is a dead letter besides, so that no refusal stays hidden. That is remembered for what was refused lately.
 * - An error action whose destination refuses in turn is not told of itself: its document is a dead letter.
 */
import { blockAt } from './block.ts';
import { failedActionOf, failedResourceOf } from './failed-action.ts';
import { Gate } from './gate.ts';
import type { FailuresTask, SlabResult } from './lane-protocol.ts';
import type { ActionPlan, DeadLetter, Entry, Part } from './message.ts';
import type { Handover } from './ports.ts';
import { codeOf } from './sinks/delivery/dead-letter.ts';
import { RangeSet } from './spool/range-set.ts';

/** A worker that dies of these messages takes a lane with it each time. */
const ATTEMPTS_MAX = 3;
/** Rules whose last refusals are remembered; 16 MB together with the next. */
const RULES_REMEMBERED_MAX = 256;
/** Ranges of sequences per rule; the oldest messages are forgotten first. */
const RANGES_REMEMBERED_MAX = 1_024;

export interface ErrorActionsServices {
  readonly laneCount: number;
  /** Rejects when the worker died. */
  readonly run: (lane: number, task: FailuresTask) => Promise<SlabResult>;
  readonly accept: (part: Part, settled: () => void) => void;
  /** Durable, and counted, when it resolves. */
  readonly keepDeadLetters: (letters: readonly DeadLetter[]) => Promise<void>;
  /** Makes inferred schemas durable and known to the lanes. */
  readonly freeze: (inferred: SlabResult['inferred']) => Promise<void>;
}

interface Told extends Handover {
  readonly told: 'everything' | 'something' | 'nothing';
}

const NOTHING: Told = { told: 'nothing', settled: Promise.resolve() };

export class ErrorActions {
  #start: (services: ErrorActionsServices) => void = () => {};
  readonly #started = new Promise<ErrorActionsServices>((resolve) => {
    this.#start = resolve;
  });
  readonly #reported = new Map<string, RangeSet>();
  #laneNext = 0;
  readonly #gate = new Gate();

  /** Until `release`, and once it resolves, nothing is asked of a lane and no part is handed over: the rule set changes. */
  hold(): Promise<void> {
    return this.#gate.hold();
  }

  release(): void {
    this.#gate.release();
  }

  /** What is refused before, by actions that already drain their outboxes, waits for this. */
  start(services: ErrorActionsServices): void {
    this.#start(services);
  }

  /**
   * Resolves when the delivery of the error action has the documents. null: there is no error action, or it could not be told everything;
   * then the entry has to become a dead letter.
   */
  async reject(entry: Entry, plan: ActionPlan, cause: Error): Promise<Handover | null> {
    if (entry.originals === null) return null;
    const { ruleName } = plan;
    const failure = {
      code: codeOf(cause),
      reason: cause.message,
      action: plan.id,
      failedAction: failedActionOf(plan.type),
      failedResource: failedResourceOf(entry.destination),
    };
    const services = await this.#started;
    const { blocks, sequences, isWhole } = this.#claim(ruleName, entry.originals);
    if (sequences.length === 0) return null;
    const { told, settled } = await this.#tell(services, ruleName, Buffer.concat(blocks), failure);
    if (told === 'nothing') for (const sequence of sequences) this.#reported.get(ruleName)?.remove(sequence, sequence);
    return told === 'everything' && isWhole ? { settled } : null;
  }

  /** The messages that the rule's error action has not heard of; it is taken to have from now on. */
  #claim(ruleName: string, originals: Uint8Array) {
    const reported = this.#remembered(ruleName);
    const bytes = Buffer.from(originals.buffer, originals.byteOffset, originals.byteLength);
    const blocks: Buffer[] = [];
    const sequences: number[] = [];
    let isWhole = true;
    for (let at = 0; at < bytes.length; ) {
      const { next, firstSequence, messageCount } = blockAt(bytes, at);
      // A block without its message: the lane has told the error action about it.
      if (messageCount === 0 || reported.hasAll(firstSequence, firstSequence)) isWhole = false;
      else {
        blocks.push(bytes.subarray(at, next));
        sequences.push(firstSequence);
        reported.add(firstSequence, firstSequence);
      }
      at = next;
    }
    for (let extra = reported.ranges.length - RANGES_REMEMBERED_MAX; extra > 0; extra--) {
      const [oldest] = reported.ranges;
      if (oldest !== undefined) reported.remove(oldest.first, oldest.last);
    }
    return { blocks, sequences, isWhole };
  }

  #remembered(ruleName: string): RangeSet {
    const reported = this.#reported.get(ruleName) ?? new RangeSet();
    // Last in the order of the map: the rule used least recently is the first.
    this.#reported.delete(ruleName);
    this.#reported.set(ruleName, reported);
    const [oldest] = this.#reported.keys();
    if (this.#reported.size > RULES_REMEMBERED_MAX && oldest !== undefined) this.#reported.delete(oldest);
    return reported;
  }

  /** Nothing, when there is no such error action any more, when it could encode no document, or when workers die of it. */
  async #tell(
    services: ErrorActionsServices,
    ruleName: string,
    originals: Buffer,
    failure: FailuresTask['failure'],
  ): Promise<Told> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const lane = this.#laneNext++ % services.laneCount;
      // A copy for each attempt: the bytes are lost with the worker.
      const bytes = new Uint8Array(originals).buffer;
      const told = await this.#gate.pass(() =>
        this.#attempt(services, lane, { kind: 'failures', ruleName, bytes, byteLength: bytes.byteLength, failure }),
      );
      if (told !== 'again') return told;
    }
    return NOTHING;
  }

  /** Up to the handing over of the parts: all under one rule set. */
  async #attempt(services: ErrorActionsServices, lane: number, task: FailuresTask): Promise<'again' | Told> {
    let result: SlabResult;
    try {
      result = await services.run(lane, task);
    } catch {
      // The worker died, which was told. It may have been another task's doing.
      return 'again';
    }
    const { inferred, parts, deadLetters } = result;
    if (inferred.length > 0) {
      await services.freeze(inferred);
      return 'again';
    }
    await services.keepDeadLetters(deadLetters);
    const settling = parts.map((part) => {
      let settled = () => {};
      const settling = new Promise<void>((resolve) => {
        settled = resolve;
      });
      // Throws when the delivery is closed: then nothing was told.
      services.accept(part, settled);
      return settling;
    });
    if (parts.length === 0) return NOTHING;
    const told = deadLetters.length === 0 ? 'everything' : 'something';
    return { told, settled: Promise.all(settling).then(() => undefined) };
  }
}
