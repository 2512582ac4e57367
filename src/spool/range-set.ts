/** A set of sequences as sorted, disjoint, non-adjacent ranges. Small: gaps exist only around what is not settled yet. */
import type { SequenceRange } from '../message.ts';

export class RangeSet {
  #ranges: SequenceRange[] = [];

  get ranges(): readonly SequenceRange[] {
    return this.#ranges;
  }

  get last(): number {
    return this.#ranges.at(-1)?.last ?? 0;
  }

  add(first: number, last: number): void {
    const ranges = this.#ranges;
    const from = this.#indexFrom(first - 1);
    let to = from;
    let low = first;
    let high = last;
    for (let range = ranges[to]; range !== undefined && range.first <= last + 1; range = ranges[++to]) {
      low = Math.min(low, range.first);
      high = Math.max(high, range.last);
    }
    ranges.splice(from, to - from, { first: low, last: high });
  }

  remove(first: number, last: number): void {
    const ranges = this.#ranges;
    const from = this.#indexFrom(first);
    let to = from;
    const left: SequenceRange[] = [];
    for (let range = ranges[to]; range !== undefined && range.first <= last; range = ranges[++to]) {
      if (range.first < first) left.push({ first: range.first, last: first - 1 });
      if (range.last > last) left.push({ first: last + 1, last: range.last });
    }
    ranges.splice(from, to - from, ...left);
  }

  hasAll(first: number, last: number): boolean {
    const range = this.#ranges[this.#indexFrom(first)];
    return range !== undefined && range.first <= first && range.last >= last;
  }

  /** What of `first`..`last` is in the set, sorted and clipped. */
  within(first: number, last: number): SequenceRange[] {
    const found: SequenceRange[] = [];
    for (let index = this.#indexFrom(first); index < this.#ranges.length; index++) {
      const range = this.#ranges[index];
      if (range === undefined || range.first > last) break;
      found.push({ first: Math.max(first, range.first), last: Math.min(last, range.last) });
    }
    return found;
  }

  /** Index of the first range that ends at or after `sequence`. */
  #indexFrom(sequence: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.last ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
