import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedHandlers, Spool } from '../../src/spool/api.ts';
import { nodeFiles } from '../../src/spool/files.ts';
import {
  CountingWaiter,
  emptyResult,
  eventually,
  idsOf,
  openTestSpool,
  packetOf,
  sender,
} from './support/spool-under-test.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-spool-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

function append(
  spool: Spool,
  id: string,
  waiter: CountingWaiter | null,
  lane = 0,
  name: 'alarm' | 'normal' = 'normal',
) {
  const packet = packetOf(id, 100);
  spool.journal(name).append(lane, sender, 0, 1000, packet, 0, packet.length, waiter?.expect(id) ?? null);
}

/** Settles everything at once; collects what was seen. */
function collector(spool: Spool): {
  readonly seen: string[];
  readonly replayed: string[];
  readonly handlers: FeedHandlers;
} {
  const seen: string[] = [];
  const replayed: string[] = [];
  return {
    seen,
    replayed,
    handlers: {
      evaluate: async (_lane, task) => emptyResult(task),
      async onResult(_lane, slab, task) {
        seen.push(...idsOf(task));
        if (task.isReplay) replayed.push(...idsOf(task));
        spool.progress.evaluated(slab, new Map());
        return 'done';
      },
      onPoisoned() {},
      onRuleSet: async () => {},
    },
  };
}

describe('spool', () => {
  it('acknowledges in order of appending and feeds every message once', async () => {
    const { spool } = await openTestSpool(dir, nodeFiles());
    const waiter = new CountingWaiter();
    const { seen, handlers } = collector(spool);
    spool.startFeeds(handlers);
    const ids: string[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 200; i++) {
        const id = `m${round}-${i}`;
        ids.push(id);
        append(spool, id, waiter, i % 2, i % 5 === 0 ? 'alarm' : 'normal');
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => waiter.acknowledged.length === ids.length);
    expect(waiter.acknowledged).toEqual(ids);
    await spool.drained();
    expect(seen.toSorted()).toEqual(ids.toSorted());
    await spool.close();
  });

  it('delivers after a restart what was not settled, and nothing that was', async () => {
    const first = await openTestSpool(dir, nodeFiles());
    const waiter = new CountingWaiter();
    const before = collector(first.spool);
    first.spool.startFeeds(before.handlers);
    for (let i = 0; i < 100; i++) append(first.spool, `a${i}`, waiter);
    await first.spool.drained();
    await first.spool.stopFeeds();
    for (let i = 0; i < 2000; i++) append(first.spool, `b${i}`, waiter, i % 2);
    await first.spool.close();
    expect(waiter.acknowledged).toHaveLength(2100);

    const second = await openTestSpool(dir, nodeFiles());
    expect(second.spool.stats().classes.normal.backlogMessages).toBeGreaterThanOrEqual(2000);
    const after = collector(second.spool);
    second.spool.startFeeds(after.handlers);
    await second.spool.drained();
    const expected = Array.from({ length: 2000 }, (_, i) => `b${i}`);
    expect(after.seen.toSorted()).toEqual(expected.toSorted());
    expect(after.replayed.length).toBe(2000);
    expect(after.seen.filter((id) => Number(id.slice(1)) % 2 === 0)).toEqual(expected.filter((_, i) => i % 2 === 0));
    expect(second.spool.stats().classes.normal.backlogMessages).toBe(0);
    await second.spool.progress.flush();
    expect(await readdir(join(dir, 'journal', 'normal'))).toHaveLength(1);
    await second.spool.close();
  });
});
