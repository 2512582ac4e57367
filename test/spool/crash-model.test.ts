import { describe, expect, it } from 'vitest';
import { times } from '../support/effort.ts';
import { type ModelOptions, runModel, type Verdict } from './support/crash-model.ts';

async function runSeeds(count: number, options: ModelOptions = {}): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let seed = 1; seed <= count; seed++) verdicts.push(await runModel(seed, options));
  return verdicts;
}

const nothingWrong = {
  lost: [],
  phantom: [],
  overtaking: [],
  repeated: [],
  misjudged: [],
  disturbed: [],
  isAnsweredInOrder: true,
};

function lossesOf(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { lost }) => sum + lost.length, 0);
}

describe('the spool on a disk that loses power', () => {
  it(
    'never loses an acknowledged message, repeats or invents one, answers or delivers out of order, or takes another rule set than it was appended under',
    async () => {
      let acknowledged = 0;
      let changes = 0;
      for (let seed = 1; seed <= times(1200); seed++) {
        const verdict = await runModel(seed);
        acknowledged += verdict.acknowledged;
        changes += verdict.changes;
        expect({ seed, ...verdict }).toMatchObject(nothingWrong);
      }
      expect(acknowledged).toBeGreaterThan(100_000);
      expect(changes).toBeGreaterThan(5000);
    },
    times(60_000),
  );

  it('is tested well enough to notice acknowledgements before the sync', async () => {
    expect(lossesOf(await runSeeds(100, { isSyncSkipped: true }))).toBeGreaterThan(0);
  });

  it('is tested well enough to notice a missing sync of the directory', async () => {
    expect(lossesOf(await runSeeds(100, { isDirectorySyncSkipped: true }))).toBeGreaterThan(0);
  });

  it('is tested well enough to notice a rule set that the spool is told of too late', async () => {
    const verdicts = await runSeeds(100, { isCutLate: true });
    expect(verdicts.flatMap(({ misjudged }) => misjudged).length).toBeGreaterThan(0);
  });

  it('is tested well enough to notice progress that is recorded before delivery', async () => {
    expect(lossesOf(await runSeeds(100, { isSettledFirst: true }))).toBeGreaterThan(0);
  });
});
