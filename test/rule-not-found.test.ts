import { expect, it } from 'vitest';
import { RuleNotFound } from '../src/rule-not-found.ts';

function scene() {
  const told: string[] = [];
  const time = { now: 1_000 };
  const report = new RuleNotFound({ ruleNotFound: (rule) => told.push(rule) }, () => time.now);
  return { told, time, report };
}

it('tells of a rule that is not there once a minute, and of other topics never', () => {
  const { told, time, report } = scene();
  for (let i = 0; i < 100; i++) report.unmatched(`$aws/rules/r/${i}`);
  report.unmatched('a/b');
  report.unmatched('$aws/rules');
  time.now += 59_999;
  report.unmatched('$aws/rules/r');
  expect(told).toEqual(['r']);
  time.now += 1;
  report.unmatched('$aws/rules/r/a');
  expect(told).toEqual(['r', 'r']);
  time.now = 0;
  report.unmatched('$aws/rules/r/a');
  expect(told).toEqual(['r', 'r', 'r']);
});

it('tells of no more than 32 names in that time, cut to 128 characters', () => {
  const { told, time, report } = scene();
  for (let i = 0; i < 1_000; i++) report.unmatched(`$aws/rules/${i}${'x'.repeat(300)}/a`);
  expect(told).toHaveLength(32);
  expect(told[0]).toHaveLength(128);
  time.now += 60_000;
  report.unmatched('$aws/rules/late/a');
  expect(told).toHaveLength(33);
});
