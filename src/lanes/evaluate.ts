/**
 * A lane: raw PUBLISH packets in, encoded parts out. Pure: no I/O, no clock but for `busyMs`, no thread; `lane.ts` puts it into a worker.
 *
 * Whatever a message does, it costs that message only: what is thrown while it is evaluated or encoded becomes its dead letter, or
 * its error action. What a lane throws is a bug.
 */
import { BlockReader } from '../block.ts';
import { failedActionOf, failedResourceOf } from '../failed-action.ts';
import type { FailuresTask, LaneSetup, SlabResult, SlabTask } from '../lane-protocol.ts';
import type { DeadLetter, Part } from '../message.ts';
import { type PublishView, readPublish } from '../publish-packet.ts';
import { CallPending } from '../rules/external.ts';
import { notMatched } from '../rules/sql/statement.ts';
import type { Value } from '../rules/value.ts';
import { AnswerTable } from './answer-table.ts';
import { type CompiledAction, type CompiledRule, type CompiledRules, compileRules } from './compiled-rules.ts';
import { isDone } from './done-ranges.ts';
import { codeOf, deadLetter, type Failure, failureDocument, MessageFailure, reasonOf, traceIdOf } from './failure.ts';
import { Inference } from './inference.ts';
import { LaneMessage } from './lane-message.ts';
import { reportFailures } from './report-failures.ts';
import { TopicCache, type TopicEntry } from './topic-cache.ts';

export interface Lane {
  /** Evaluates a slab; the result carries the slab's own bytes back. */
  run(task: SlabTask): SlabResult;
  /** Makes failure documents of what a destination refused. */
  report(task: FailuresTask): SlabResult;
  /** Takes a new rule set, from the next slab on. */
  configure(setup: LaneSetup): void;
}

export function createLane(setup: LaneSetup): Lane {
  let evaluator = new Evaluator(setup);
  return {
    run: (task) => evaluator.run(task),
    report: (task) => evaluator.report(task),
    configure(next) {
      evaluator = new Evaluator(next);
    },
  };
}

class Evaluator {
  readonly #compiled: CompiledRules;
  readonly #topics: TopicCache;
  readonly #message = new LaneMessage();
  readonly #view: PublishView = {
    qos: 0,
    isRetained: false,
    topicStart: 0,
    topicEnd: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
  #deadLetters: DeadLetter[] = [];
  /** Rules that ask services are evaluated, and no others; else the others. */
  #isExternalTurn = false;
  /** A rule that asks services has something to do with this slab. */
  #isDeferred = false;

  constructor(setup: LaneSetup) {
    this.#compiled = compileRules(setup);
    this.#topics = new TopicCache((topic) => this.#compiled.match(topic));
  }

  run(task: SlabTask): SlabResult {
    const startedAt = performance.now();
    for (const action of this.#compiled.actions) action.done = doneBy(task, action.index);
    const answers = new AnswerTable(task);
    this.#message.answers = answers;
    this.#isExternalTurn = task.answers !== undefined;
    this.#isDeferred = false;
    if (this.#isExternalTurn) this.#forEachMessage(task, ({ rules }) => this.#collect(rules, answers));
    const isAsking = this.#isExternalTurn && answers.pending.length > 0;
    const inferred = isAsking ? [] : this.#infer(task);
    const seen = isAsking || inferred.length > 0 ? 0 : this.#evaluate(task, answers);
    const parts: Part[] = [];
    for (const action of this.#compiled.actions) action.output?.finish(parts);
    const deadLetters = this.#deadLetters;
    this.#deadLetters = [];
    const { bytes, byteLength } = task;
    const rules = this.#takeCounts();
    const fieldsUnknown = this.#takeUnknownCounts();
    const busyMs = performance.now() - startedAt;
    // The first look counted them.
    const evaluated = this.#isExternalTurn ? 0 : seen;
    const deferred = isAsking || (this.#isDeferred && inferred.length === 0) ? answers.pending : null;
    return { bytes, byteLength, evaluated, rules, parts, deadLetters, inferred, deferred, fieldsUnknown, busyMs };
  }

  report(task: FailuresTask): SlabResult {
    return reportFailures(task, this.#compiled);
  }

  #evaluate(task: SlabTask, answers: AnswerTable): number {
    return this.#forEachMessage(task, (entry) => {
      const { rules } = entry;
      for (let i = 0; i < rules.length; i++) {
        const rule = rules[i] as CompiledRule;
        if (rule.isExternal === this.#isExternalTurn) {
          // Services were not asked for what is done.
          if (!rule.isExternal || !this.#isDone(rule)) this.#evaluateRule(rule, entry);
        } else if (rule.isExternal) this.#defer(rule, answers);
      }
    });
  }

  /** All actions of the rule have had this message. */
  #isDone({ actions }: CompiledRule): boolean {
    const { sequence } = this.#message;
    return actions.length > 0 && actions.every(({ done }) => done.length > 0 && isDone(done, sequence));
  }

  #defer(rule: CompiledRule, answers: AnswerTable): void {
    this.#isDeferred = true;
    this.#collect([rule], answers);
  }

  /** Notes the calls that stand between these rules and their evaluation, as far as they can be seen with what is answered. */
  #collect(rules: readonly CompiledRule[], answers: AnswerTable): void {
    const message = this.#message;
    const { sequence } = message;
    for (const rule of rules) {
      if (!rule.isExternal || this.#isDone(rule)) continue;
      const actions = rule.actions.filter((action) => !isDone(action.done, sequence));
      try {
        if (this.#select(rule) === notMatched) continue;
      } catch (thrown) {
        // What fails without asking fails again, and is accounted for, when it is evaluated.
        if (thrown instanceof CallPending) answers.ask(sequence, thrown.calls);
        continue;
      }
      for (const { destination } of actions) {
        try {
          destination.render(message);
        } catch (thrown) {
          if (thrown instanceof CallPending) answers.ask(sequence, thrown.calls);
        }
      }
    }
  }

  /** Calls `visit` with `#message` at each message that is not done yet; returns how many there were. */
  #forEachMessage(task: SlabTask, visit: (entry: TopicEntry) => void): number {
    const { done } = task;
    const bytes = Buffer.from(task.bytes, 0, task.byteLength);
    const reader = new BlockReader(bytes);
    const message = this.#message;
    const view = this.#view;
    let count = 0;
    while (reader.next()) {
      if (done.length > 0 && isDone(done, reader.sequence)) continue;
      count++;
      readPublish(bytes, reader.packetStart, view);
      const entry = this.#topics.find(bytes, view.topicStart, view.topicEnd);
      message.open(reader, view, entry.ruleTopic);
      visit(entry);
    }
    return count;
  }

  #evaluateRule(rule: CompiledRule, entry: TopicEntry): void {
    let value: ReturnType<CompiledRule['statement']['evaluate']>;
    try {
      value = this.#select(rule);
    } catch (thrown) {
      rule.failed++;
      const failure = { code: codeOf(thrown), reason: reasonOf(thrown) };
      this.#fail(rule, entry, [{ ...failure, action: '', failedAction: 'Rule', failedResource: '' }]);
      return;
    }
    if (value === notMatched) {
      rule.notTrue++;
      return;
    }
    rule.matched++;
    let failures: Failure[] | null = null;
    const { actions } = rule;
    for (let i = 0; i < actions.length; i++) {
      const action = actions[i] as CompiledAction;
      const failure = this.#emit(action, value as Value);
      if (failure === null) continue;
      failures ??= [];
      failures.push(failure);
    }
    if (failures === null) return;
    rule.failed++;
    this.#fail(rule, entry, failures);
  }

  #select(rule: CompiledRule): ReturnType<CompiledRule['statement']['evaluate']> {
    const message = this.#message;
    message.ruleName = rule.name;
    message.awsIotSqlVersion = rule.awsIotSqlVersion;
    if (rule.wantsDocument) {
      message.decode();
      if (message.notJson !== null && rule.statement.needsDocument)
        throw new MessageFailure(message.notJson.code, message.notJson.reason);
    }
    return rule.statement.evaluate(message);
  }

  #emit(action: CompiledAction, value: Value): Failure | null {
    if (action.done.length > 0 && isDone(action.done, this.#message.sequence)) return null;
    try {
      if (action.output === null)
        throw new MessageFailure(
          'MESSAGE_SCHEMA_MISMATCH',
          'no schema can be inferred from an output that is no object',
        );
      action.output.emit(this.#message, value);
      return null;
    } catch (thrown) {
      const { plan } = action;
      const failedAction = failedActionOf(plan.type);
      const failedResource = failedResourceOf(plan.destination);
      return { code: codeOf(thrown), reason: reasonOf(thrown), action: plan.id, failedAction, failedResource };
    }
  }

  /** The error action, once per message and rule; dead letters where there is none or it fails too. */
  #fail(rule: CompiledRule, entry: TopicEntry, failures: readonly Failure[]): void {
    const message = this.#message;
    const letters: Failure[] = [];
    if (rule.errorAction === null) letters.push(...failures);
    else {
      const document = failureDocument(message, entry.topic, rule.name, traceIdOf(message), failures);
      const failure = this.#emit(rule.errorAction, document);
      if (failure !== null) letters.push(...failures, failure);
      else for (const { output } of rule.actions) output?.told(message);
    }
    for (const failure of letters) this.#deadLetters.push(deadLetter(message, entry.topic, rule.name, failure));
  }

  /** Schemas for the container actions that have none, if this slab has messages for them. */
  #infer(task: SlabTask): SlabResult['inferred'] {
    const { rules, actions } = this.#compiled;
    if (actions.every((action) => action.output !== null)) return [];
    const inference = new Inference();
    for (const { errorAction } of rules)
      if (errorAction?.output === null) inference.addFailureDocument(errorAction, new LaneMessage());
    this.#forEachMessage(task, ({ rules }) => {
      for (const rule of rules) if (rule.isExternal === this.#isExternalTurn) this.#sample(rule, inference);
    });
    return inference.finish();
  }

  #sample(rule: CompiledRule, inference: Inference): void {
    const actions = rule.actions.filter((action) => action.output === null);
    if (actions.length === 0) return;
    try {
      const value = this.#select(rule);
      if (value === notMatched) return;
      for (const action of actions) {
        if (!isDone(action.done, this.#message.sequence)) inference.add(action, this.#message, value as Value);
      }
    } catch {
      // The message fails again, and is accounted for, when the slab is evaluated.
    }
  }

  #takeCounts(): SlabResult['rules'] {
    const counts: SlabResult['rules'][number][] = [];
    for (const rule of this.#compiled.rules) {
      const { matched, notTrue, failed } = rule;
      if (matched + notTrue + failed === 0) continue;
      counts.push({ rule: rule.index, matched, notTrue, failed });
      rule.matched = 0;
      rule.notTrue = 0;
      rule.failed = 0;
    }
    return counts;
  }

  #takeUnknownCounts(): SlabResult['fieldsUnknown'] {
    const counts: { action: number; count: number }[] = [];
    for (const action of this.#compiled.actions) {
      const count = action.output?.takeUnknownCount() ?? 0;
      if (count > 0) counts.push({ action: action.index, count });
    }
    return counts;
  }
}

function doneBy(task: SlabTask, action: number): CompiledAction['done'] {
  for (const entry of task.doneByAction) if (entry.action === action) return entry.ranges;
  return [];
}
