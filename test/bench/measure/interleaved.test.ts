import { describe, expect, it } from 'vitest';
import { compared, interleave } from '../../../bench/measure/interleaved.ts';

describe('interleave', () => {
  /** Parts that take so many milliseconds of a clock of their own, and note that they ran. */
  function scene(...costsMs: number[]) {
    let nowMs = 1000;
    const ran: number[] = [];
    const parts = costsMs.map((costMs, index) => () => {
      ran.push(index);
      nowMs += costMs;
    });
    return { parts, ran, clock: () => nowMs };
  }

  it('runs every part in every round, every other round backwards, until the time is over', () => {
    const { parts, ran, clock } = scene(1, 2, 3);
    const { rounds, roundMs } = interleave(parts, 0.013, clock);
    expect(rounds).toBe(3);
    expect(ran).toEqual([0, 1, 2, 2, 1, 0, 0, 1, 2]);
    expect(roundMs).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
  });

  it('runs once at least', () => {
    const { parts, clock } = scene(1, 1);
    expect(interleave(parts, 0, clock).rounds).toBe(1);
  });
});

describe('compared', () => {
  it('is the ratio of the medians, so that one disturbed round weighs nothing', () => {
    const roundMs = [
      [2, 4, 400],
      [1, 3, 2],
    ];
    expect(compared({ rounds: 3, roundMs }, 1000, 'ratio')).toMatchObject({
      messages: 3000,
      seconds: 0.006,
      cpuUsPerMessage: 2,
      messagesPerSecond: 500_000,
      extra: { ratio: 0.5, yardstickUs: 4 },
    });
  });
});
