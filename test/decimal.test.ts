import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal, formatNumber, parseNumber, settle } from '../src/decimal.ts';

describe('parseNumber', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['-0.0', 0],
    ['0.1', 0.1],
    ['1e2', 100],
    ['100000000000000000000', 1e20],
    ['123456789012.345', 123456789012.345],
    ['1e-1000', 0],
  ])('%s is a plain number', (text, expected) => {
    expect(parseNumber(text, false)).toBeCloseTo(expected, 12);
    expect(typeof parseNumber(text, false)).toBe('number');
  });

  it.each(['9007199254740993', '0.12345678901234567890', '1E400', '-1e-400', '12345678901234567'])(
    '%s is a Decimal',
    (text) => {
      const parsed = parseNumber(text, false);
      expect(parsed).toBeInstanceOf(Decimal);
      expect(new Decimal(parsed ?? 0).equals(text)).toBe(true);
    },
  );

  it('rounds to 34 digits, half to even', () => {
    expect(String(parseNumber('1.00000000000000000000000000000000005', false))).toBe('1');
    expect(String(parseNumber('1.0000000000000000000000000000000015', false))).toBe(
      '1.000000000000000000000000000000002',
    );
  });

  it('has no number beyond 1E999', () => {
    expect(parseNumber('1e999', false)).toBeInstanceOf(Decimal);
    expect(parseNumber('1e1000', false)).toBeUndefined();
  });

  it('keeps the form of whole numbers with a fraction or exponent when asked', () => {
    for (const text of ['10.0', '1E3', '0.0', '123456789012345.000']) {
      const parsed = parseNumber(text, true);
      expect(parsed).toBeInstanceOf(Decimal);
      expect(formatNumber(parsed ?? 0)).toBe(`${Number(text)}.0`);
    }
    expect(parseNumber('10', true)).toBe(10);
    expect(parseNumber('10.5', true)).toBe(10.5);
  });
});

describe('formatNumber', () => {
  it('writes what parses to the same number again', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatNumber(value);
        expect(parseNumber(text, false)).toBe(value + 0);
        expect(text).toMatch(/^-?\d+(\.\d+)?(E-?\d+)?$/);
      }),
    );
  });
});

describe('settle', () => {
  it('gives a plain number exactly when it prints the same digits', () => {
    expect(settle(new Decimal('0.3'))).toBe(0.3);
    expect(settle(new Decimal('9007199254740993'))).toBeInstanceOf(Decimal);
    expect(settle(new Decimal('9007199254740994'))).toBe(9007199254740994);
    expect(settle(new Decimal(Number.POSITIVE_INFINITY))).toBeUndefined();
    expect(Object.is(settle(new Decimal('-0')), 0)).toBe(true);
    expect(settle(new Decimal('1e-400'))).toBeInstanceOf(Decimal);
  });
});
