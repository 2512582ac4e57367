import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeValue } from '../../src/rules/serialize.ts';
import { notMatched } from '../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../src/rules/template.ts';
import { times } from '../support/effort.ts';
import { contextOf, run, select, V1, V2 } from './context.ts';
import * as exact from './exact.ts';

/** Texts of numbers: what sensors send, 34 digits, and exponents up to the bounds. */
const small = fc
  .tuple(fc.integer(), fc.nat(12))
  .map(([digits, places]) => exact.textOf({ digits: BigInt(digits), places }));
const long = fc
  .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -40, max: 60 }))
  .map(([digits, places]) => exact.textOf({ digits, places }));
const wide = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: -940, max: 940 }))
  .map(([digits, places]) => exact.textOf({ digits, places }));
const nearSafe = fc
  .tuple(fc.constantFrom(2n ** 53n, 10n ** 15n, 10n ** 16n), fc.integer({ min: -3, max: 3 }), fc.nat(3))
  .map(([base, off, places]) => exact.textOf({ digits: base + BigInt(off), places }));
const double = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 })
  .map((value) => exact.textOf(exact.rounded(exact.exactOf(String(value))) ?? { digits: 0n, places: 0 }));
const anyNumber = fc.oneof(small, long, wide, nearSafe, double);

function textOf(value: exact.Exact | undefined): string {
  return value === undefined ? '' : exact.textOf(value);
}

describe('arithmetic', () => {
  const operators = { '+': exact.plus, '-': exact.minus, '*': exact.times, '/': exact.over, '%': exact.rest };

  for (const [operator, calculate] of Object.entries(operators)) {
    it(`${operator} has 34 digits, ties to even, for payloads, literals and constants`, () => {
      fc.assert(
        fc.property(anyNumber, anyNumber, (a, b) => {
          const expected = textOf(calculate(exact.exactOf(a), exact.exactOf(b)));
          expect(serializeValue(select(`a ${operator} b`, `{"a":${a},"b":${b}}`))).toBe(expected);
          expect(serializeValue(select(`(${a}) ${operator} (${b})`))).toBe(expected);
        }),
        { numRuns: times(400) },
      );
    });
  }

  it('compares all digits', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, (a, b) => {
        const order = exact.order(exact.exactOf(a), exact.exactOf(b));
        const payload = `{"a":${a},"b":${b},"t":"${b}"}`;
        expect(select('[a < b, a <= b, a > b, a >= b, a = b, a <> b, a < t, a >= t]', payload)).toEqual([
          order < 0,
          order <= 0,
          order > 0,
          order >= 0,
          order === 0,
          order !== 0,
          order < 0,
          order >= 0,
        ]);
      }),
      { numRuns: times(400) },
    );
  });

  it.each([
    ['1234567890123456789012345678901234 + 0.5', '1234567890123456789012345678901234'],
    ['1234567890123456789012345678901235 + 0.5', '1234567890123456789012345678901236'],
    ['9999999999999999999999999999999999 + 1', '1E34'],
    [
      '9999999999999999999999999999999999 * 9999999999999999999999999999999999',
      '9.999999999999999999999999999999998E67',
    ],
    ['1 / 3', '0.3333333333333333333333333333333333'],
    ['2 / 3', '0.6666666666666666666666666666666667'],
    ['9.9E999 + 1E999', ''],
    ['9.9E999', '9.9E999'],
    ['-9.9E999 * 10', ''],
    ['1E1000', ''],
    ['1E-999 * 0.1', '0'],
    ['0.1 + 0.2 = 0.3', 'true'],
    ['1.1 * 1.1', '1.21'],
    ['4.35 * 100', '435'],
    ['1.005 * 1000', '1005'],
    ['0.7 + 0.1', '0.8'],
    ['1E33 + 1', '1000000000000000000000000000000001'],
    ['1E34 + 1', '1E34'],
    ['7 % 0.1', '0'],
    ['5.5 % 2', '1.5'],
    ['-5.5 % 2', '-1.5'],
    ['9007199254740993 % 10', '3'],
    ['1 / 1E-400', '1E400'],
    ['1E-390 % 1E-400', '0'],
    ["substring('abc', 0.9999999999999999999999)", '"abc"'],
    ["get('abc', 0.9999999999999999999999)", '"a"'],
    ["get('abc', -1E-400)", ''],
  ])('%s is %s', (expression, expected) => {
    expect(serializeValue(select(expression))).toBe(expected);
  });
});

describe('a number that no double holds', () => {
  const n = '9007199254740993';
  const payload = `{"n":${n},"o":{"n":${n}},"l":[${n}],"t":"${n}","e":[{"v":${n}}]}`;

  it.each([
    'n',
    'n + 0',
    'n - 0',
    'n * 1',
    'n / 1',
    '-(-n)',
    'o.n',
    'l[0]',
    'get(l, 0)',
    "get(o, 'n')",
    'abs(n)',
    'abs(-n)',
    'ceil(n)',
    'floor(n)',
    'round(n)',
    'trunc(n, 2)',
    'nanvl(n, 1)',
    'get_or_default(n, 1)',
    'concat(n)',
    'get(concat([], n), 0)',
    'cast(n AS Int)',
    'cast(n AS Decimal)',
    'cast(t AS Int)',
    'cast(t AS Decimal)',
    't - 0',
    'bitand(n, n)',
    'bitor(n, 0)',
    'mod(n, 9007199254740994)',
    'CASE n WHEN 9007199254740993 THEN n ELSE 0 END',
    "{'x': n}.x",
    '[n][0]',
    '(SELECT VALUE v FROM e)[0]',
    '(SELECT n FROM o).n',
    "decode(encode(n, 'base64'), 'base64')",
    "decode(encode(o, 'base64'), 'base64').n",
    "get(transform('enrichArray', o, e), 0).n",
    n,
  ])('survives %s', (expression) => {
    for (const version of [V1, V2]) {
      const isLater = /\[|\{|SELECT|Decimal|get_or|transform|encode/.test(expression);
      if (isLater && version === V1) continue;
      const statement = `SELECT VALUE ${expression} FROM '#'`;
      const value = run(statement, payload, { awsIotSqlVersion: version });
      expect(value === notMatched ? '' : serializeValue(value)).toBe(n);
    }
  });

  it.each([
    ['n = 9007199254740993', 'true'],
    ['n = 9007199254740992', 'false'],
    ['n <> 9007199254740992', 'true'],
    ['n > 9007199254740992', 'true'],
    ["n > '9007199254740992'", 'true'],
    ['n IN [9007199254740992]', 'false'],
    ['n IN [9007199254740993]', 'true'],
    ["n + ''", `"${n}"`],
    ['cast(n AS String)', `"${n}"`],
    ['length(n)', '16'],
    ['endswith(n, 3)', 'true'],
    ['EXISTS (SELECT * FROM l AS x WHERE x = 9007199254740993)', 'true'],
    ['EXISTS (SELECT * FROM l AS x WHERE x = 9007199254740992)', 'false'],
    ['l = [9007199254740993]', 'true'],
    ['l = [9007199254740992]', 'false'],
    ["o = {'n': 9007199254740992}", 'false'],
    ['cast(l AS String)', `"[${n}]"`],
    ['cast(n AS Double) - 9007199254740992', '0'],
  ])('%s is %s', (expression, expected) => {
    expect(serializeValue(select(expression, payload))).toBe(expected);
  });

  it('survives SELECT *, dotted aliases, SET variables and templates', () => {
    expect(serializeValue(run("SELECT *, n AS a.b FROM '#'", `{"n":${n}}`) as never)).toBe(`{"n":${n},"a":{"b":${n}}}`);
    expect(serializeValue(run("SET @v = n SELECT @v AS v, @v + 0 AS w FROM '#'", payload) as never)).toBe(
      `{"v":${n},"w":${n}}`,
    );
    const template = compileTemplate('a/${n}/${n + 0}/${o}', { version: V2 });
    expect(template.render(contextOf(payload))).toBe(`a/${n}/${n}/{"n":${n}}`);
  });
});

describe('numbers as text', () => {
  it('become the same number again, as JSON, by cast, and in arithmetic', () => {
    fc.assert(
      fc.property(anyNumber, (text) => {
        const payload = `{"n":${text}}`;
        expect(serializeValue(select('n', payload))).toBe(text);
        expect(select('cast(n AS String)', payload)).toBe(text);
        expect(serializeValue(select("cast('' + n AS Decimal)", payload))).toBe(text);
        expect(select("'' + n - n", payload)).toBe(0);
        expect(compileTemplate('${n}', { version: V2 }).render(contextOf(payload))).toBe(text);
      }),
      { numRuns: times(600) },
    );
  });

  it.each([
    // text in the payload, 2015-10-08, 2016-03-23
    ['10.0', '10.0', '10'],
    ['10.50', '10.5', '10.5'],
    ['-0.0', '0.0', '0'],
    ['1E3', '1000.0', '1000'],
    ['1e3', '1000.0', '1000'],
    ['1E+3', '1000.0', '1000'],
    ['1.5E1', '15.0', '15'],
    ['1500E-2', '15.0', '15'],
    ['100', '100', '100'],
    ['1E-7', '1E-7', '1E-7'],
    ['0.0000010', '0.000001', '0.000001'],
    ['1E34', '1E34', '1E34'],
    ['12345678901234567890.0', '12345678901234567890', '12345678901234567890'],
  ])('%s in a payload is %s in 2015-10-08 and %s in 2016-03-23', (text, first, second) => {
    const payload = `{"n":${text}}`;
    expect(select("n + ''", payload, { awsIotSqlVersion: V1 })).toBe(first);
    expect(select("n + ''", payload, { awsIotSqlVersion: V2 })).toBe(second);
    expect(serializeValue(select('n', payload, { awsIotSqlVersion: V2 }))).toBe(second);
  });
});
