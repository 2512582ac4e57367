/** One statement on one message, without a gateway around it: what `rules test`, `rules eval` and `vectors` have in common. */
import { decodeJson } from '../codec/decode/json.ts';
import { asError, type ErrorCode } from '../errors.ts';
import type { ExternalAnswer, ExternalCall } from '../external-call.ts';
import { codeOf } from '../lanes/failure.ts';
import type { Sender } from '../message.ts';
import type { EvaluationContext, MessageProperties } from '../rules/context.ts';
import { CallPending } from '../rules/external.ts';
import { serializeValue } from '../rules/serialize.ts';
import { type CompiledStatement, notMatched } from '../rules/sql/statement.ts';
import { matchesFilter } from '../rules/topic-filter.ts';
import type { Value } from '../rules/value.ts';

export interface GivenMessage {
  /** As it was published: `$aws/rules/<ruleName>/…` addresses the rule. */
  readonly topic: string;
  readonly payload: Buffer;
  /** Receive time, epoch ms. What is of time or chance derives from it and `sequence`. */
  readonly timestamp: number;
  readonly sequence: number;
  /** null: it did not come over MQTT. */
  readonly sender: Sender | null;
  readonly properties: MessageProperties | null;
  readonly accountId: string;
  readonly traceId?: string;
  /** null: nothing is known of this call. */
  readonly answerOf: (call: ExternalCall) => ExternalAnswer | null;
}

export interface RunOptions {
  readonly ruleName: string;
  readonly version: string;
  /** As in a lane: a payload is decoded for those who read its fields, and fails them when it is not JSON. Else these are Undefined. */
  readonly isStrict: boolean;
}

export type RunResult =
  | { readonly kind: 'output'; readonly value: Value }
  | { readonly kind: 'noMatch'; readonly clause: 'topic' | 'where' }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string };

/** What the statement sees of the message, and why it cannot see fields of the payload, if so. */
export interface Run {
  readonly context: EvaluationContext;
  readonly notJson: { readonly code: ErrorCode; readonly reason: string } | null;
  /** The rule is addressed by name, or its filter matches. */
  readonly isReached: boolean;
}

/** `wantsDocument`: the statement, or a template beside it, reads fields. */
export function startRun(
  given: GivenMessage,
  options: RunOptions,
  wantsDocument: boolean,
  topicFilter: string | null,
): Run {
  const prefix = `$aws/rules/${options.ruleName}/`;
  const isAddressed = given.topic.startsWith(prefix);
  const topic = isAddressed ? given.topic.slice(prefix.length) : given.topic;
  const decoded =
    wantsDocument || !options.isStrict ? decodeJson(given.payload, 0, given.payload.length, options.version) : null;
  const { payload, timestamp, sequence, accountId, traceId, answerOf } = given;
  const context: EvaluationContext = {
    topic,
    payload,
    document: decoded?.isJson === true ? decoded.document : undefined,
    isJson: decoded?.isJson === true,
    timestamp,
    sequence,
    ruleName: options.ruleName,
    awsIotSqlVersion: options.version,
    accountId,
    ...(traceId === undefined ? {} : { traceId }),
    sender: () => given.sender,
    properties: () => given.properties,
    answerOf,
  };
  const isReached = isAddressed || (topicFilter !== null && matchesFilter(topicFilter, topic));
  return { context, notJson: decoded === null || decoded.isJson ? null : decoded, isReached };
}

/** Never throws. */
export function evaluateRun(run: Run, statement: CompiledStatement, options: RunOptions): RunResult {
  if (!run.isReached) return { kind: 'noMatch', clause: 'topic' };
  if (options.isStrict && run.notJson !== null && statement.needsDocument) {
    return { kind: 'error', code: run.notJson.code, message: run.notJson.reason };
  }
  try {
    const value = statement.evaluate(run.context);
    return value === notMatched ? { kind: 'noMatch', clause: 'where' } : { kind: 'output', value };
  } catch (thrown) {
    return { kind: 'error', ...failureOf(thrown) };
  }
}

/** Whatever an evaluation or a template threw. */
export function failureOf(thrown: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (thrown instanceof CallPending) {
    const calls = thrown.calls.map((call) => `${call.function} for the parameters ${call.parameters}`);
    return { code: 'MESSAGE_FUNCTION_FAILED', message: `No answer is given of ${calls.join(', and of ')}.` };
  }
  return { code: codeOf(thrown), message: asError(thrown).message };
}

/**
 * What an action that sends each message by itself sends. With `context`: a JSON payload that is selected as it is keeps its bytes, as
 * in a lane.
 */
export function outputBytes(value: Value, context: EvaluationContext | null = null): Buffer {
  const isPayload = context?.isJson === true && value === context.document;
  const bytes = isPayload ? context.payload : value;
  return bytes instanceof Uint8Array
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(serializeValue(bytes));
}
