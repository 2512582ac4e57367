/** Statements and expressions run for the language page, on one message: whatever the page shows has been computed. */
import { decodeJson } from '../../json.ts';
import type { EvaluationContext } from '../../rules/context.ts';
import { serializeValue } from '../../rules/serialize.ts';
import { compileStatement, notMatched } from '../../rules/sql/statement.ts';
import type { Value } from '../../rules/value.ts';

export const trialTopic = 'plant/north/press';
const VERSION = '2016-03-23';

function contextOf(payload: string): EvaluationContext {
  const bytes = Buffer.from(payload);
  const decoded = decodeJson(bytes, 0, bytes.length, false);
  return {
    topic: trialTopic,
    payload: bytes,
    document: decoded.status === 'json' ? decoded.document : undefined,
    isJson: decoded.status === 'json',
    timestamp: 1_767_225_600_000,
    sequence: 1,
    ruleName: 'press',
    awsIotSqlVersion: VERSION,
    accountId: '',
    sender: () => ({ clientId: 'press-1', principal: 'press-1', address: '192.0.2.7', protocolVersion: 5 }),
  };
}

/** The output as JSON; `Undefined`, or `no match`. */
export function tryStatement(sql: string, payload: string): string {
  const value = compileStatement(sql, { version: VERSION }).evaluate(contextOf(payload));
  return value === notMatched ? 'no match' : serializeValue(value) || 'Undefined';
}

/** `missing` in it is Undefined: the payload is empty. */
export function tryExpression(expression: string): Value {
  const statement = compileStatement(`SELECT VALUE ${expression}`, { version: VERSION });
  const value = statement.evaluate(contextOf('{}'));
  return value === notMatched ? undefined : value;
}
