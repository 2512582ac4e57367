import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayItems, isJson, objectMembers, stringOf } from '../../src/connectors/json-slices.ts';

describe('JSON taken apart', () => {
  it('keeps the spelling of every element', () => {
    expect(arrayItems(' [ 9007199254740993 , "a,]\\"" ,[1, [2]], {"k" : [",", 1.10]},null ] ')).toEqual([
      '9007199254740993',
      '"a,]\\""',
      '[1, [2]]',
      '{"k" : [",", 1.10]}',
      'null',
    ]);
    expect(arrayItems('[]')).toEqual([]);
    expect(arrayItems('[ "" ]')).toEqual(['""']);
    expect(arrayItems('{"a":1}')).toBeNull();
  });

  it('keeps the spelling of every member, of duplicates the last', () => {
    const members = objectMembers('{"a:,\\"" : 1.0, "__proto__":{"x":[1,2]} , "b":1,"b": 2E3}');
    expect([...(members ?? [])]).toEqual([
      ['a:,"', '1.0'],
      ['__proto__', '{"x":[1,2]}'],
      ['b', '2E3'],
    ]);
    expect(objectMembers('{ }')?.size).toBe(0);
    expect(objectMembers('[1]')).toBeNull();
    expect(objectMembers('"{}"')).toBeNull();
  });

  it('gives the same values as a parser, for any document', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(3),
        (items, object, indent) => {
          const read = (text: string): unknown => JSON.parse(text);
          expect(arrayItems(JSON.stringify(items, null, indent))?.map(read)).toEqual(read(JSON.stringify(items)));
          const members = objectMembers(JSON.stringify(object, null, indent)) ?? new Map<string, string>();
          expect([...members].map(([key, text]) => [key, read(text)])).toEqual(
            Object.entries(read(JSON.stringify(object)) as object),
          );
        },
      ),
    );
  });

  it('knows JSON, strings, and what is deeper than rules take', () => {
    expect(isJson('80')).toBe(true);
    expect(isJson('')).toBe(false);
    expect(isJson('{"a":')).toBe(false);
    expect(isJson('['.repeat(64) + ']'.repeat(64))).toBe(true);
    expect(isJson('['.repeat(65) + ']'.repeat(65))).toBe(false);
    expect(stringOf('"a\\u00e9"')).toBe('aé');
    expect(stringOf('12')).toBeNull();
    expect(stringOf(undefined)).toBeNull();
  });
});
