/** What a statement sees, for tests. */
import { decodeJson } from '../../src/json.ts';
import type { EvaluationContext } from '../../src/rules/context.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { Value } from '../../src/rules/value.ts';

export const V1 = '2015-10-08';
export const V2 = '2016-03-23';

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
