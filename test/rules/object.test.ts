import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/decimal.ts';
import { isOrdinary, memberOf, ordinaryMemberOf } from '../../src/rules/object.ts';
import type { Value } from '../../src/rules/value.ts';

const values: readonly Value[] = [
  undefined,
  null,
  true,
  21.5,
  'text',
  new Decimal('1.5'),
  Buffer.from('bytes'),
  new Uint8Array(3),
  [1, [2]],
  {},
  JSON.parse('{"a":1,"temperature":null,"__proto__":{"a":2},"constructor":3,"0":4,"e":5}'),
];

/** All names that JavaScript gives to members of any of the values. */
const builtIn = new Set<string>();
for (const value of values)
  for (let object: unknown = Object(value ?? {}); object !== null; object = Object.getPrototypeOf(object))
    for (const name of Object.getOwnPropertyNames(object)) builtIn.add(name);

describe('ordinaryMemberOf', () => {
  it('gives what memberOf gives, for every name that is ordinary', () => {
    const names = [...builtIn, 'missing', 'température'].filter(isOrdinary);
    expect(names).toEqual(expect.arrayContaining(['a', 'temperature', 'missing']));
    for (const value of values)
      for (const name of names) expect(ordinaryMemberOf(value, name), name).toBe(memberOf(value, name));
  });
});

describe('isOrdinary', () => {
  it.each([
    '__proto__',
    'constructor',
    'toString',
    'length',
    'map',
    'e',
    's',
    'd',
    'plus',
    'parent',
    'buffer',
    '0',
    '12',
  ])('is false for %s, which names something else elsewhere', (name) => expect(isOrdinary(name)).toBe(false));
});
