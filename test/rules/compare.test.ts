import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/decimal.ts';
import { equals } from '../../src/rules/compare.ts';
import type { Value } from '../../src/rules/value.ts';

describe('equals', () => {
  it.each<[Value, Value, boolean | undefined]>([
    [1, 1, true],
    [1, '1', false],
    [true, 'true', false],
    [null, null, true],
    [null, 0, false],
    [undefined, undefined, undefined],
    [undefined, 1, undefined],
    [null, undefined, undefined],
    [10, new Decimal(10), true],
    [new Decimal('9007199254740993'), 9007199254740992, false],
    [[1, 2], [1, 2], true],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [[], {}, false],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ constructor: 1 }, {}, false],
    [{}, { toString: 1 }, false],
    [new Uint8Array([1]), new Uint8Array([1]), true],
    [new Uint8Array([1]), new Uint8Array([2]), false],
    [new Uint8Array([]), {}, false],
  ])('%j = %j is %j', (left, right, expected) => {
    expect(equals(left, right)).toBe(expected);
    expect(equals(right, left)).toBe(expected);
  });
});
