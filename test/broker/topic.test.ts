import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterTree } from '../../src/broker/filter-tree.ts';
import { isContained, isFilterValid, isMatch, isTopicValid } from '../../src/broker/topic.ts';
import { TopicMap } from '../../src/broker/topic-map.ts';
import { times } from '../support/effort.ts';

const level = fc.constantFrom('a', 'b', '', '$x');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'));
const anyFilter = fc.oneof(filter, fc.constantFrom('#', '+', '+/#'));

const matches = (pattern: string, name: string) => isMatch(pattern.split('/'), name.split('/'));

describe('topic filters', () => {
  it.each([
    ['#', 'a', true],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['$SYS/#', '$SYS', true],
    ['a/#', 'a', true],
    ['a/#', 'ab', false],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+', '/a', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['+/a', '/a', true],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
  ])('%s matches %s: %s (section 4.7)', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
    const tree = new FilterTree<number>();
    tree.add(pattern, 1);
    expect([tree.match(name), tree.isMatched(name)]).toEqual([expected ? [1] : [], expected]);
    const map = new TopicMap<number>();
    map.set(name, 1);
    expect(map.match(pattern)).toEqual(expected ? [1] : []);
  });

  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/+', true],
    ['a/+', 'a/b', false],
    ['a/#', 'a/+', false],
    ['a/#', 'a/#', true],
    ['a', 'a/#', true],
    ['a/#', 'a/+/#', false],
    ['#', '+/#', false],
    ['+/#', '#', true],
    ['$SYS/#', '#', false],
    ['+/+', '#', true],
    ['$SYS/a', '$SYS/#', true],
  ])('%s lies within %s: %s', (inner, outer, expected) => {
    expect(isContained(inner.split('/'), outer.split('/'))).toBe(expected);
  });

  it('that lie within another match nothing that the other does not', () => {
    fc.assert(
      fc.property(anyFilter, anyFilter, topic, (inner, outer, name) => {
        if (isContained(inner.split('/'), outer.split('/')) && matches(inner, name))
          expect(matches(outer, name)).toBe(true);
      }),
      { numRuns: times(2_000) },
    );
  });

  it('are found by topic, and topics by filter, just as if each were compared', () => {
    fc.assert(
      fc.property(
        fc.array(anyFilter, { maxLength: 12 }),
        fc.array(topic, { maxLength: 12 }),
        fc.nat(11),
        (filters, topics, removed) => {
          const tree = new FilterTree<number>();
          filters.forEach((pattern, index) => {
            tree.add(pattern, index);
          });
          const map = new TopicMap<string>();
          for (const name of topics) map.set(name, name);
          const gone = filters[removed];
          if (gone !== undefined) tree.remove(gone, removed);
          const goneTopic = topics[removed];
          if (goneTopic !== undefined) map.delete(goneTopic);
          const kept = new Set(topics.filter((name) => name !== goneTopic));
          expect(map.size).toBe(kept.size);
          for (const name of topics) {
            const expected = filters.flatMap((pattern, index) =>
              index !== removed && matches(pattern, name) ? [index] : [],
            );
            expect(tree.match(name).sort((a, b) => a - b)).toEqual(expected);
            expect(tree.isMatched(name)).toBe(expected.length > 0);
          }
          for (const pattern of filters) {
            expect(map.match(pattern).sort()).toEqual([...kept].filter((name) => matches(pattern, name)).sort());
          }
        },
      ),
      { numRuns: times(500) },
    );
  });

  it('and topics have a grammar', () => {
    for (const good of ['a', '/', 'a/+/b', '+', '#', 'a/#', '+/+/#', ' ', 'ü/日'])
      expect(isFilterValid(good, 100), good).toBe(true);
    for (const bad of ['', 'a#', 'a+', '+a', '#/a', 'a/#/b', 'a/b+', 'a\0', '\ud800'])
      expect(isFilterValid(bad, 100), bad).toBe(false);
    for (const good of ['a', '/', '//', '$x']) expect(isTopicValid(good, 100), good).toBe(true);
    for (const bad of ['', 'a/+', '#', 'a\u007f']) expect(isTopicValid(bad, 100), bad).toBe(false);
    expect([isTopicValid('a/b', 2), isTopicValid('a/b/c', 2)]).toEqual([true, false]);
  });
});
