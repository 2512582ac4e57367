/** Topic filters against a second reading of AWS's description, and the main thread's routing against the lanes'. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules } from '../../src/lanes/compiled-rules.ts';
import { Router } from '../../src/router.ts';
import { routesOf } from '../../src/routes.ts';
import { checkFilter, matchesFilter } from '../../src/rules/topic-filter.ts';
import { TopicIndex } from '../../src/rules/topic-index.ts';
import { rule, setup } from '../lanes/lane-scene.ts';

/** As a regular expression, which the implementation is not. */
function oracle(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const source = filter
    .split('/')
    .map((level) => (level === '+' ? '[^/]*' : level === '#' ? '[^]*' : level.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
    .join('/');
  return new RegExp(`^(?:${source})$`).test(topic);
}

const levels = fc.constantFrom('a', 'b', '', 'A', '$aws', '$', 'rules', 'r', 'é☃🙂', 'a.b', '(', ' ');
const topics = fc.array(levels, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const filters = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: levels }, { weight: 1, arbitrary: fc.constant('+') }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.boolean(),
  )
  .map(([parts, isDeep]) => [...parts, ...(isDeep ? ['#'] : [])].join('/'))
  .filter((filter) => checkFilter(filter) === null);

describe('topic filters', () => {
  it.each([
    ['sensor/#', 'sensor', false],
    ['sensor/#', 'sensor/', true],
    ['sensor/#', 'sensor/a/b', true],
    ['sensor/+', 'sensor/', true],
    ['sensor/+', 'sensor', false],
    ['sensor/+', 'sensor/a/b', false],
    ['+/+', '/', true],
    ['+', '', true],
    ['/+', '/a', true],
    ['+', '/a', false],
    ['#', '$aws/x', false],
    ['+/x', '$aws/x', false],
    ['$aws/#', '$aws/x', true],
    ['a/+', 'a/$x', true],
    ['Sensor', 'sensor', false],
    ['é/☃', 'é/☃', true],
    ['#', 'a/'.repeat(20_000), true],
    ['a/+/#', `a/${'b/'.repeat(20_000)}`, true],
  ])('%s of %.20s: %s', (filter, topic, expected) => {
    expect(oracle(filter, topic)).toBe(expected);
    expect(matchesFilter(filter, topic)).toBe(expected);
    expect(new TopicIndex([{ filter, value: 1 }]).match(topic)).toEqual(expected ? [1] : []);
  });

  it('match as AWS describes it, alone and in an index', () => {
    fc.assert(
      fc.property(
        fc.array(filters, { maxLength: 8 }),
        fc.array(topics, { minLength: 1, maxLength: 8 }),
        (rows, asked) => {
          const index = new TopicIndex(
            rows.map((filter, value) => ({ filter, value })),
            { cacheEntriesMax: 2 },
          );
          // Twice, so that the cache answers, too.
          for (const topic of [...asked, ...asked]) {
            const expected = rows.flatMap((filter, value) => (oracle(filter, topic) ? [value] : []));
            expect(rows.flatMap((filter, value) => (matchesFilter(filter, topic) ? [value] : []))).toEqual(expected);
            expect(index.match(topic)).toEqual(expected);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('what the main thread journals', () => {
  const ingest = fc
    .tuple(fc.constantFrom('r0', 'r1', 'none', ''), fc.constantFrom('', '/', '/a', '/a/b', '//', '/+'))
    .map(([name, rest]) => `$aws/rules${name === '' ? '' : '/'}${name}${rest}`);

  it('is what the lanes find rules for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(filters), { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(topics, ingest), { minLength: 1, maxLength: 8 }),
        (froms, asked) => {
          const rules = froms.map((from, i) =>
            rule(`SELECT *${from === null ? '' : ` FROM '${from}'`}`, { name: `r${i}`, actions: [] }),
          );
          const lanes = compileRules(setup(rules, []));
          const ruleSet = { rules, topicFilters: froms } as unknown as Parameters<typeof routesOf>[0]['ruleSet'];
          const journal = { classes: { alarm: [] } } as unknown as Parameters<typeof routesOf>[0]['journal'];
          const router = new Router(routesOf({ ruleSet, journal }));
          for (const topic of asked) {
            const found = lanes.match(topic).rules;
            expect([topic, router.route(topic) !== null]).toEqual([topic, found.length > 0]);
            if (topic.startsWith('$aws/rules/')) expect(found.length).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
