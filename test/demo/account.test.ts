import { describe, expect, it } from 'vitest';
import { messageKey, settle } from '../../src/demo/account.ts';

const message = (seq: number, isPoison = false) => ({ sensor: 'oven-01', seq, isPoison });
const keys = (...seqs: readonly number[]) => seqs.map((seq) => messageKey('oven-01', seq));

describe('settle', () => {
  it('finds every acknowledged message that is in the files', () => {
    expect(settle([message(0), message(1)], keys(0, 1))).toMatchObject({ acknowledged: 2, found: 2, lost: 0 });
  });

  it('names a lost message even where a repeated one makes the counts equal', () => {
    const account = settle([message(0), message(1)], keys(0, 0));
    expect(account).toMatchObject({ found: 1, lost: 1, lostNamed: ['oven-01/1'], repeated: 1 });
  });

  it('expects a message that fits no schema in the dead letters', () => {
    expect(settle([message(0), message(1, true)], keys(0))).toMatchObject({ found: 1, deadLettered: 1, lost: 0 });
  });

  it('does not mind records that nobody waited for (QoS 0)', () => {
    expect(settle([], keys(0, 1, 2))).toMatchObject({ acknowledged: 0, lost: 0, repeated: 0 });
  });

  it('names ten lost messages at most', () => {
    const account = settle(
      Array.from({ length: 25 }, (_, seq) => message(seq)),
      [],
    );
    expect(account.lost).toBe(25);
    expect(account.lostNamed).toHaveLength(10);
  });
});
