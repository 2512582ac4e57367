import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/decimal.ts';
import { CodedError } from '../../../src/errors.ts';
import type { Expression, Statement } from '../../../src/rules/sql/ast.ts';
import { Parser } from '../../../src/rules/sql/parser.ts';
import { printExpression, printStatement } from '../../../src/rules/sql/print.ts';
import { sourceOf } from '../../../src/rules/sql/source.ts';
import { times } from '../../support/effort.ts';
import { select, V1, V2 } from '../context.ts';
import { anyExpression, anyStatement } from './trees.ts';

function parse(sql: string, version = V2): Statement {
  return new Parser(sourceOf(sql, {}), version === V1).statement();
}

/** The tree without the places in the text. */
function withoutSpans(node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (node instanceof Decimal) return `Decimal ${node.toString()}`;
  if (Array.isArray(node)) return node.map(withoutSpans);
  const kept = Object.entries(node).filter(([key]) => !spanKeys.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutSpans(value)]));
}

const spanKeys = new Set(['start', 'end', 'span', 'nameSpan', 'typeSpan', 'set', 'looseCommas']);

describe('printing', () => {
  for (const version of [V1, V2]) {
    it(`gives text that parses to the same statement in ${version}`, () => {
      fc.assert(
        fc.property(anyStatement(version), (statement) => {
          const text = printStatement(statement);
          expect(withoutSpans(parse(text, version))).toEqual(withoutSpans(statement));
          expect(printStatement(parse(text, version))).toBe(text);
        }),
        { numRuns: times(1500) },
      );
    });
  }

  it('gives text that parses to the same expression', () => {
    fc.assert(
      fc.property(anyExpression(V2), (expression) => {
        const { where } = parse(`SELECT a WHERE ${printExpression(expression)}`);
        expect(withoutSpans(where)).toEqual(withoutSpans(expression));
      }),
      { numRuns: times(1500) },
    );
  });

  it('generates every kind of node, so that the properties above cover them', () => {
    const kinds = new Set<string>();
    for (const statement of fc.sample(anyStatement(V2), { numRuns: 500, seed: 1 })) {
      JSON.stringify(statement, (key, value) => {
        if (key === 'kind' || key === 'operator') kinds.add(value);
        return value;
      });
    }
    const expected =
      'literal name variable star member index unary binary case call cast array object nested exists all spread value items single AND OR IN = <> < <= > >= + - * / % NOT';
    expect([...kinds].sort()).toEqual(expected.split(' ').sort());
  });

  it('is stable on every statement of the conformance cases', () => {
    let printed = 0;
    for (const { sql, awsIotSqlVersion } of vectorCases()) {
      const version = awsIotSqlVersion ?? V1;
      const statement = parsed(sql, version);
      if (statement === null) continue;
      const text = printStatement(statement);
      expect(withoutFilterForm(parse(text, version))).toEqual(withoutFilterForm(statement));
      expect(printStatement(parse(text, version))).toBe(text);
      printed++;
    }
    expect(printed).toBeGreaterThan(900);
  });

  it.each([
    ['select a,b from "x/#" where  a!=1', "SELECT a, b FROM 'x/#' WHERE a <> 1"],
    ['SELECT value, value.x FROM t', "SELECT value, value.x FROM 't'"],
    ['SELECT VALUE (value)[0] FROM t', "SELECT VALUE (value)[0] FROM 't'"],
    ['SELECT (value)[0] AS v, end FROM t', "SELECT (value)[0] AS v, (end) FROM 't'"],
    ['SELECT ((a + b)) * c AS x, a + (b * c) AS y', 'SELECT (a + b) * c AS x, a + b * c AS y'],
    ['SELECT a - (b - c) AS x, (a - b) - c AS y', 'SELECT a - (b - c) AS x, a - b - c AS y'],
    ['SELECT NOT (a = b) AS x, (NOT a) = b AS y', 'SELECT NOT a = b AS x, (NOT a) = b AS y'],
    ['SELECT - - a AS x, -(a + 1) AS y, -a.b AS z', 'SELECT -(-a) AS x, -(a + 1) AS y, -a.b AS z'],
    ["SELECT 'it''s' AS x, \"say 'hi'\" AS y", "SELECT 'it''s' AS x, 'say ''hi''' AS y"],
    ["SELECT a+b, (a), true, NULL FROM 't'", "SELECT a+b, a, true, NULL FROM 't'"],
    ['SELECT a.b.*, * , * AS p.q, VALUE', 'SELECT a.b.*, *, * AS p.q, VALUE'],
    ['SELECT VALUE VALUE', 'SELECT VALUE VALUE'],
    ['set @a=*, @b = 1 select @a.x, @b', 'SET @a = *, @b = 1 SELECT @a.x, @b'],
    [
      'SELECT (select value x from a.b as e where e>1)[0].c, exists(select * from (from)) AS w',
      'SELECT (SELECT VALUE x FROM a.b AS e WHERE e > 1)[0].c, EXISTS (SELECT * FROM (from)) AS w',
    ],
    [
      "SELECT case a when 1 then 'x' else [1,{'k':*}] end AS c, CAST(a+1 as Int), encode(*,'base64')",
      "SELECT CASE a WHEN 1 THEN 'x' ELSE [1, {'k': *}] END AS c, cast(a + 1 AS Int), encode(*, 'base64')",
    ],
  ])('of %s is canonical', (sql, expected) => {
    expect(printStatement(parse(sql))).toBe(expected);
  });

  it('loses no digit of a number', () => {
    for (const digits of [
      '9007199254740993',
      '0.1',
      '1E400',
      '5E-999',
      '1234567890123456789012345678901.234',
      '1E1000',
    ]) {
      expect(withoutSpans(parse(printStatement(parse(`SELECT ${digits} AS x`))))).toEqual(
        withoutSpans(parse(`SELECT ${digits} AS x`)),
      );
    }
    expect(printStatement(parse('SELECT 10.0 AS x, 1E2 AS y', V1))).toBe('SELECT 10.0 AS x, 100.0 AS y');
    expect(printStatement(parse('SELECT 10.0 AS x', V2))).toBe('SELECT 10 AS x');
  });

  it('prints negative literals, which the parser does not make, so that they mean the same', () => {
    const literal: Expression = { kind: 'literal', value: -2, start: 0, end: 0 };
    const product: Expression = { kind: 'member', object: literal, name: 'a', start: 0, end: 0 };
    expect(printExpression(product)).toBe('(-2).a');
    expect(select(printExpression({ kind: 'unary', operator: '-', operand: literal, start: 0, end: 0 }))).toBe(2);
  });
});

/** Quotes of any form become single quotes. */
function withoutFilterForm(statement: Statement): unknown {
  const { topicFilter, ...rest } = statement;
  return withoutSpans({ ...rest, topicFilter: topicFilter?.text ?? null });
}

function parsed(sql: string, version: string): Statement | null {
  try {
    return parse(sql, version);
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

function vectorCases(): { readonly sql: string; readonly awsIotSqlVersion: string | null }[] {
  const text = readFileSync(new URL('../../vectors/iot-sql.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
