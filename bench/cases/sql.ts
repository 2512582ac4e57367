import type { EvaluationContext } from '../../src/rules/context.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { Value } from '../../src/rules/value.ts';
import type { BenchCase } from '../case.ts';
import { FIELDS, ruleSql } from '../gateway/rule.ts';
import { payloadTexts } from '../load/documents.ts';
import { measureLoop } from '../measure/loop.ts';

const DOCUMENTS = 20_000;
const BATCH = 1000;
const version = '2016-03-23';

export const sql: BenchCase = {
  name: 'sql',
  question: 'What does the SQL engine cost for one WHERE and nine fields of an already decoded document?',
  async run(context) {
    const statement = compileStatement(ruleSql(), { version });
    const messages = payloadTexts(DOCUMENTS).map(contextOf);
    let next = 0;
    let matched = 0;
    let fields = 0;
    const measurement = measureLoop(context, () => {
      const end = next + BATCH;
      for (let index = next; index < end; index++) {
        const message = messages[index] as EvaluationContext;
        const value = statement.evaluate(message);
        if (value === notMatched) continue;
        matched++;
        if (index === next) fields = Object.keys(value as object).length;
      }
      next = end % messages.length;
      return BATCH;
    });
    if (matched < measurement.messages) throw new Error('The WHERE was not true for every message.');
    if (fields !== FIELDS.length) throw new Error(`${fields} fields came out instead of ${FIELDS.length}.`);
    return measurement;
  },
};

function contextOf(text: string, index: number): EvaluationContext {
  return {
    topic: 'plant/press/000042/telemetry',
    payload: Buffer.from(text),
    document: JSON.parse(text) as Value,
    isJson: true,
    timestamp: 1_760_000_000_000,
    sequence: index,
    ruleName: 'bench',
    awsIotSqlVersion: version,
    accountId: '',
    sender: () => null,
  };
}
