/** Sorted lists of disjoint sequence ranges. */
import type { SequenceRange } from '../message.ts';
import { RangeSet } from './range-set.ts';

export function countSequences(ranges: readonly SequenceRange[]): number {
  let count = 0;
  for (const { first, last } of ranges) count += last - first + 1;
  return count;
}

export function union(one: readonly SequenceRange[], other: readonly SequenceRange[]): readonly SequenceRange[] {
  const set = new RangeSet();
  for (const { first, last } of one) set.add(first, last);
  for (const { first, last } of other) set.add(first, last);
  return set.ranges;
}

/** What of `ranges` is not in `without`. */
export function difference(
  ranges: readonly SequenceRange[],
  without: readonly SequenceRange[],
): readonly SequenceRange[] {
  const set = new RangeSet();
  for (const { first, last } of ranges) set.add(first, last);
  for (const { first, last } of without) set.remove(first, last);
  return set.ranges;
}

/** The first `count` sequences, and the rest. */
export function splitRanges(
  ranges: readonly SequenceRange[],
  count: number,
): readonly [readonly SequenceRange[], readonly SequenceRange[]] {
  const before: SequenceRange[] = [];
  const after: SequenceRange[] = [];
  let left = count;
  for (const { first, last } of ranges) {
    const taken = Math.min(left, last - first + 1);
    if (taken > 0) before.push({ first, last: first + taken - 1 });
    if (first + taken <= last) after.push({ first: first + taken, last });
    left -= taken;
  }
  return [before, after];
}
