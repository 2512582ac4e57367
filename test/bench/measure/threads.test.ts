import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startModule } from '../../../bench/measure/server.ts';
import { type CpuSample, cpuCost, idle, peakResidentBytes, sampleCpu } from '../../../bench/measure/threads.ts';
import { folderOf } from '../../support/folder.ts';

function sample(totalSeconds: number, threads: Readonly<Record<number, number>>): CpuSample {
  const entries = Object.entries(threads).map(([id, seconds]) => [Number(id), seconds] as const);
  const names = new Map(entries.map(([id]) => [id, id === 1 ? 'main' : 'node']));
  return { totalSeconds, threads: new Map(entries), names };
}

describe('cpuCost', () => {
  it('gives the main thread first, then the others by cost, and sums up the small ones', () => {
    const before = sample(1, { 1: 1, 2: 0, 3: 0 });
    const after = sample(4, { 1: 2, 2: 0.5, 3: 1.5, 4: 0.005, 5: 0.008 });
    const cost = cpuCost(before, after, 1_000_000);
    expect(cost.totalUs).toBeCloseTo(3.013, 6);
    expect(cost.threads.map(({ name }) => name)).toEqual(['main', 'node#1', 'node#2', 'other']);
    expect(cost.threads.map(({ usPerMessage }) => usPerMessage)).toEqual([
      expect.closeTo(1),
      expect.closeTo(1.5),
      expect.closeTo(0.5),
      expect.closeTo(0.013),
    ]);
  });

  it('counts threads that have ended through the process total', () => {
    expect(cpuCost(sample(1, { 1: 1 }), sample(5, { 1: 2 }), 1e6).totalUs).toBeCloseTo(4);
  });
});

describe('sampleCpu', () => {
  it('sees the work of this process', () => {
    const before = sampleCpu(process.pid);
    const startUs = process.cpuUsage().user;
    while (process.cpuUsage().user - startUs < 150_000);
    const spent = sampleCpu(process.pid).totalSeconds - before.totalSeconds;
    expect(spent).toBeGreaterThan(0.1);
    expect(spent).toBeLessThan(2);
  });

  it('throws for a process that has ended', () => {
    expect(() => sampleCpu(2 ** 22 + 1)).toThrow();
  });
});

describe('idle', () => {
  const worksHalfASecond = `
    import { createServer } from 'node:net';
    const server = createServer().listen(0, '127.0.0.1', () => {
      console.log(server.address().port);
      while (process.cpuUsage().user < 500_000);
    });
    process.stdin.on('end', () => process.exit(0)).resume();
  `;

  it.skipIf(process.platform !== 'linux')('resolves when the work is done, not before (needs /proc)', async () => {
    const server = await startModule(join(folderOf({ 'server.mjs': worksHalfASecond }), 'server.mjs'));
    try {
      const { cpu } = await idle(server.pid, 20);
      expect(cpu.totalSeconds).toBeGreaterThan(0.45);
    } finally {
      await server.stop();
    }
  });
});

describe('peakResidentBytes', () => {
  it.skipIf(process.platform !== 'linux')('is at least what is resident now (needs /proc)', () => {
    // The kernel updates the peak in steps of some pages.
    expect(peakResidentBytes(process.pid)).toBeGreaterThan(process.memoryUsage.rss() * 0.9);
  });
});
