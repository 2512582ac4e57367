import { describe, expect, it } from 'vitest';
import { LanePressure } from '../../src/spool/lane-pressure.ts';

function rig() {
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    after: (_delayMs: number, callback: () => void) => {
      timers.push(callback);
      return () => void timers.splice(timers.indexOf(callback), 1);
    },
  };
  const pressure = new LanePressure({ waitingBytesMax: 100, patienceMs: 1000, clock });
  let relieved = 0;
  return {
    pressure,
    elapse: () => timers.shift()?.(),
    wait: () => pressure.whenRelieved(() => relieved++),
    relieved: () => relieved,
    timers,
  };
}

describe('LanePressure', () => {
  it('is full at its bound and not one byte before it, and relieves at half of it', () => {
    const { pressure, wait, relieved } = rig();
    pressure.queued(99);
    expect(pressure.isFull).toBe(false);
    pressure.queued(1);
    expect(pressure.isFull).toBe(true);
    wait();
    pressure.taken(49);
    expect(relieved()).toBe(0);
    pressure.taken(1);
    expect(relieved()).toBe(1);
  });

  it('holds clients back for as long as the lane takes slabs, however slowly', () => {
    const { pressure, elapse, wait, relieved } = rig();
    pressure.queued(200);
    wait();
    for (let i = 0; i < 5; i++) {
      pressure.taken(10);
      elapse();
    }
    expect(pressure.isFull).toBe(true);
    expect(relieved()).toBe(0);
  });

  it('lets clients go on when the lane stands still, until the queue was emptied', () => {
    const { pressure, elapse, wait, relieved } = rig();
    pressure.queued(100);
    wait();
    elapse();
    expect(relieved()).toBe(1);
    pressure.queued(100);
    expect(pressure.isFull).toBe(false);
    pressure.taken(200);
    pressure.queued(100);
    expect(pressure.isFull).toBe(true);
  });

  it('counts what waits for its commit as well', () => {
    const { pressure, wait, relieved } = rig();
    pressure.appended(100);
    expect(pressure.isFull).toBe(true);
    wait();
    pressure.queued(80);
    pressure.committed(100);
    expect(relieved()).toBe(0);
    pressure.taken(80);
    expect(relieved()).toBe(1);
  });

  it('answers at once where there is room', async () => {
    const { wait, relieved } = rig();
    wait();
    await Promise.resolve();
    expect(relieved()).toBe(1);
  });

  it('leaves no timer behind', () => {
    const { pressure, timers } = rig();
    pressure.queued(100);
    expect(timers).toHaveLength(1);
    pressure.close();
    expect(timers).toHaveLength(0);
  });
});
