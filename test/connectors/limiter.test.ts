import { describe, expect, it } from 'vitest';
import { Limiter } from '../../src/connectors/limiter.ts';

describe('places for calls', () => {
  it('lets in as many as there are places, then in the order they came', async () => {
    const limiter = new Limiter(2, 10);
    const { signal } = new AbortController();
    const entered: number[] = [];
    const enter = (n: number) => limiter.enter(signal).then((how) => how === 'entered' && entered.push(n));
    const all = [1, 2, 3, 4].map(enter);
    await Promise.all(all.slice(0, 2));
    expect(entered).toEqual([1, 2]);
    limiter.leave();
    await all[2];
    expect(entered).toEqual([1, 2, 3]);
    limiter.leave();
    await all[3];
    limiter.leave();
    limiter.leave();
    await expect(limiter.enter(signal)).resolves.toBe('entered');
    await expect(limiter.enter(signal)).resolves.toBe('entered');
  });

  it('refuses who comes to a full queue, and forgets who gave up', async () => {
    const limiter = new Limiter(1, 1);
    const { signal } = new AbortController();
    const impatient = new AbortController();
    await limiter.enter(signal);
    const waiting = limiter.enter(impatient.signal);
    await expect(limiter.enter(signal)).resolves.toBe('full');
    impatient.abort();
    await expect(waiting).resolves.toBe('aborted');
    const next = limiter.enter(signal);
    limiter.leave();
    await expect(next).resolves.toBe('entered');
    await expect(limiter.enter(impatient.signal)).resolves.toBe('aborted');
  });
});
