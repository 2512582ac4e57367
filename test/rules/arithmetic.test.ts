import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/decimal.ts';
import { add, compareNumbers, divide, multiply, remainder, subtract } from '../../src/rules/arithmetic.ts';
import { times } from '../support/effort.ts';

/** What sensors send: few digits, few places; and what they do not. */
const numeric = fc.oneof(
  fc.tuple(fc.integer(), fc.nat(9)).map(([digits, places]) => Number(`${digits}e-${places}`)),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(10n ** 34n), max: 10n ** 34n }).map((digits) => new Decimal(digits.toString())),
);

const operations = [
  ['add', add, (left: Decimal, right: Decimal) => left.plus(right)],
  ['subtract', subtract, (left: Decimal, right: Decimal) => left.minus(right)],
  ['multiply', multiply, (left: Decimal, right: Decimal) => left.times(right)],
  ['divide', divide, (left: Decimal, right: Decimal) => left.dividedBy(right)],
  ['remainder', remainder, (left: Decimal, right: Decimal) => left.modulo(right)],
] as const;

describe('arithmetic', () => {
  it.each(operations)('%s gives what 34-digit decimals give', (_, fast, exact) => {
    fc.assert(
      fc.property(numeric, numeric, (left, right) => {
        const result = fast(left, right);
        const expected = exact(new Decimal(left), new Decimal(right));
        if (!expected.isFinite()) expect(result).toBeUndefined();
        else expect(new Decimal(result ?? Number.NaN).equals(expected)).toBe(true);
        if (typeof result === 'number') expect(Object.is(result, -0)).toBe(false);
      }),
      { numRuns: times(3000) },
    );
  });

  it('compares as 34-digit decimals do', () => {
    fc.assert(
      fc.property(numeric, numeric, (left, right) => {
        expect(compareNumbers(left, right) + 0).toBe(new Decimal(left).comparedTo(new Decimal(right)) + 0);
      }),
      { numRuns: times(1000) },
    );
  });

  it('stays with plain numbers where they are exact', () => {
    expect(add(21.5, 0.1)).toBe(21.6);
    expect(multiply(21.5, 1.8)).toBe(38.7);
    expect(divide(1, 8)).toBe(0.125);
    expect(remainder(8.5, 3)).toBe(2.5);
    expect(add(new Decimal('9007199254740993'), -1)).toBe(9007199254740992);
  });
});
