import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runVector, type VectorCase } from '../../../src/cli/vectors.ts';
import { CodedError } from '../../../src/errors.ts';
import type { EvaluationContext } from '../../../src/rules/context.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import type { Expression, SelectItem, Statement } from '../../../src/rules/sql/ast.ts';
import { printStatement } from '../../../src/rules/sql/print.ts';
import { type CompiledStatement, compileStatement, notMatched } from '../../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../../src/rules/template.ts';
import type { Value } from '../../../src/rules/value.ts';
import { times } from '../../support/effort.ts';
import { contextOf, V1, V2 } from '../context.ts';
import { anyValue, deepFreeze } from '../values.ts';
import { anyStatement } from './trees.ts';

/** JSON text of what a statement gives; how it fails is not of interest here, but it must not fail. */
function outcomeOf(statement: CompiledStatement, context: EvaluationContext): string {
  const value = statement.evaluate(context);
  if (value === notMatched) return 'no match';
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : serializeValue(value);
}

function compiled(sql: string, version: string): CompiledStatement | null {
  try {
    return compileStatement(sql, { version });
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/** With the variables that generated statements name set before they are used. */
function completed(statement: Statement): Statement {
  const [v = field('a'), v2 = field('b')] = statement.assignments.map(({ value }) => value);
  const values = { x_1: field('a'), v, v2 };
  const assignments = Object.entries(values).map(([name, value]) => ({ name, value, start: 0, end: 0 }));
  const { select } = statement;
  // Everything, and then something added to its parts: what comes closest to writing into the message.
  if (select.kind === 'single') return { ...statement, assignments };
  const items: SelectItem[] = [{ kind: 'all', start: 0, end: 0 }, ...select.items];
  return { ...statement, assignments, select: { ...select, items } };
}

function field(name: string): Expression {
  return { kind: 'name', name, start: 0, end: 0 };
}

describe('evaluation leaves messages alone', () => {
  it('for statements of any form and documents of any shape, and gives the same again', () => {
    let compiledCount = 0;
    fc.assert(
      fc.property(anyStatement(V2), anyValue, anyValue, (statement, a, b) => {
        const plan = compiled(printStatement(completed(statement)), V2);
        if (plan === null) return;
        compiledCount++;
        const context = deepFreeze(contextOf('{"a":1}', { document: { a: { a, b }, b, temp: a, value: { a } } }));
        const first = outcomeOf(plan, context);
        expect(outcomeOf(plan, context)).toBe(first);
        // Another message in between leaves nothing behind.
        outcomeOf(plan, contextOf('{"a":{"b":[1,{"temp":2}]},"b":"text"}'));
        expect(outcomeOf(plan, context)).toBe(first);
      }),
      { numRuns: times(3000) },
    );
    expect(compiledCount).toBeGreaterThan(1000);
  });

  it('in all conformance cases, with their templates', () => {
    for (const vector of vectorCases()) {
      const version = vector.awsIotSqlVersion ?? V1;
      const plan = compiled(vector.sql, version);
      if (plan === null) continue;
      const payload = bytesOf(vector.payload);
      const context = deepFreeze(contextOf(payload, { awsIotSqlVersion: version, topic: vector.topic }));
      const before = serializeValue(context.document);
      const first = outcomeOf(plan, context);
      expect(outcomeOf(plan, context), vector.id).toBe(first);
      if (vector.template !== undefined) {
        const template = compileTemplate(vector.template, { version, sql: vector.sql });
        expect(template.render(context), vector.id).toBe(template.render(context));
      }
      expect(serializeValue(context.document), vector.id).toBe(before);
      expect(payload.equals(context.payload), vector.id).toBe(true);
      expect(runVector(vector), vector.id).toBeNull();
    }
  });

  it('does not hand out parts of what it keeps between messages', () => {
    const plan = compileStatement("SELECT [1, 2] AS l, {'k': {'m': 1}} AS o, 3 AS a.b FROM '#'", { version: V2 });
    const first = plan.evaluate(contextOf('{}')) as Record<string, Value>;
    // Constants are shared, which is safe as long as nobody can change them unseen.
    const text = serializeValue(first);
    deepFreeze(first);
    expect(serializeValue(plan.evaluate(contextOf('{}')) as Value)).toBe(text);
  });
});

/** A JSON value, or `{"base64": …}` for raw bytes. */
function bytesOf(payload: unknown): Buffer {
  const { base64 } = (payload ?? {}) as { readonly base64?: unknown };
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : Buffer.from(JSON.stringify(payload) ?? '');
}

function vectorCases(): VectorCase[] {
  const text = readFileSync(new URL('../../vectors/iot-sql.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as VectorCase);
}
