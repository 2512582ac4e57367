import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VectorCase } from '../../../../src/cli/vectors.ts';
import { CodedError } from '../../../../src/errors.ts';
import { isSame } from '../../../../src/rules/compare.ts';
import { functions } from '../../../../src/rules/functions/index.ts';
import { callResult } from '../../../../src/rules/sql/analysis/function-results.ts';
import { Inference } from '../../../../src/rules/sql/analysis/infer.ts';
import { anything, kindOf, ofKinds, type Possible } from '../../../../src/rules/sql/analysis/possible.ts';
import { ofShape, shapeOf } from '../../../../src/rules/sql/analysis/shape.ts';
import { analyzeStatement } from '../../../../src/rules/sql/analyze.ts';
import { Parser } from '../../../../src/rules/sql/parser.ts';
import { printStatement } from '../../../../src/rules/sql/print.ts';
import { sourceOf } from '../../../../src/rules/sql/source.ts';
import { compileStatement, notMatched } from '../../../../src/rules/sql/statement.ts';
import type { Value } from '../../../../src/rules/value.ts';
import { times } from '../../../support/effort.ts';
import { contextOf, V1, V2 } from '../../context.ts';
import { anyValue } from '../../values.ts';
import { anyStatement } from '../trees.ts';
import { anyCondition, anyExpressionText, anyPayload } from './arbitraries.ts';

const neverTrue = (sql: string, version = V2) =>
  analyzeStatement(sql, { version }).filter(({ code }) => code === 'SQL_NEVER_TRUE');

function covers(possible: Possible, value: Value): boolean {
  if ((possible.kinds & kindOf(value)) === 0) return false;
  return possible.values === null || possible.values.some((candidate) => isSame(candidate, value));
}

describe('what is inferred', () => {
  it('covers what evaluation gives', () => {
    fc.assert(
      fc.property(anyExpressionText, anyPayload, (condition, payload) => {
        const sql = `SET @v = a SELECT VALUE ${condition} FROM 't/+'`;
        const context = contextOf(JSON.stringify(payload), { topic: 't/x' });
        const value = compileStatement(sql, { version: V2 }).evaluate(context) as Value;
        const statement = new Parser(sourceOf(sql, {}), false).statement();
        if (statement.select.kind !== 'single') throw new Error('Not SELECT VALUE.');
        const shape = shapeOf([context.document]);
        for (const assumptions of [{}, { topicFilter: 't/+' }, { shape }, { shape, topicFilter: 't/+' }]) {
          const inference = new Inference({ version: V2, ...assumptions }).statement(statement);
          expect(covers(inference.at(statement.select.expression), value)).toBe(true);
        }
      }),
      { numRuns: times(1_500) },
    );
  });

  it('covers what every function gives, for parameters of any type', () => {
    for (const spec of functions.filter(({ external }) => external === undefined)) {
      fc.assert(
        fc.property(fc.array(anyValue, { maxLength: 4 }), (parameters) => {
          const min = spec.params.filter((param) => !param.isOptional && !param.isRepeated).length;
          const max = spec.params.some(({ isRepeated }) => isRepeated) ? 4 : spec.params.length;
          if (parameters.length < min || parameters.length > max) return;
          const result = spec.evaluate(parameters, contextOf('{}'));
          const kinds = parameters.map((parameter) => ofKinds(kindOf(parameter)));
          expect(covers(callResult(spec.name, kinds), result), spec.name).toBe(true);
          expect(
            covers(
              callResult(
                spec.name,
                parameters.map(() => anything),
              ),
              result,
            ),
            spec.name,
          ).toBe(true);
        }),
        { numRuns: times(100) },
      );
    }
  });

  it('covers each of the samples that a shape was made of', () => {
    fc.assert(
      fc.property(fc.array(anyPayload, { minLength: 1, maxLength: 5 }), (payloads) => {
        const shape = shapeOf(payloads as Value[]);
        for (const payload of payloads) expect(covers(ofShape(shape), payload as Value)).toBe(true);
      }),
    );
  });
});

describe('a WHERE that can never be true', () => {
  it('is never reported of one that matches', () => {
    let reported = 0;
    let matched = 0;
    fc.assert(
      fc.property(anyCondition, fc.array(anyPayload, { minLength: 5, maxLength: 5 }), (condition, payloads) => {
        const sql = `SET @v = a SELECT * FROM 't/+' WHERE ${condition}`;
        const isReported = neverTrue(sql).length > 0;
        const statement = compileStatement(sql, { version: V2 });
        const isMatched = payloads.some((payload) => {
          const context = contextOf(JSON.stringify(payload), { topic: 't/x' });
          return statement.evaluate(context) !== notMatched;
        });
        if (isReported) reported++;
        if (isMatched) matched++;
        // A nested SELECT of which nothing comes does not keep the rule from matching.
        if (isReported && isMatched) expect(sql).toMatch(/SELECT.*SELECT/);
      }),
      { numRuns: times(1_500) },
    );
    // Neither side may be so rare that nothing was tested.
    expect(Math.min(reported, matched)).toBeGreaterThan(50);
  });

  it('is never reported of a vector that matches', () => {
    const vectors = readFileSync(new URL('../../../vectors/iot-sql.jsonl', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as VectorCase);
    const wrong = vectors.filter(
      ({ sql, awsIotSqlVersion, expect: { match } }) =>
        match === true && neverTrue(sql, awsIotSqlVersion ?? V1).length > 0,
    );
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('does not trouble the analysis, whatever the statement', () => {
    for (const version of [V1, V2]) {
      fc.assert(
        fc.property(anyStatement(version), (statement) => {
          try {
            const findings = analyzeStatement(printStatement(statement), { version });
            for (const { severity } of findings) expect(severity).toBe('warning');
          } catch (error) {
            // Deep trees are refused when they are printed.
            if (!(error instanceof CodedError)) throw error;
          }
        }),
        { numRuns: times(200) },
      );
    }
  });

  it('is looked for in bounded time, however wide the statement', () => {
    const operands = Array.from({ length: 900 }, (_, i) => `isUndefined(a${i % 90}) OR a${i} > ${i}`);
    for (const condition of [operands.slice(0, 450).join(' OR '), operands.join(' AND ').replaceAll(' OR ', ' AND ')]) {
      const sql = `SELECT * FROM 'a' WHERE ${condition.split(' AND ').slice(0, 900).join(' AND ')}`;
      const begin = performance.now();
      analyzeStatement(sql, { version: V2 });
      expect(performance.now() - begin).toBeLessThan(2_000);
    }
  });
});
