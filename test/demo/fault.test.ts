import { describe, expect, it } from 'vitest';
import { createFaults, type FaultKind } from '../../src/demo/fault.ts';
import { createRandom } from '../../src/demo/random.ts';

const stepSeconds = 0.1;

/** 10,000 s of a sensor that truly measures 0, 1, 2, …; with a fault every 10 s or so. */
function observe(): readonly {
  readonly truth: number;
  readonly shown: number | string | null;
  readonly fault: FaultKind | null;
}[] {
  const faults = createFaults(createRandom(5), { meanSecondsBetween: 10, spike: 1_000_000 });
  return Array.from({ length: 100_000 }, (_, truth) => {
    const result = faults(truth * stepSeconds, truth);
    return { truth, shown: result?.value ?? null, fault: result === null ? 'silent' : result.fault };
  });
}

describe('sensor faults', () => {
  const seen = observe();

  it('are of every kind, and most of the time there is none', () => {
    expect(new Set(seen.map(({ fault }) => fault))).toEqual(new Set([null, 'stuck', 'spike', 'silent', 'text']));
    expect(seen.filter(({ fault }) => fault === null).length).toBeGreaterThan(seen.length / 2);
  });

  it('leave a healthy value alone', () => {
    expect(seen.filter(({ truth, shown, fault }) => fault === null && shown !== truth)).toEqual([]);
  });

  it('repeat the value at which a sensor got stuck', () => {
    const stuck = seen.filter(({ fault }) => fault === 'stuck');
    expect(stuck.length).toBeGreaterThan(100);
    expect(stuck.filter(({ truth, shown }) => typeof shown !== 'number' || shown > truth)).toEqual([]);
  });

  it('put a spike far off, once', () => {
    for (const [index, { truth, shown, fault }] of seen.entries()) {
      if (fault !== 'spike') continue;
      expect(shown).toBe(truth + 1_000_000);
      expect(seen[index + 1]?.fault).not.toBe('spike');
    }
  });
});
