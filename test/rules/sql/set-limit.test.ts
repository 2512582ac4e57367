import { describe, expect, it } from 'vitest';
import { serializeValue } from '../../../src/rules/serialize.ts';
import type { Value } from '../../../src/rules/value.ts';
import { run } from '../context.ts';

const MAX = 128 * 1024;

describe('SET', () => {
  const evaluate = (assignments: string, payload: object) =>
    run(`SET ${assignments} SELECT 1 AS x FROM '#'`, JSON.stringify(payload));

  it.each<[string, string, (bytes: number) => object]>([
    ['a text', '@a = a', (bytes) => ({ a: 'x'.repeat(bytes - 2) })],
    ['a text that is made', "@a = concat(a, 'y')", (bytes) => ({ a: 'x'.repeat(bytes - 3) })],
    ['a text of escapes', '@a = a', (bytes) => ({ a: '"'.repeat((bytes - 2) / 2) })],
    ['a part of the payload', '@a = a.b', (bytes) => ({ a: { b: ['x'.repeat(bytes - 4)] } })],
    ['an object that is made', "@a = {'k': a}", (bytes) => ({ a: 'x'.repeat(bytes - 8) })],
    [
      'all of them',
      '@a = a, @b = @a, @c = b',
      (bytes) => ({ a: 'x'.repeat(40_000 - 2), b: 'x'.repeat(bytes - 80_002) }),
    ],
    [
      'characters of several bytes',
      '@a = a',
      (bytes) => ({ a: `${'€'.repeat(40_000)}${'x'.repeat(bytes - 120_002)}` }),
    ],
  ])('takes 128 KiB of variables and no more: %s', (_, assignments, payloadOf) => {
    expect(evaluate(assignments, payloadOf(MAX))).toEqual({ x: 1 });
    expect(() => evaluate(assignments, payloadOf(MAX + 2))).toThrow(/The SET variables have 13107[0-9] bytes as JSON/);
  });

  it('measures numbers as they are written out', () => {
    const payload = `{"a":[${new Array(4000).fill('1E33').join()}]}`;
    expect(() => run("SET @a = a SELECT 1 AS x FROM '#'", payload)).toThrow('The SET variables have 140001 bytes');
    expect(serializeValue(run("SET @a = get(a, 0) SELECT @a AS x FROM '#'", payload) as Value)).toHaveLength(40);
  });
});
