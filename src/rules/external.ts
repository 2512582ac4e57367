/**
 * How the evaluation of a statement ends when it needs a service. Evaluation is synchronous and asks nobody: it looks for an answer in
 * its context. One that is missing ends it with `CallPending`; whoever evaluates has the call answered and evaluates the message again,
 * from the start. Both are thrown; neither harms the statement, which can be evaluated again at once.
 */
import type { ExternalCall } from '../external-call.ts';
import { decodeJson } from '../json.ts';
import type { EvaluationContext } from './context.ts';
import { serializeValue } from './serialize.ts';
import type { Value } from './value.ts';

/** These calls, at least one, have not been answered yet. No Error, because nothing is wrong and a stack would cost more than the evaluation. */
export class CallPending {
  readonly calls: readonly ExternalCall[];

  constructor(calls: readonly ExternalCall[]) {
    this.calls = calls;
  }
}

/** A function has failed, which fails the rule for this message, unless `get_or_default` stands around it. */
export class CallFailed extends Error {
  /** As AWS names it. */
  readonly function: string;
  /** A sentence. */
  readonly reason: string;

  constructor(name: string, reason: string) {
    // Connectors put the name in front themselves.
    super(reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`);
    this.name = 'CallFailed';
    this.function = name;
    this.reason = reason;
  }
}

/** The first version keeps the form of `10.0` in documents, and so in answers. */
const FIRST_VERSION = '2015-10-08';

/** What the service answered. @throws CallPending, CallFailed */
export function resultOf(
  name: ExternalCall['function'],
  parameters: readonly Value[],
  context: EvaluationContext,
): Value {
  if (context.answerOf === undefined) throw new CallFailed(name, 'No connector is there to ask.');
  const call: ExternalCall = { function: name, parameters: serializeValue(parameters) };
  const answer = context.answerOf(call);
  if (answer === null) throw new CallPending([call]);
  if (!answer.isOk) throw new CallFailed(name, answer.reason);
  return answer.text === '' ? undefined : decodeDocument(name, Buffer.from(answer.text), 'The answer', context);
}

/**
 * The payload where a function takes `*` as a JSON document. Decoded here and not taken from the context, whose document depends on
 * what other rules read: the call has to be the same whenever the message is evaluated. @throws CallFailed
 */
export function payloadDocument(name: ExternalCall['function'], context: EvaluationContext): Value {
  const { buffer, byteOffset, byteLength } = context.payload;
  return decodeDocument(name, Buffer.from(buffer, byteOffset, byteLength), 'The payload', context);
}

function decodeDocument(name: string, bytes: Buffer, what: string, context: EvaluationContext): Value {
  const decoded = decodeJson(bytes, 0, bytes.length, context.awsIotSqlVersion === FIRST_VERSION);
  if (decoded.status === 'json') return decoded.document as Value;
  throw new CallFailed(name, decoded.status === 'tooDeep' ? `${what} nests too deep.` : `${what} is not JSON.`);
}
