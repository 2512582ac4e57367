import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/decimal.ts';
import { decodeJson } from '../../src/json.ts';
import { isSame } from '../../src/rules/compare.ts';
import { serializeValue } from '../../src/rules/serialize.ts';
import { anyValue } from './values.ts';

describe('serializeValue', () => {
  it.each<[unknown, string]>([
    [undefined, ''],
    [null, 'null'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [1e300, '1E300'],
    [1e-7, '1E-7'],
    [new Decimal('9007199254740993'), '9007199254740993'],
    [new Decimal('0.1234567890123456789'), '0.1234567890123456789'],
    [new Decimal('1e-400'), '1E-400'],
    [{ a: undefined, b: [undefined, new Decimal('9007199254740993')] }, '{"b":[null,9007199254740993]}'],
    [{ a: undefined, b: [undefined, 1] }, '{"b":[null,1]}'],
    [{ a: new Uint8Array([255]) }, '{"a":"/w=="}'],
    ['a"\n\ud800', '"a\\"\\n\\ud800"'],
    [{ toJSON: 1, 'a b': 2 }, '{"toJSON":1,"a b":2}'],
    [[], '[]'],
    [{}, '{}'],
  ])('%j', (value, expected) => {
    expect(serializeValue(value as never)).toBe(expected);
  });

  it('writes JSON that decodes to the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = serializeValue(value);
        if (text === '' || /"|null/.test(text)) return;
        const bytes = Buffer.from(text);
        const decoded = decodeJson(bytes, 0, bytes.length, false);
        expect(decoded.status === 'json' && isSame(decoded.document, value)).toBe(true);
      }),
    );
  });
});
