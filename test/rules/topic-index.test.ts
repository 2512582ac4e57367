import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesFilter } from '../../src/rules/topic-filter.ts';
import { TopicIndex } from '../../src/rules/topic-index.ts';
import { times } from '../support/effort.ts';

const level = fc.constantFrom('a', 'b', '', '$x', '__proto__');
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.oneof(level, fc.constantFrom('+', '#')))
  .map(([levels, last]) => [...levels, last].join('/'));

describe('TopicIndex', () => {
  it('finds exactly the rows whose filter matches, in their order', () => {
    fc.assert(
      fc.property(
        fc.array(filter, { maxLength: 12 }),
        fc.array(topic, { minLength: 1, maxLength: 6 }),
        fc.nat(2),
        (filters, topics, cacheEntriesMax) => {
          const index = new TopicIndex(
            filters.map((text, value) => ({ filter: text, value })),
            { cacheEntriesMax },
          );
          for (const one of [...topics, ...topics]) {
            const expected = filters.flatMap((text, value) => (matchesFilter(text, one) ? [value] : []));
            expect(index.match(one)).toEqual(expected);
          }
        },
      ),
      { numRuns: times(500) },
    );
  });

  it('finds rows that have the same filter', () => {
    const index = new TopicIndex([
      { filter: 'a', value: 1 },
      { filter: 'a', value: 2 },
    ]);
    expect(index.match('a')).toEqual([1, 2]);
  });

  it('keeps what it found, for as many topics as it may', () => {
    const index = new TopicIndex([{ filter: '#', value: 1 }], { cacheEntriesMax: 2 });
    const first = index.match('a');
    expect(index.match('a')).toBe(first);
    index.match('b');
    index.match('c');
    expect(index.match('a')).not.toBe(first);
    expect(index.match('a')).toEqual(first);
  });

  it('takes a topic with wildcard characters for what it is', () => {
    const index = new TopicIndex([{ filter: '+', value: 1 }]);
    expect(index.match('#')).toEqual([1]);
    expect(index.match('+')).toEqual([1]);
  });
});
