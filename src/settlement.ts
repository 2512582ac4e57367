/**
 * What a lane made of a slab goes its ways: parts to the deliveries of their actions, failed messages to the dead letters, counts
 * to the books. Progress learns of every part when it is settled, so the journal knows what it may forget.
 */
import type { Books } from './books.ts';
import { asError } from './errors.ts';
import type { Events } from './events.ts';
import type { SlabResult, SlabTask } from './lane-protocol.ts';
import type { DeadLetter, Part } from './message.ts';
import type { Metrics } from './metrics.ts';
import type { DeadLetters } from './ports.ts';
import type { Progress, Slab } from './spool/api.ts';

/** A disk that refused is asked again after this. */
const DISK_RETRY_MS = 1_000;

/** Under this name a slab owes what its deferred rules will emit, until they have been evaluated. */
const DEFERRED = '';

/** What has to be known of the rule set that results come from. */
export interface SettlementTables {
  readonly actionIds: readonly string[];
  /** The names that progress knows actions by. */
  readonly progressKeys: readonly string[];
  readonly ruleNames: readonly string[];
  /** The error action of the rule that an action belongs to; null: there is none. */
  readonly errorActionOf: (action: number) => number | null;
}

export interface SettlementOptions {
  readonly tables: SettlementTables;
  readonly books: Books;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly deadLetters: DeadLetters;
  readonly progress: Pick<Progress, 'evaluated' | 'settled' | 'owes'>;
  /** Sequences below this were journaled before this start: their evaluation is a replay, not in the balance of messages. */
  readonly firstSequence: number;
  readonly accept: (part: Part, settled: () => void) => void;
  /** Resolves when the delivery of this action has room: neither its sink nor its outbox keeps up otherwise. */
  readonly whenRoom: (action: number) => Promise<void>;
  /** Makes inferred schemas durable and known to the lanes. */
  readonly freeze: (inferred: SlabResult['inferred']) => Promise<void>;
  /** Has rules that ask services evaluated later. `bytes` of the result are copied. */
  readonly defer: (lane: number, slab: Slab, task: SlabTask, result: SlabResult) => void;
  /** Resolves when the lane may defer more. */
  readonly whenDeferredRoom: (lane: number) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

export class Settlement {
  readonly #options: SettlementOptions;
  #tables: SettlementTables;
  /** Actions of which it was said that they leave fields out. */
  readonly #leavingOut = new Set<string>();

  constructor(options: SettlementOptions) {
    this.#options = options;
    this.#tables = options.tables;
  }

  /** Results from now on come from another rule set. */
  use(tables: SettlementTables): void {
    this.#tables = tables;
    this.#leavingOut.clear();
  }

  /** 'again': the lane needs to see the same slab once more, now that its schemas are frozen. */
  async onResult(lane: number, slab: Slab, task: SlabTask, result: SlabResult): Promise<'done' | 'again'> {
    const { progress, defer, whenDeferredRoom } = this.#options;
    if (!(await this.#takeIn(slab, result))) return 'again';
    const keys = this.#keysOf(result.parts);
    const owed = countByKey(keys);
    if (result.deferred !== null) owed.set(DEFERRED, 1);
    // Before any part is handed over: a delivery may settle at once.
    progress.evaluated(slab, owed);
    if (result.deferred !== null) defer(lane, slab, task, result);
    await this.#handOver(slab, result.parts, keys);
    if (result.deferred !== null) await whenDeferredRoom(lane);
    return 'done';
  }

  /** The same for the rules that were deferred, for all messages of the slab or for some. */
  async onDeferredResult(slab: Slab, result: SlabResult): Promise<'done' | 'again'> {
    if (!(await this.#takeIn(slab, result))) return 'again';
    const keys = this.#keysOf(result.parts);
    if (keys.length > 0) this.#options.progress.owes(slab, countByKey(keys));
    await this.#handOver(slab, result.parts, keys);
    return 'done';
  }

  /** All that was deferred of the slab has been evaluated. */
  onDeferredFinished(slab: Slab): void {
    this.#options.progress.settled(slab, DEFERRED);
  }

  /** A message that killed its worker twice; it is durable among the dead letters already. */
  onPoisoned(slab: Slab, letter: DeadLetter): void {
    const { books, metrics, events, firstSequence } = this.#options;
    if (slab.first < firstSequence) metrics.messagesReplayed.inc(letter.messageCount);
    else books.evaluated(letter.messageCount);
    events.deadLettersWritten(letter.ruleName, letter.action, letter.code, letter.messageCount, letter.reason);
  }

  /** False: the lane has to evaluate once more, under schemas that are frozen now. */
  async #takeIn(slab: Slab, result: SlabResult): Promise<boolean> {
    if (result.inferred.length > 0) {
      await this.freeze(result.inferred);
      return false;
    }
    await this.keepDeadLetters(result.deadLetters);
    this.#count(slab, result);
    return true;
  }

  async #handOver(slab: Slab, parts: readonly Part[], keys: readonly string[]): Promise<void> {
    const { progress, accept, whenRoom } = this.#options;
    for (const [index, part] of parts.entries()) {
      const key = keys[index] ?? '';
      accept(part, () => progress.settled(slab, key));
    }
    for (const action of new Set(parts.map((part) => part.action))) await whenRoom(action);
  }

  /**
   * The action under which each part is settled. Where a rule's error action has a part, all parts of the rule stand under it: a
   * replay leaves out actions that are done, so one that was done alone would not fail again, and the error action, which was not
   * done, would never get its document.
   */
  #keysOf(parts: readonly Part[]): readonly string[] {
    const { progressKeys, errorActionOf } = this.#tables;
    const emitting = new Set(parts.map((part) => part.action));
    return parts.map(({ action }) => {
      const errorAction = errorActionOf(action);
      return progressKeys[errorAction !== null && emitting.has(errorAction) ? errorAction : action] ?? '';
    });
  }

  /** Makes inferred schemas durable and known to the lanes. Never rejects: the lane would stop for good. */
  async freeze(inferred: SlabResult['inferred']): Promise<void> {
    const { freeze, events, sleep } = this.#options;
    for (;;) {
      try {
        await freeze(inferred);
        return;
      } catch (error) {
        events.spoolStepFailed('freezing an inferred schema', asError(error));
        await sleep(DISK_RETRY_MS);
      }
    }
  }

  /** Durable, and counted, when it resolves; a disk that fails is waited for: the slab counts as evaluated only then. */
  async keepDeadLetters(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const { deadLetters, events, sleep } = this.#options;
    for (;;) {
      try {
        await deadLetters.put(letters);
        break;
      } catch (error) {
        events.journalFailed('dlq', asError(error));
        await sleep(DISK_RETRY_MS);
      }
    }
    const groups = new Map<string, { readonly first: DeadLetter; count: number }>();
    for (const letter of letters) {
      const key = `${letter.ruleName}\n${letter.action}\n${letter.code}`;
      const group = groups.get(key) ?? { first: letter, count: 0 };
      group.count += letter.messageCount;
      groups.set(key, group);
    }
    for (const { first, count } of groups.values()) {
      // The action emitted these, so its own balance has to carry them.
      if (first.action !== '') this.#options.metrics.actionEmitted.inc({ action: first.action }, count);
      events.deadLettersWritten(first.ruleName, first.action, first.code, count, first.reason);
    }
  }

  #count(slab: Slab, result: SlabResult): void {
    const { books, metrics, events, firstSequence } = this.#options;
    const { ruleNames, actionIds } = this.#tables;
    if (slab.first < firstSequence) metrics.messagesReplayed.inc(result.evaluated);
    else books.evaluated(result.evaluated);
    for (const counts of result.rules) {
      const rule = ruleNames[counts.rule] ?? '';
      if (counts.matched > 0) metrics.ruleMatched.inc({ rule }, counts.matched);
      if (counts.notTrue > 0) metrics.ruleNotTrue.inc({ rule }, counts.notTrue);
      if (counts.failed > 0) metrics.ruleFailed.inc({ rule }, counts.failed);
    }
    for (const { action, count } of result.fieldsUnknown) {
      const id = actionIds[action] ?? '';
      metrics.avroFieldsUnknown.inc({ action: id }, count);
      if (!this.#leavingOut.has(id)) events.fieldsLeftOut(id);
      this.#leavingOut.add(id);
    }
  }
}

function countByKey(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
