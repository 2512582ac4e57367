import type { EvaluationContext } from '../../src/rules/context.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { BenchCase } from '../case.ts';
import { messageOf, SQL_VERSION } from '../gateway/message.ts';
import { FIELDS, ruleSql } from '../gateway/rule.ts';
import { payloadTexts } from '../load/documents.ts';
import { measureLoop } from '../measure/loop.ts';

const DOCUMENTS = 20_000;
const BATCH = 1000;

export const sql: BenchCase = {
  name: 'sql',
  question: 'What does the SQL engine cost for one WHERE and nine fields of an already decoded document?',
  async run(context) {
    const statement = compileStatement(ruleSql(), { version: SQL_VERSION });
    const messages = payloadTexts(DOCUMENTS).map(messageOf);
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
