import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/decimal.ts';
import { CallFailed, CallPending } from '../../../src/rules/external.ts';
import { functions } from '../../../src/rules/functions/index.ts';
import { parameterCountMax, parameterCountMin } from '../../../src/rules/functions/spec.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import { operators } from '../../../src/rules/sql/operators.ts';
import type { Value } from '../../../src/rules/value.ts';
import { times } from '../../support/effort.ts';
import { contextOf, select } from '../context.ts';
import { anyValue, deepFreeze } from '../values.ts';

describe('functions', () => {
  for (const { name, examples } of functions) {
    it.each(examples)(`${name}: $sql gives $result`, ({ sql, result }) => {
      expect(serializeValue(select(sql))).toBe(result);
    });
  }

  it('have examples, a summary and a name of their own', () => {
    const names = functions.map(({ name }) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    for (const { examples, summary } of functions) {
      expect(examples.length).toBeGreaterThan(0);
      expect(summary).toMatch(/\.\)?$/);
    }
  });

  const context = contextOf('{"a":1}');
  for (const spec of functions.filter(({ external }) => external === undefined)) {
    it(`${spec.name} returns for parameters of any type, leaves them alone and gives no NaN`, () => {
      const max = Math.min(parameterCountMax(spec), 4);
      const parameters = fc.array(anyValue, { minLength: parameterCountMin(spec), maxLength: max });
      fc.assert(
        fc.property(parameters, (values) => {
          const result = spec.evaluate(deepFreeze(values), context);
          expect(isFiniteValue(result)).toBe(true);
          expect(serializeValue(spec.evaluate(values, context))).toBe(serializeValue(result));
        }),
        { numRuns: times(150) },
      );
    });
  }

  for (const spec of functions.filter(({ external }) => external !== undefined)) {
    it(`${spec.name} asks or fails for parameters of any type, and leaves them alone`, () => {
      const parameters = fc.array(anyValue, {
        minLength: parameterCountMin(spec),
        maxLength: parameterCountMax(spec),
      });
      fc.assert(
        fc.property(parameters, (values) => {
          const thrown = thrownBy(() => spec.evaluate(deepFreeze(values), context));
          expect(thrown instanceof CallPending || thrown instanceof CallFailed).toBe(true);
          if (thrown instanceof CallPending)
            expect(JSON.parse(thrown.calls[0]?.parameters ?? '')).toBeInstanceOf(Array);
        }),
        { numRuns: times(300) },
      );
    });
  }
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return null;
}

describe('operators', () => {
  for (const [name, operate] of Object.entries(operators)) {
    it(`${name} returns for operands of any type, leaves them alone and gives no NaN`, () => {
      fc.assert(
        fc.property(anyValue, anyValue, (left, right) => {
          expect(isFiniteValue(operate(deepFreeze(left), deepFreeze(right)))).toBe(true);
        }),
        { numRuns: times(300) },
      );
    });
  }
});

function isFiniteValue(value: Value): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Decimal) return value.isFinite();
  if (Array.isArray(value)) return value.every(isFiniteValue);
  return true;
}
