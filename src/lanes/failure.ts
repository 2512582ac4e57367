/** What goes wrong with one message: as a dead letter, or as the document that an error action gets. */

import { SchemaMismatch } from '../codec/avro/mismatch.ts';
import type { ErrorCode } from '../errors.ts';
import { asError } from '../errors.ts';
import type { DeadLetter } from '../message.ts';
import { CallFailed, CallPending } from '../rules/external.ts';
import { compileTemplate } from '../rules/template.ts';
import type { ValueObject } from '../rules/value.ts';
import type { LaneMessage } from './lane-message.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Action id; '' when no action had its turn yet. */
  readonly action: string;
  /** AWS's name of what failed: `FirehoseAction`; `Rule` for the statement itself. */
  readonly failedAction: string;
  /** Stream, bucket, topic…; '' for the statement itself. */
  readonly failedResource: string;
}

/** Thrown by an action's output where the code is known. */
export class MessageFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, reason: string) {
    super(reason);
    this.name = 'MessageFailure';
    this.code = code;
  }
}

/** Whatever was thrown while a message was evaluated or encoded: never more than this message's failure. */
export function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof MessageFailure) return thrown.code;
  if (thrown instanceof SchemaMismatch) return 'MESSAGE_SCHEMA_MISMATCH';
  if (thrown instanceof CallFailed) return 'MESSAGE_FUNCTION_FAILED';
  return 'MESSAGE_RULE_FAILED';
}

export function reasonOf(thrown: unknown): string {
  if (thrown instanceof CallPending)
    return `${thrown.calls[0]?.function}() is asked by the error action alone, which cannot wait`;
  return asError(thrown).message;
}

/** `topic` is the one that the client published to, prefix included, so that the letter can be published again. */
export function deadLetter(message: LaneMessage, topic: string, ruleName: string, failure: Failure): DeadLetter {
  return {
    code: failure.code,
    reason: failure.reason,
    ruleName,
    action: failure.action,
    topic,
    clientId: message.sender().clientId,
    receivedAt: message.timestamp,
    first: message.sequence,
    last: message.sequence,
    messageCount: 1,
    content: 'message',
    destination: {},
    body: new Uint8Array(message.payload),
  };
}

/** As every statement sees it: AWS's failure document carries the same. */
const traceIdTemplate = compileTemplate('${traceid()}', { version: '2016-03-23' });

export function traceIdOf(message: LaneMessage): string {
  return traceIdTemplate.render(message);
}

/** AWS IoT, "Error handling (error action)": the message format. */
export function failureDocument(
  message: LaneMessage,
  topic: string,
  ruleName: string,
  traceId: string,
  failures: readonly Failure[],
): ValueObject {
  const sender = message.sender();
  return {
    ruleName,
    topic,
    cloudwatchTraceId: traceId,
    clientId: sender.clientId,
    sourceIp: sender.address,
    base64OriginalPayload: message.payload.toString('base64'),
    failures: failures.map(({ failedAction, failedResource, code, reason }) => ({
      failedAction,
      failedResource,
      errorMessage: `${code}: ${reason}`,
    })),
  };
}
