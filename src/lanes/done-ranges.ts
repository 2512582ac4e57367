import type { SequenceRange } from '../message.ts';

/** Whether a sequence lies in one of `ranges` (sorted, disjoint). Cheap where there are none, which is always so except in a replay. */
export function isDone(ranges: readonly SequenceRange[], sequence: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (sequence < range.first) high = middle;
    else if (sequence > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
