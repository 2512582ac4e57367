/** The error action's share of messages that a destination refused, after their rule had emitted them. */
import { BlockReader } from '../block.ts';
import { failedActionOf, failedResourceOf } from '../failed-action.ts';
import type { FailuresTask, SlabResult } from '../lane-protocol.ts';
import type { DeadLetter, Part } from '../message.ts';
import { type PublishView, readPublish } from '../publish-packet.ts';
import type { ActionOutput } from './action-output.ts';
import type { CompiledAction, CompiledRule, CompiledRules } from './compiled-rules.ts';
import { codeOf, deadLetter, type Failure, failureDocument, reasonOf, traceIdOf } from './failure.ts';
import { Inference } from './inference.ts';
import { LaneMessage } from './lane-message.ts';

/**
 * The result has the parts of the error action, and a dead letter for each document that it could not encode. It has neither when
 * the rule or its error action is gone; `inferred` when the error action has no schema yet.
 */
export function reportFailures(task: FailuresTask, compiled: CompiledRules): SlabResult {
  const startedAt = performance.now();
  const rule = compiled.rules.find(({ name }) => name === task.ruleName);
  const action = rule?.errorAction ?? null;
  const parts: Part[] = [];
  let deadLetters: readonly DeadLetter[] = [];
  let inferred: SlabResult['inferred'] = [];
  if (rule !== undefined && action !== null) {
    if (action.output === null) inferred = schemaOf(action);
    else deadLetters = emitDocuments(task, { compiled, rule, action, output: action.output });
    action.output?.finish(parts);
  }
  const { bytes, byteLength } = task;
  const none = { evaluated: 0, rules: [], deferred: null, fieldsUnknown: [] };
  const busyMs = performance.now() - startedAt;
  return { ...none, bytes, byteLength, parts, deadLetters, inferred, busyMs };
}

function schemaOf(action: CompiledAction): SlabResult['inferred'] {
  const inference = new Inference();
  inference.addFailureDocument(action, new LaneMessage());
  return inference.finish();
}

interface Emission {
  readonly compiled: CompiledRules;
  readonly rule: CompiledRule;
  readonly action: CompiledAction;
  readonly output: ActionOutput;
}

function emitDocuments(task: FailuresTask, { compiled, rule, action, output }: Emission): readonly DeadLetter[] {
  const bytes = Buffer.from(task.bytes, 0, task.byteLength);
  const reader = new BlockReader(bytes);
  const view: PublishView = { qos: 0, isRetained: false, topicStart: 0, topicEnd: 0, payloadStart: 0, payloadEnd: 0 };
  const message = new LaneMessage();
  message.ruleName = rule.name;
  message.awsIotSqlVersion = rule.awsIotSqlVersion;
  const letters: DeadLetter[] = [];
  while (reader.next()) {
    readPublish(bytes, reader.packetStart, view);
    const topic = bytes.toString('utf8', view.topicStart, view.topicEnd);
    message.open(reader, view, compiled.match(topic).ruleTopic);
    // Templates of the error action may read it.
    if (rule.wantsDocument) message.decode();
    const document = failureDocument(message, topic, rule.name, traceIdOf(message), [task.failure]);
    try {
      output.emit(message, document);
    } catch (thrown) {
      letters.push(deadLetter(message, topic, rule.name, failureOf(action, thrown)));
    }
  }
  return letters;
}

function failureOf({ plan }: CompiledAction, thrown: unknown): Failure {
  return {
    code: codeOf(thrown),
    reason: reasonOf(thrown),
    action: plan.id,
    failedAction: failedActionOf(plan.type),
    failedResource: failedResourceOf(plan.destination),
  };
}
