import { describe, expect, it } from 'vitest';
import { checkFilter, matchesFilter } from '../../src/rules/topic-filter.ts';

describe('matchesFilter', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/B', false],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a', 'a/', false],
    ['a/', 'a/', true],
    ['+', 'a', true],
    ['+', '', true],
    ['+', 'a/b', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a//c', true],
    ['a/+', 'a', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['/+', 'a', false],
    ['#', 'a/b/c', true],
    ['sensor/#', 'sensor/', true],
    ['sensor/#', 'sensor/t/r', true],
    ['sensor/#', 'sensor', false],
    ['sensor/#', 'sensors/t', false],
    ['a/+/#', 'a/b', false],
    ['a/+/#', 'a/b/c/d', true],
    ['#', '$aws/x', false],
    ['+/x', '$aws/x', false],
    ['$aws/#', '$aws/x', true],
    ['$aws/+', '$aws/x', true],
    ['a/+', 'a/$b', true],
  ])('%s on %s: %j', (filter, topic, expected) => {
    expect(matchesFilter(filter, topic)).toBe(expected);
  });
});

describe('checkFilter', () => {
  it.each(['a', 'a/b', '/', '+', '#', '+/+/#', '$aws/things/+/shadow/#', 'ä/€', 'a'.repeat(256)])(
    'accepts %s',
    (filter) => {
      expect(checkFilter(filter)).toBeNull();
    },
  );

  it.each(['', 'a/#/b', 'a#', 'a/b#', 'a/+b', 'a+/b', '##', 'a\0b', 'a'.repeat(257)])('refuses %j', (filter) => {
    expect(checkFilter(filter)).toMatch(/\.$/);
  });
});
