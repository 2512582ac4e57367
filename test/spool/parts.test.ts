import { describe, expect, it } from 'vitest';
import type { AnswerGroup } from '../../src/spool/answers.ts';
import { Answers } from '../../src/spool/answers.ts';
import { journalSchema } from '../../src/spool/config.ts';
import { diskLevel } from '../../src/spool/disk.ts';
import { RangeSet } from '../../src/spool/range-set.ts';
import { difference, splitRanges } from '../../src/spool/ranges.ts';
import { randomOf } from './support/simulated-disk.ts';

function group(): AnswerGroup {
  return { isDurable: false, runCount: 0 };
}

function waiter(name: string, told: string[]) {
  return {
    onDurable: (count: number) => void told.push(`${name}${count}`),
    onFailed: (count: number) => void told.push(`${name}!${count}`),
  };
}

describe('answers', () => {
  it('tells consecutive appends of a waiter at once, in order', () => {
    const told: string[] = [];
    const answers = new Answers();
    const [a, b, one] = [waiter('a', told), waiter('b', told), group()];
    for (const next of [a, a, b, a]) answers.add(next, one);
    answers.durable(one);
    expect(told).toEqual(['a2', 'b1', 'a1']);
    expect(answers.isEmpty).toBe(true);
  });

  it('holds back only waiters that wait for a held class', () => {
    const told: string[] = [];
    const answers = new Answers();
    const [a, b, held, free] = [waiter('a', told), waiter('b', told), group(), group()];
    answers.add(a, held);
    answers.add(a, free);
    answers.add(b, free);
    answers.durable(free);
    expect(told).toEqual(['b1']);
    answers.durable(held);
    expect(told).toEqual(['b1', 'a1', 'a1']);
  });

  it('fails each waiting append once', () => {
    const told: string[] = [];
    const answers = new Answers();
    answers.add(waiter('a', told), group());
    answers.fail(new Error('closed'));
    answers.fail(new Error('closed'));
    expect(told).toEqual(['a!1']);
  });
});

describe('range set', () => {
  it('holds what a plain set of numbers holds', () => {
    const random = randomOf(7);
    const set = new RangeSet();
    const model = new Set<number>();
    for (let step = 0; step < 2000; step++) {
      const first = 1 + Math.floor(random() * 200);
      const last = first + Math.floor(random() * 10);
      const isAdded = random() < 0.5;
      if (isAdded) set.add(first, last);
      else set.remove(first, last);
      for (let n = first; n <= last; n++) isAdded ? model.add(n) : model.delete(n);
      const from = 1 + Math.floor(random() * 200);
      const inside = set.within(from, from + 20).flatMap((range) => numbers(range.first, range.last));
      expect(inside).toEqual(numbers(from, from + 20).filter((n) => model.has(n)));
      expect(set.hasAll(from, from + 3)).toBe(numbers(from, from + 3).every((n) => model.has(n)));
    }
    for (const [index, range] of set.ranges.entries()) {
      expect(range.first).toBeGreaterThan((set.ranges[index - 1]?.last ?? -1) + 1);
    }
  });

  it('splits and subtracts', () => {
    const ranges = [
      { first: 1, last: 4 },
      { first: 10, last: 11 },
    ];
    expect(splitRanges(ranges, 3)).toEqual([
      [{ first: 1, last: 3 }],
      [
        { first: 4, last: 4 },
        { first: 10, last: 11 },
      ],
    ]);
    expect(difference(ranges, [{ first: 2, last: 10 }])).toEqual([
      { first: 1, last: 1 },
      { first: 11, last: 11 },
    ]);
  });
});

describe('disk level', () => {
  it('rises at its thresholds and falls a little below them', () => {
    const thresholds = { warnRatio: 0.8, holdNormalRatio: 0.95, holdAlarmRatio: 1 };
    expect(diskLevel(0.79, 'ok', thresholds)).toBe('ok');
    expect(diskLevel(0.8, 'ok', thresholds)).toBe('warn');
    expect(diskLevel(0.95, 'warn', thresholds)).toBe('holdNormal');
    expect(diskLevel(0.945, 'holdNormal', thresholds)).toBe('holdNormal');
    expect(diskLevel(0.93, 'holdNormal', thresholds)).toBe('warn');
    expect(diskLevel(1, 'ok', thresholds)).toBe('holdAll');
  });
});

describe('journal configuration', () => {
  it('has defaults for everything, and refuses what it does not know', () => {
    expect(journalSchema.parse({})).toMatchObject({ durability: 'fsync', classes: { alarm: [] } });
    expect(journalSchema.safeParse({ durability: 'memory' }).success).toBe(false);
    expect(journalSchema.safeParse({ disk: { warnRatio: 0.99 } }).success).toBe(false);
    expect(journalSchema.safeParse({ size: 1 }).success).toBe(false);
  });
});

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
