import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeValue } from '../../src/rules/serialize.ts';
import { isLonger } from '../../src/rules/size.ts';
import type { Value } from '../../src/rules/value.ts';
import { times } from '../support/effort.ts';
import { select } from './context.ts';
import { anyValue } from './values.ts';

describe('isLonger', () => {
  it('never says so of a value whose JSON is short enough', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(isLonger(value, Math.max(2, serializeValue(value).length))).toBe(false);
      }),
      { numRuns: times(500) },
    );
  });

  it('says so of texts, arrays and objects that are too long', () => {
    for (const value of ['x'.repeat(100), new Array(100).fill(1), { ['k'.repeat(100)]: 1 }, [['x'.repeat(100)]]]) {
      expect(isLonger(value, 90)).toBe(true);
      expect(isLonger(value, 200)).toBe(false);
    }
  });

  it('stops counting where it knows, in values that share their parts a googol times', () => {
    let value: Value = ['x'];
    for (let i = 0; i < 10; i++) value = new Array<Value>(10_000).fill(value);
    expect(isLonger(value, 1_000_000)).toBe(true);
  });
});

describe('what would be too long as text is Undefined', () => {
  const payload = JSON.stringify({
    big: { k: 'x'.repeat(60_000), l: new Array(10_000).fill(0) },
    many: new Array(10_000).fill({}),
    few: [{}, {}],
  });
  const copies = (count: number) => `[${new Array(count).fill('big').join()}]`;

  it.each([
    `cast(${copies(300)} AS String)`,
    `${copies(300)} + ''`,
    `length(${copies(300)})`,
    `md5(${copies(300)})`,
    `encode(${copies(300)}, 'base64')`,
    "transform('enrichArray', big, many)",
    "transform('enrichArray', big, few)",
  ])('%s', (expression) => {
    expect(select(expression, payload)).toBeUndefined();
  });

  it('and what is not is text', () => {
    expect(select(`length(${copies(100)})`, payload)).toBe(100 * 80_014 + 101);
    expect(select("length(transform('enrichArray', {'k': big.k}, few))", payload)).toBe(120_000 + 2 * 8 + 3);
  });
});
