import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/json.ts';
import { functions } from '../../src/rules/functions/index.ts';
import { serializeValue } from '../../src/rules/serialize.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import type { Value, ValueObject } from '../../src/rules/value.ts';
import { contextOf, V1, V2 } from './context.ts';
import {
  binaryOperators,
  casts,
  type Expected,
  functionRows,
  jsonOf,
  operands,
  type Sql,
  unaryOperators,
} from './conversions.ts';
import { deepFreeze } from './values.ts';

const fields = ['p', 'q', 'r', 's', 't'];

/** The expression on a message that holds the operands as p, q, r …; an Undefined operand is a missing field. */
function evaluator(expression: string, version: string): (values: readonly Sql[]) => Value {
  const statement = compileStatement(`SELECT VALUE ${expression} FROM '#'`, { version });
  return (values) => {
    const document = deepFreeze(documentOf(values, version));
    const result = statement.evaluate(contextOf('{}', { document, awsIotSqlVersion: version }));
    if (result === notMatched) throw new Error('A statement without WHERE did not match.');
    return result;
  };
}

function documentOf(values: readonly Sql[], version: string): Value {
  const members = values.flatMap((value, i) =>
    value.type === 'Undefined' ? [] : [`${JSON.stringify(fields[i])}:${jsonOf(value)}`],
  );
  const bytes = Buffer.from(`{${members.join(',')}}`);
  const decoded = decodeJson(bytes, 0, bytes.length, version === V1);
  return decoded.status === 'json' ? (decoded.document as ValueObject) : undefined;
}

function problemOf(expected: Expected | null, value: Value): string | null {
  const got = serializeValue(value);
  if (expected === null) return null;
  if (expected.type === 'Like') return expected.form.test(got) ? null : `${got} is not like ${expected.form}`;
  if (expected.type === 'About') {
    const isClose = Math.abs(Number(got) - expected.value) <= Math.abs(expected.value) * 1e-12;
    return got !== '' && isClose ? null : `${got} instead of about ${expected.value}`;
  }
  const wanted = jsonOf(expected);
  // The text "null" and Undefined are not what they look like.
  return got === wanted && (value === undefined) === (expected.type === 'Undefined')
    ? null
    : `${got} instead of ${wanted}`;
}

function shown(values: readonly Sql[]): string {
  return values.map((value) => jsonOf(value) || 'Undefined').join(', ');
}

describe('operators follow the tables', () => {
  const all = Object.values(operands);

  for (const version of [V1, V2]) {
    const isFirst = version === V1;
    for (const [name, expected] of Object.entries(binaryOperators)) {
      it(`${name} in ${version}, for operands of all types`, () => {
        const evaluate = evaluator(`p ${name} q`, version);
        const problems: string[] = [];
        for (const left of all) {
          for (const right of all) {
            const problem = problemOf(expected(left, right), evaluate([left, right]));
            if (problem !== null) problems.push(`${shown([left])} ${name} ${shown([right])}: ${problem}`);
          }
        }
        expect(problems).toEqual([]);
      });
    }

    it.each(Object.entries(unaryOperators))(`%s in ${version}, for operands of all types`, (name, expected) => {
      // Not `VALUE - p`, which subtracts.
      const evaluate = evaluator(`(${name} p)`, version);
      const problems = all.map((operand) => problemOf(expected(operand), evaluate([operand])));
      expect(problems.filter((problem) => problem !== null)).toEqual([]);
    });

    it.each(Object.entries(casts).filter(([, { first }]) => first || !isFirst))(
      `cast to %s in ${version}, of values of all types`,
      (name, { cast }) => {
        for (const spelling of [name, name.toUpperCase()]) {
          const evaluate = evaluator(`cast(p AS ${spelling})`, version);
          for (const operand of all) {
            expect(problemOf(cast(operand), evaluate([operand])), shown([operand])).toBeNull();
          }
        }
      },
    );
  }
});

describe('functions follow the tables', () => {
  /** They ask other services, which no table can tell the answers of; and cast, which is no function to call. */
  const withoutRows =
    'cast aws_lambda get_dynamodb get_registry_data get_secret get_thing_shadow machinelearning_predict'.split(' ');
  const COMBINATIONS_MAX = 1_200;

  it('is about every function', () => {
    const names = functions.map(({ name }) => name.toLowerCase()).filter((name) => !withoutRows.includes(name));
    expect(names.sort()).toEqual([...functionRows.keys()].sort());
  });

  for (const { name, since } of functions) {
    const rows = functionRows.get(name.toLowerCase());
    if (rows === undefined) continue;
    const [min, max] = rows.counts;
    const values = [...Object.values(operands), ...Object.values(rows.special ?? {})];
    it(`${name} gives what its row says for every number and type of parameters, and Undefined for wrong numbers`, () => {
      const problems: string[] = [];
      for (const version of since === V1 ? [V1, V2] : [V2]) {
        for (let count = 0; count <= Math.min(max + 1, 4); count++) {
          // decode() with more parameters is another function, of Protocol Buffers.
          if (name === 'decode' && count > 2) continue;
          const evaluate = evaluator(`${name}(${fields.slice(0, count).join(', ')})`, version);
          for (const parameters of combinations(values, count, COMBINATIONS_MAX)) {
            const expected = count < min || count > max ? ({ type: 'Undefined' } as const) : rows.result(parameters);
            const problem = problemOf(expected, evaluate(parameters));
            if (problem !== null) problems.push(`${name}(${shown(parameters)}) in ${version}: ${problem}`);
          }
        }
      }
      expect(problems.slice(0, 20)).toEqual([]);
    });

    it(`${name} gives the same for constants, which are evaluated when the statement is compiled`, () => {
      const count = Math.min(max, 3);
      for (const parameters of combinations(
        values.map(literalOf).filter((text) => text !== null),
        count,
        60,
      )) {
        const literals = parameters.map(({ sql }) => sql).join(', ');
        const constant = evaluator(`${name}(${literals})`, V2)([]);
        const expected = rows.result(parameters.map(({ value }) => value));
        expect(problemOf(expected, constant), `${name}(${literals})`).toBeNull();
      }
    });
  }
});

function literalOf(value: Sql): { readonly sql: string; readonly value: Sql } | null {
  if (value.type === 'Undefined') return { sql: 'missing', value };
  return { sql: value.type === 'String' ? `'${value.value}'` : jsonOf(value), value };
}

/** All of them if they are few, else a sample that is the same in every run. */
function combinations<Item>(items: readonly Item[], count: number, max: number): readonly (readonly Item[])[] {
  if (items.length ** count > max) {
    const one = fc.array(fc.constantFrom(...items), { minLength: count, maxLength: count });
    return fc.sample(one, { numRuns: max, seed: 3 });
  }
  let lists: (readonly Item[])[] = [[]];
  for (let i = 0; i < count; i++) lists = lists.flatMap((list) => items.map((item) => [...list, item]));
  return lists;
}
