/** Analysing one statement, for tests. */
import { type Sample, Samples } from '../../../../src/rules/sql/analysis/samples.ts';
import { analyzeStatement } from '../../../../src/rules/sql/analyze.ts';
import { compileStatement } from '../../../../src/rules/sql/statement.ts';
import type { Value } from '../../../../src/rules/value.ts';
import { V2 } from '../../context.ts';

/** What is found, as `CODE message`. The statement compiles. */
export function findingsOf(sql: string, samples: readonly Sample[] = [], version = V2): readonly string[] {
  compileStatement(sql, { version });
  const options = samples.length === 0 ? {} : { samples: new Samples(samples) };
  return analyzeStatement(sql, { version, ...options }).map(({ code, message }) => `${code} ${message}`);
}

export function ofWhere(condition: string, samples: readonly Sample[] = []): readonly string[] {
  return findingsOf(`SELECT * FROM 'plant/+/#' WHERE ${condition}`, samples);
}

export function payloads(...values: readonly Value[]): readonly Sample[] {
  return values.map((payload) => ({ topic: null, payload }));
}
