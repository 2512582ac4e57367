/** What a statement sees, for tests. */
import type { ExternalAnswer, ExternalCall } from '../../src/external-call.ts';
import { decodeJson } from '../../src/json.ts';
import type { EvaluationContext } from '../../src/rules/context.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { Value } from '../../src/rules/value.ts';

export const V1 = '2015-10-08';
export const V2 = '2016-03-23';

/** What services answer in the examples of the functions that ask them, as JSON by function and parameters. */
const answers: Readonly<Record<string, string>> = {
  'aws_lambda ["arn:aws:lambda:eu-west-1:123456789012:function:grade",{"bar":5}]': '{"grade":"good"}',
  'get_dynamodb ["presses","id","p1"]': '{"id":"p1","line":"north"}',
  'get_registry_data ["DescribeThing","press-1"]': '{"thingName":"press-1","attributes":{"line":"north"}}',
  'get_secret ["site","SecretString","salt"]': '"pepper"',
  'get_thing_shadow ["press-1"]': '{"state":{"reported":{"temperature":21.5}}}',
  'machinelearning_predict ["wear",{"hours":7}]': '{"predictedLabel":"ok"}',
};

function answerOf({ function: name, parameters }: ExternalCall): ExternalAnswer | null {
  const text = answers[`${name} ${parameters}`];
  return text === undefined ? null : { isOk: true, text };
}

/** `payload` as bytes or as the text of a JSON document. */
export function contextOf(payload: Buffer | string, changes: Partial<EvaluationContext> = {}): EvaluationContext {
  const bytes = Buffer.from(payload);
  const version = changes.awsIotSqlVersion ?? V2;
  const decoded = decodeJson(bytes, 0, bytes.length, version === V1);
  return {
    topic: 'things/myThings/thingOne',
    payload: bytes,
    document: decoded.status === 'json' ? decoded.document : undefined,
    isJson: decoded.status === 'json',
    timestamp: 1_481_825_251_155,
    sequence: 7,
    ruleName: 'press',
    awsIotSqlVersion: version,
    accountId: '123456789012',
    sender: () => ({ clientId: 'thing-1', principal: 'press-shop', address: '192.0.2.7', protocolVersion: 5 }),
    properties: () => ({
      contentType: 'text/plain',
      userProperties: [
        ['line', 'a'],
        ['line', 'b'],
      ],
    }),
    answerOf,
    ...changes,
  };
}

/** Runs one statement on one message. */
export function run(
  sql: string,
  payload: Buffer | string = '{}',
  changes: Partial<EvaluationContext> = {},
): Value | typeof notMatched {
  const context = contextOf(payload, changes);
  return compileStatement(sql, { version: context.awsIotSqlVersion }).evaluate(context);
}

/** The value of one expression. */
export function select(
  expression: string,
  payload: Buffer | string = '{}',
  changes: Partial<EvaluationContext> = {},
): Value {
  const value = run(`SELECT VALUE ${expression} FROM '#'`, payload, changes);
  if (value === notMatched) throw new Error('A statement without WHERE did not match.');
  return value;
}
