/** What a statement costs, next to `JSON.parse` of the payloads that it is evaluated on. */
import { isDeepStrictEqual } from 'node:util';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { Value } from '../../src/rules/value.ts';
import type { CaseContext, CaseMeasurement } from '../case.ts';
import { type BenchMessage, messageOf, SQL_VERSION } from '../gateway/message.ts';
import { runOtherStatements } from '../gateway/other-statements.ts';
import { measureAgainst } from './interleaved.ts';

const DOCUMENTS = 20_000;
const BATCH = 200;

export interface StatementCase {
  readonly sql: string;
  /** As many distinct payloads, JSON texts. */
  readonly texts: (count: number) => string[];
  /** What the statement selects of a document, said in another way; null where WHERE is not true. */
  readonly expected: (document: { readonly [field: string]: unknown }) => unknown;
}

/**
 * Both work through the same payloads in the same batches: the one parses them, the other finds what was parsed last, as a lane
 * does. Reports `jsonParseRatio`; throws when a selected value is wrong.
 */
export function measureAgainstParsing(context: CaseContext, { sql, texts, expected }: StatementCase): CaseMeasurement {
  const statement = compileStatement(sql, { version: SQL_VERSION });
  const payloads = texts(DOCUMENTS);
  const message = messageOf(payloads[0] ?? '', 0);
  for (const text of payloads) {
    message.document = JSON.parse(text) as Value;
    const value = statement.evaluate(message);
    const wanted = expected(JSON.parse(text) as { [field: string]: unknown });
    if (!isDeepStrictEqual(value === notMatched ? null : value, wanted))
      throw new Error(`The statement is not right about ${text}.`);
  }
  runOtherStatements();
  const messages: BenchMessage[] = payloads.slice(0, BATCH).map(messageOf);
  let next = 0;
  return measureAgainst(context, BATCH, {
    ratioName: 'jsonParseRatio',
    yardstick: () => {
      for (let i = 0; i < BATCH; i++)
        (messages[i] as BenchMessage).document = JSON.parse(payloads[next + i] as string) as Value;
      next = (next + BATCH) % DOCUMENTS;
    },
    measured: () => {
      for (let i = 0; i < BATCH; i++) results[i] = statement.evaluate(messages[i] as BenchMessage);
    },
  });
}

/** Kept until the next round, as an encoder would. */
const results = new Array<unknown>(BATCH).fill(undefined);
