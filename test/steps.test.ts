import { describe, expect, it } from 'vitest';
import { finish, finishInTurns, type Steps } from '../src/steps.ts';

function* counted(): Steps<number> {
  let sum = 0;
  for (let i = 0; i < 200; i++) {
    // About 0.2 ms of work.
    const until = performance.now() + 0.2;
    while (performance.now() < until) sum++;
    yield;
  }
  return sum > 0 ? 200 : 0;
}

describe('steps', () => {
  it('are done at once', () => {
    expect(finish(counted())).toBe(200);
  });

  it('let others have their turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    expect(await finishInTurns(counted())).toBe(200);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });
});
