/** Messages as statements see them, for cases that begin behind the decoder. */
import type { EvaluationContext } from '../../src/rules/context.ts';
import type { Value } from '../../src/rules/value.ts';

export const SQL_VERSION = '2016-03-23';

/** Of its own shape; a case may put another document into it. */
export interface BenchMessage extends EvaluationContext {
  topic: string;
  document: Value;
}

export function messageOf(text: string, sequence: number): BenchMessage {
  return {
    topic: 'plant/press/000042/telemetry',
    payload: Buffer.from(text),
    document: JSON.parse(text) as Value,
    isJson: true,
    timestamp: 1_760_000_000_000,
    sequence,
    ruleName: 'bench',
    awsIotSqlVersion: SQL_VERSION,
    accountId: '',
    sender: () => null,
  };
}
