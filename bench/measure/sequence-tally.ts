/** Counts the numbers that came out of a run against those that went in: numbers from `first` on, with no gap. */
import type { Tally } from '../case.ts';

const TIMES_MAX = 255;

export class SequenceTally {
  readonly #first: number;
  /** Times each number was seen, up to TIMES_MAX. */
  readonly #times: Uint8Array;
  #duplicates = 0;

  constructor(first: number, count: number) {
    this.#first = first;
    this.#times = new Uint8Array(count);
  }

  /** Throws for a number that was never sent. */
  see(sequence: number): void {
    const index = sequence - this.#first;
    const times = this.#times[index];
    if (times === undefined) throw new Error(`Number ${sequence} came out and never went in.`);
    if (times > 0) this.#duplicates++;
    if (times < TIMES_MAX) this.#times[index] = times + 1;
  }

  /** `unacked` are numbers that may be there or not. */
  result(unacked: readonly number[]): Tally {
    const optional = new Set(unacked);
    let found = 0;
    let missing = 0;
    this.#times.forEach((times, index) => {
      if (optional.has(this.#first + index)) return;
      if (times > 0) found++;
      else missing++;
    });
    return { expected: found + missing, found, missing, duplicates: this.#duplicates };
  }
}
