import { describe, expect, it } from 'vitest';
import type { SlabTask } from '../../src/lane-protocol.ts';
import type { DeadLetter } from '../../src/message.ts';
import type { FeedHandlers, Spool } from '../../src/spool/api.ts';
import { SimulatedDisk } from './support/simulated-disk.ts';
import {
  emptyResult,
  eventually,
  hastyClock,
  idsOf,
  openTestSpool,
  packetOf,
  sender,
} from './support/spool-under-test.ts';

function append(spool: Spool, id: string, lane = 0, name: 'alarm' | 'normal' = 'normal', payloadBytes = 100): void {
  const packet = packetOf(id, payloadBytes);
  spool.journal(name).append(lane, sender, 0, 1000, packet, 0, packet.length, null);
}

function open(disk: SimulatedDisk, laneCount = 1) {
  return openTestSpool('/spool', disk, { clock: hastyClock, laneCount, tuning: { segmentBytes: 1024 * 1024 } });
}

function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Handlers that record; `evaluate` may be replaced to die. */
function recorder(spool: Spool, overrides: Partial<FeedHandlers> = {}) {
  const seen: string[] = [];
  const live: boolean[] = [];
  const poisoned: DeadLetter[] = [];
  const handlers: FeedHandlers = {
    evaluate: async (_lane, task) => emptyResult(task),
    async onResult(_lane, slab, task) {
      seen.push(...idsOf(task));
      live.push(!task.isReplay);
      spool.progress.evaluated(slab, new Map());
      return 'done';
    },
    onPoisoned: (_lane, _slab, letter) => void poisoned.push(letter),
    onRuleSet: async () => {},
    ...overrides,
  };
  return { seen, live, poisoned, handlers };
}

describe('lane feed', () => {
  it('falls behind a slow lane without keeping its slabs, and catches up in order', async () => {
    const { spool } = await open(new SimulatedDisk());
    let release: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { seen, live, handlers } = recorder(spool, {
      evaluate: async (_lane, task) => {
        await slow;
        return emptyResult(task);
      },
    });
    spool.startFeeds(handlers);
    const expected: string[] = [];
    append(spool, 'first');
    expected.push('first');
    await eventually(() => spool.stats().isLive);
    for (let round = 0; round < 120; round++) {
      for (let i = 0; i < 10; i++) {
        const id = `m${round}-${i}`;
        expected.push(id);
        append(spool, id, 0, 'normal', 20_000);
      }
      await eventually(() => spool.stats().pendingBytes === 0);
    }
    expect(spool.stats().isLive).toBe(false);
    release();
    await spool.drained();
    expect(seen).toEqual(expected);
    expect(live.every(Boolean)).toBe(true);
    expect(spool.stats().isLive).toBe(true);
    append(spool, 'last');
    await spool.drained();
    expect(seen.at(-1)).toBe('last');
    await spool.close();
  });

  it('hands alarms out before normal messages', async () => {
    const { spool } = await open(new SimulatedDisk());
    for (const id of ids('n', 5)) append(spool, id);
    for (const id of ids('a', 5)) append(spool, id, 0, 'alarm');
    await eventually(() => spool.stats().pendingBytes === 0);
    const { seen, handlers } = recorder(spool);
    spool.startFeeds(handlers);
    await spool.drained();
    expect(seen).toEqual([...ids('a', 5), ...ids('n', 5)]);
    await spool.close();
  });

  it('reads a slab again when its worker died, and keeps the order', async () => {
    const { spool } = await open(new SimulatedDisk());
    let deaths = 0;
    const { seen, handlers, poisoned } = recorder(spool, {
      evaluate: async (_lane, task) => {
        if (deaths++ === 0) {
          // As a transfer does.
          structuredClone(task.bytes, { transfer: [task.bytes] });
          throw new Error('worker died');
        }
        return emptyResult(task);
      },
    });
    spool.startFeeds(handlers);
    for (const id of ids('m', 50)) append(spool, id);
    await spool.drained();
    expect(seen).toEqual(ids('m', 50));
    expect(poisoned).toEqual([]);
    await spool.close();
  });

  it('survives that two slabs die with their worker, one of them before its turn', async () => {
    const { spool } = await open(new SimulatedDisk());
    const rejects: ((error: Error) => void)[] = [];
    const { seen, handlers, poisoned } = recorder(spool, {
      evaluate: (_lane, task) => {
        if (rejects.length >= 2) return Promise.resolve(emptyResult(task));
        return new Promise((_resolve, reject) => rejects.push(reject));
      },
    });
    spool.startFeeds(handlers);
    await eventually(() => spool.stats().isLive);
    append(spool, 'a');
    await eventually(() => rejects.length === 1);
    append(spool, 'b');
    await eventually(() => rejects.length === 2);
    rejects[1]?.(new Error('worker died'));
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
    rejects[0]?.(new Error('worker died'));
    await spool.drained();
    expect(seen).toEqual(['a', 'b']);
    expect(poisoned).toEqual([]);
    await spool.close();
  });

  it('finds the message that kills its worker, dead-letters it, and delivers all others in order', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    const isPoison = (task: SlabTask) => idsOf(task).includes('m33');
    const { seen, handlers, poisoned } = recorder(spool, {
      evaluate: async (_lane, task) => {
        if (isPoison(task)) throw new Error('out of memory');
        return emptyResult(task);
      },
    });
    spool.startFeeds(handlers);
    for (const id of ids('m', 100)) append(spool, id);
    await spool.drained();
    append(spool, 'm100');
    await spool.drained();
    expect(seen).toEqual(ids('m', 101).filter((id) => id !== 'm33'));
    expect(poisoned).toHaveLength(1);
    expect(poisoned[0]).toMatchObject({ code: 'MESSAGE_RULE_FAILED', topic: 't/m33', clientId: 'press-1' });
    expect(poisoned[0]?.body).toHaveLength(100);
    expect(spool.stats().classes.normal.backlogMessages).toBe(0);
    await spool.close();
  });

  it('blames no message while the worker cannot evaluate anything', async () => {
    const { spool } = await open(new SimulatedDisk());
    let attempts = 0;
    const { seen, handlers, poisoned } = recorder(spool, {
      evaluate: async (_lane, task) => {
        if (attempts++ < 12) throw new Error('cannot start');
        return emptyResult(task);
      },
    });
    spool.startFeeds(handlers);
    append(spool, 'only');
    await spool.drained();
    expect(seen).toEqual(['only']);
    expect(poisoned).toEqual([]);
    await spool.close();
  });

  it('evaluates the same bytes again when asked to', async () => {
    const { spool } = await open(new SimulatedDisk());
    const verdicts: string[] = [];
    const { handlers } = recorder(spool, {
      async onResult(_lane, slab, task) {
        verdicts.push(idsOf(task).join());
        if (verdicts.length === 1) return 'again';
        spool.progress.evaluated(slab, new Map());
        return 'done';
      },
    });
    spool.startFeeds(handlers);
    append(spool, 'x');
    await spool.drained();
    expect(verdicts).toEqual(['x', 'x']);
    await spool.close();
  });

  it('drains what another lane count left behind before anything new', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk, 4);
    for (const id of ids('old', 40)) append(first.spool, id, Number(id.slice(3)) % 4, 'normal', 2000);
    await first.spool.close();
    const second = await open(disk, 2);
    const order: string[] = [];
    const { handlers } = recorder(second.spool, {
      async onResult(lane, slab, task) {
        if (lane === 1) for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
        order.push(...idsOf(task));
        second.spool.progress.evaluated(slab, new Map());
        return 'done';
      },
    });
    for (const id of ids('new', 5)) append(second.spool, id, Number(id.slice(3)) % 2);
    await eventually(() => second.spool.stats().pendingBytes === 0);
    second.spool.startFeeds(handlers);
    for (const id of ids('newer', 5)) append(second.spool, id, 0, 'alarm');
    await second.spool.drained();
    expect(order).toHaveLength(50);
    expect(order.slice(0, 40).every((id) => id.startsWith('old'))).toBe(true);
    await second.spool.close();
  });

  it('keeps what it did not evaluate when it is stopped', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk);
    const never = recorder(first.spool, {
      evaluate: async () => {
        throw new Error('dead');
      },
    });
    first.spool.startFeeds(never.handlers);
    // Live: nothing but the open slabs keeps the segment.
    await eventually(() => first.spool.stats().isLive);
    for (const id of ids('m', 10)) append(first.spool, id);
    await eventually(() => first.spool.stats().pendingBytes === 0);
    await first.spool.stopFeeds();
    await first.spool.close();
    const second = await open(disk);
    const { seen, handlers } = recorder(second.spool);
    second.spool.startFeeds(handlers);
    await second.spool.drained();
    expect(seen).toEqual(ids('m', 10));
    await second.spool.close();
  });
});

describe('progress', () => {
  it('does not give an action again what it has settled, while others still owe it', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk);
    const { handlers } = recorder(first.spool, {
      async onResult(_lane, slab) {
        first.spool.progress.evaluated(
          slab,
          new Map([
            ['a/0', 2],
            ['b/0', 1],
          ]),
        );
        first.spool.progress.settled(slab, 'a/0');
        first.spool.progress.settled(slab, 'a/0');
        return 'done';
      },
    });
    first.spool.startFeeds(handlers);
    for (const id of ids('m', 10)) append(first.spool, id);
    await eventually(() => first.spool.stats().pendingBytes === 0);
    await first.spool.stopFeeds();
    await first.spool.close();

    const second = await open(disk);
    const tasks: SlabTask[] = [];
    const again = recorder(second.spool, {
      async onResult(_lane, slab, task) {
        tasks.push(task);
        second.spool.progress.evaluated(slab, new Map());
        return 'done';
      },
    });
    second.spool.startFeeds(again.handlers);
    await second.spool.drained();
    expect(tasks.flatMap(idsOf)).toEqual(ids('m', 10));
    expect(tasks[0]?.done).toEqual([]);
    const [done] = tasks[0]?.doneByAction ?? [];
    expect(done?.action).toBe(0);
    expect((done?.ranges[0]?.last ?? 0) - (done?.ranges[0]?.first ?? 0)).toBe(9);
    await second.spool.close();
  });

  it('numbers on after a restart, even when every segment is gone', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk);
    const { handlers } = recorder(first.spool);
    first.spool.startFeeds(handlers);
    for (const id of ids('m', 10)) append(first.spool, id);
    await first.spool.drained();
    await first.spool.close();
    const second = await open(disk);
    expect(second.spool.firstSequence).toBe(first.spool.firstSequence + 10);
    await second.spool.close();
  });
});
