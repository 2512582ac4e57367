import { describe, expect, it } from 'vitest';
import { SequenceTally } from '../../../bench/measure/sequence-tally.ts';

function tallyOf(seen: readonly number[], unacked: readonly number[] = []) {
  const tally = new SequenceTally(100, 4);
  for (const sequence of seen) tally.see(sequence);
  return tally.result(unacked);
}

describe('SequenceTally', () => {
  it('finds everything where everything came out once', () => {
    expect(tallyOf([103, 100, 101, 102])).toEqual({ expected: 4, found: 4, missing: 0, duplicates: 0 });
  });

  it('counts what is missing and what came twice apart', () => {
    expect(tallyOf([100, 100, 100, 102])).toEqual({ expected: 4, found: 2, missing: 2, duplicates: 2 });
  });

  it('expects nothing of a message that was not acknowledged', () => {
    expect(tallyOf([100, 101, 102], [103])).toEqual({ expected: 3, found: 3, missing: 0, duplicates: 0 });
    expect(tallyOf([100, 101, 103], [103])).toEqual({ expected: 3, found: 2, missing: 1, duplicates: 0 });
  });

  it('refuses a number that was never sent, on either side', () => {
    expect(() => tallyOf([99])).toThrow('never went in');
    expect(() => tallyOf([104])).toThrow('never went in');
  });
});
