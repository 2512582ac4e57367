import { describe, expect, it } from 'vitest';
import type { SlabTask } from '../../src/lane-protocol.ts';
import type { FeedHandlers, RuleSetDocument, Spool } from '../../src/spool/api.ts';
import { RULE_SET_BYTES_MAX } from '../../src/spool/rule-sets.ts';
import { errno, SimulatedDisk } from './support/simulated-disk.ts';
import {
  CountingWaiter,
  emptyResult,
  eventually,
  hastyClock,
  idsOf,
  openTestSpool,
  packetOf,
  ruleSetOf,
  sender,
} from './support/spool-under-test.ts';

const NORMAL = '/spool/journal/normal/';
const SETS = '/spool/rule-sets/';
const [a, b, c] = [ruleSetOf('a'), ruleSetOf('b'), ruleSetOf('c')];

function open(disk: SimulatedDisk, ruleSet: RuleSetDocument, options: Parameters<typeof openTestSpool>[2] = {}) {
  return openTestSpool('/spool', disk, { clock: hastyClock, laneCount: 2, ruleSet, ...options });
}

interface AppendOptions {
  readonly lane?: number;
  readonly class?: 'alarm' | 'normal';
  readonly waiter?: CountingWaiter;
  readonly payloadBytes?: number;
}

function append(spool: Spool, id: string, options: AppendOptions = {}): void {
  const { lane = 0, class: name = 'normal', waiter, payloadBytes = 10 } = options;
  const packet = packetOf(id, payloadBytes);
  spool.journal(name).append(lane, sender, 0, 1000, packet, 0, packet.length, waiter?.expect(id) ?? null);
}

async function reload(spool: Spool, set: RuleSetDocument): Promise<void> {
  await spool.prepareRuleSet(set);
  spool.cutRuleSet(set.hash);
}

async function committed(spool: Spool): Promise<void> {
  await eventually(() => spool.stats().pendingBytes === 0);
}

/** Writes down, in order, what is evaluated and what the rule set becomes: `m1`, `=b`; `=b?` where the document is lost. */
function record(spool: Spool, overrides: Partial<FeedHandlers> = {}): string[] {
  const log: string[] = [];
  spool.startFeeds({
    evaluate: async (_lane, task) => emptyResult(task),
    async onResult(_lane, slab, task) {
      log.push(...idsOf(task));
      spool.progress.evaluated(slab, new Map());
      return 'done';
    },
    onPoisoned() {},
    onRuleSet: async (hash, text) => void log.push(`=${hash.slice(0, 1)}${text === null ? '?' : ''}`),
    ...overrides,
  });
  return log;
}

/** What a spool with messages under `a` and then under `b` leaves when it stops before any was evaluated. */
async function leftBehind(disk: SimulatedDisk): Promise<void> {
  const { spool } = await open(disk, a);
  append(spool, 'm1');
  append(spool, 'm2', { lane: 1, class: 'alarm' });
  await reload(spool, b);
  append(spool, 'm3');
  await spool.close();
}

function setsOn(disk: SimulatedDisk): string {
  const files = disk.paths.filter((path) => path.startsWith(SETS));
  return files.map((path) => path.slice(SETS.length).replace(/^(\w)\w{31}\.json$/, '$1')).join();
}

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

describe('a change of the rule set', () => {
  it('comes to the lanes between what was appended before it and after it', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    const log = record(spool);
    append(spool, 'm1');
    append(spool, 'm2', { lane: 1 });
    await reload(spool, b);
    append(spool, 'm3', { lane: 1 });
    append(spool, 'm4', { class: 'alarm' });
    await spool.drained();
    expect(log.slice(0, 2).sort()).toEqual(['m1', 'm2']);
    expect(log[2]).toBe('=b');
    expect(log.slice(3).sort()).toEqual(['m3', 'm4']);
    await spool.close();
  });

  it('is told where nothing is appended, once, and not where the set stays the same', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    const log = record(spool);
    await reload(spool, a);
    await spool.drained();
    await reload(spool, b);
    await spool.drained();
    await reload(spool, b);
    await spool.drained();
    await reload(spool, a);
    await spool.drained();
    expect(log).toEqual(['=b', '=a']);
    await spool.close();
  });

  it('is not told of sets that came and went without a message', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    for (const set of [b, c, a, c]) await reload(spool, set);
    const log = record(spool);
    append(spool, 'm1');
    await spool.drained();
    expect(log).toEqual(['=c', 'm1']);
    await spool.close();
  });

  it('waits for what lanes have under way, and holds no acknowledgement up meanwhile', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    const [slab, change] = [gate(), gate()];
    const changes: string[] = [];
    const log = record(spool, {
      evaluate: async (_lane, task) => {
        if (idsOf(task).includes('m1')) await slab.passed;
        return emptyResult(task);
      },
      onRuleSet: async (hash) => {
        changes.push(hash);
        await change.passed;
      },
    });
    const waiter = new CountingWaiter();
    append(spool, 'm1', { waiter });
    await committed(spool);
    await reload(spool, b);
    append(spool, 'm2', { lane: 1, waiter });
    await eventually(() => waiter.acknowledged.length === 2);
    expect(changes).toEqual([]);
    expect(spool.stats().isLive).toBe(false);
    slab.open();
    await eventually(() => changes.length === 1);
    append(spool, 'm3', { waiter });
    await eventually(() => waiter.acknowledged.length === 3);
    expect(log).toEqual(['m1']);
    expect(spool.stats()).toMatchObject({ isLive: false, isChangingRuleSet: true });
    change.open();
    await spool.drained();
    expect(log.sort()).toEqual(['m1', 'm2', 'm3']);
    expect(spool.stats()).toMatchObject({ isLive: true, isChangingRuleSet: false });
    await spool.close();
  });

  it('takes so long that what comes meanwhile is read from disk, in order', async () => {
    const { spool } = await open(new SimulatedDisk(), a, { tuning: { segmentBytes: 1024 * 1024 } });
    const change = gate();
    const log = record(spool, { onRuleSet: () => change.passed });
    append(spool, 'm0');
    await spool.drained();
    await reload(spool, b);
    const ids = Array.from({ length: 24 }, (_, index) => `m${index + 1}`);
    for (const id of ids) {
      append(spool, id, { payloadBytes: 900_000 });
      await committed(spool);
    }
    await reload(spool, a);
    append(spool, 'last');
    await committed(spool);
    change.open();
    await spool.drained();
    expect(log).toEqual(['m0', ...ids, 'last']);
    await spool.close();
  });

  it('is tried again when it fails, by then perhaps with another set; nothing is lost', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    const failed: string[] = [];
    const log = record(spool, {
      onRuleSet: async (hash) => {
        if (hash === b.hash && failed.push(hash) <= 3) throw new Error('no memory');
        log.push(`=${hash.slice(0, 1)}`);
      },
    });
    append(spool, 'm1');
    await reload(spool, b);
    append(spool, 'm2');
    await spool.drained();
    expect(log).toEqual(['m1', '=b', 'm2']);
    expect(failed).toHaveLength(4);
    await spool.close();
  });

  it('that failed is told of the set of before, where that comes again', async () => {
    const { spool } = await open(new SimulatedDisk(), a);
    const told: string[] = [];
    record(spool, {
      onRuleSet: async (hash) => {
        told.push(hash);
        if (hash === b.hash) throw new Error('no memory');
      },
    });
    await spool.drained();
    await reload(spool, b);
    await eventually(() => told.length > 0);
    await reload(spool, a);
    await spool.drained();
    expect(new Set(told)).toEqual(new Set([b.hash, a.hash]));
    expect(told.at(-1)).toBe(a.hash);
    await spool.close();
  });

  it('that never ends, or fails for ever, keeps nobody from stopping; the messages come again under their sets', async () => {
    const disk = new SimulatedDisk();
    for (const onRuleSet of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('never'))]) {
      const { spool } = await open(disk, a);
      record(spool, { onRuleSet });
      await eventually(() => spool.stats().isLive);
      await reload(spool, b);
      append(spool, 'm1');
      await committed(spool);
      await spool.stopFeeds();
      await spool.close();
      const again = await open(disk, a);
      const log = record(again.spool);
      await again.spool.drained();
      expect(log).toEqual(['=b', 'm1', '=a']);
      await again.spool.close();
    }
  });

  it('is refused while the set or room for its messages cannot be made durable; the old set stays', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk, a);
    const log = record(spool);
    append(spool, 'm1');
    await spool.drained();
    disk.fault = (operation) => {
      if (operation === 'writev') throw errno('ENOSPC');
      return undefined;
    };
    await expect(spool.prepareRuleSet(b)).rejects.toThrow('ENOSPC');
    expect(() => spool.cutRuleSet(b.hash)).toThrow('prepared');
    disk.fault = () => undefined;
    append(spool, 'm2');
    await spool.drained();
    await reload(spool, b);
    append(spool, 'm3');
    await spool.drained();
    expect(log).toEqual(['m1', 'm2', '=b', 'm3']);
    await expect(spool.prepareRuleSet({ ...c, text: 'x'.repeat(RULE_SET_BYTES_MAX + 1) })).rejects.toThrow('bytes');
    await spool.close();
  });

  it('keeps no alarm waiting while normal messages are held for lack of space', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk, a);
    const log = record(spool);
    append(spool, 'm1');
    await spool.drained();
    disk.usedRatio = 0.97;
    await eventually(() => !spool.health.isWritable);
    append(spool, 'held');
    await reload(spool, b);
    append(spool, 'alarm', { class: 'alarm' });
    await eventually(() => log.includes('alarm'));
    expect(log).toEqual(['m1', '=b', 'alarm']);
    disk.usedRatio = 0.1;
    await spool.drained();
    expect(log.slice(3)).toEqual(['held']);
    await spool.close();
  });
});

describe('a start under another rule set', () => {
  it('first evaluates what older sets left behind, each under its own', async () => {
    const disk = new SimulatedDisk();
    await leftBehind(disk);
    const { spool } = await open(disk, c, { laneCount: 3 });
    append(spool, 'm4', { lane: 2 });
    const log = record(spool);
    await spool.drained();
    expect(log.slice(0, 1)).toEqual(['=a']);
    expect(log.slice(1, 3).sort()).toEqual(['m1', 'm2']);
    expect(log.slice(3)).toEqual(['=b', 'm3', '=c', 'm4']);
    await spool.close();
  });

  it('does not tell of sets whose messages are all settled', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk, a);
    record(spool);
    for (const set of [b, a]) {
      append(spool, `before ${set.hash}`);
      await spool.drained();
      await reload(spool, set);
    }
    await spool.drained();
    await spool.close();
    const again = await open(disk, c);
    const log = record(again.spool);
    await again.spool.drained();
    expect(log).toEqual([]);
    await again.spool.close();
  });

  it('goes on with the newest set where the document is missing or damaged, and says so', async () => {
    const damages: ((disk: SimulatedDisk, path: string) => unknown)[] = [
      (disk, path) => disk.unlink(path),
      (disk, path) => disk.bytesOf(path).write('X', 100),
      (disk, path) => disk.bytesOf(path).write('{"version":1}   ', 0),
    ];
    for (const damage of damages) {
      const disk = new SimulatedDisk();
      await leftBehind(disk);
      await damage(disk, `${SETS}${a.hash}.json`);
      const { spool, reports } = await open(disk, b);
      const log = record(spool);
      await spool.drained();
      expect(log[0]).toBe('=a?');
      expect(log.slice(1, 3).sort()).toEqual(['m1', 'm2']);
      expect(log.slice(3)).toEqual(['=b', 'm3']);
      expect(reports.ruleSetsLost).toEqual([a.hash]);
      await spool.close();
    }
  });

  it('takes the set of the segment before for one whose header was lost', async () => {
    const disk = new SimulatedDisk();
    await leftBehind(disk);
    const second = disk.paths.filter((path) => path.startsWith(NORMAL) && disk.bytesOf(path).readUInt32LE(64) !== 0)[1];
    disk.bytesOf(second ?? '').fill(0, 0, 64);
    const { spool } = await open(disk, c);
    const log = record(spool);
    await spool.drained();
    expect(log[0]).toBe('=a');
    expect(log.slice(1, 3).sort()).toEqual(['m1', 'm2']);
    expect(log.slice(3)).toEqual(['m3', '=c']);
    await spool.close();
  });

  it('works on a full disk, and makes the set durable before the first message under it', async () => {
    const disk = new SimulatedDisk();
    await leftBehind(disk);
    let isFull = true;
    disk.fault = (operation) => {
      if (isFull && operation === 'writev') throw errno('ENOSPC');
      return undefined;
    };
    const { spool } = await open(disk, c);
    const log = record(spool);
    const waiter = new CountingWaiter();
    append(spool, 'm4', { waiter });
    await eventually(() => log.includes('=b') && log.includes('m3'));
    expect(setsOn(disk)).toBe('a,b');
    expect(waiter.acknowledged).toEqual([]);
    isFull = false;
    await eventually(() => waiter.acknowledged.length === 1);
    expect(setsOn(disk)).toMatch(/c$/);
    await spool.drained();
    expect(log.slice(-2)).toEqual(['=c', 'm4']);
    await spool.close();
  });
});

describe('documents of rule sets', () => {
  it('stay while a message under them is not settled, and go with its segment', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk, a);
    const open_: (() => void)[] = [];
    record(spool, {
      async onResult(_lane, slab) {
        spool.progress.evaluated(slab, new Map([['x', 1]]));
        open_.push(() => spool.progress.settled(slab, 'x'));
        return 'done';
      },
    });
    append(spool, 'm1');
    await committed(spool);
    for (const set of [b, c]) await reload(spool, set);
    append(spool, 'm2');
    await eventually(() => open_.length === 2);
    open_[1]?.();
    await spool.progress.flush();
    expect(setsOn(disk)).toBe('a,b,c');
    open_[0]?.();
    await spool.progress.flush();
    expect(setsOn(disk)).toBe('c');
    await spool.close();
  });

  it('are looked through at a start; files that are not ours stay', async () => {
    const disk = new SimulatedDisk();
    await leftBehind(disk);
    disk.place(`${SETS}notes.json`, Buffer.from('mine'));
    disk.place(`${SETS}${'d'.repeat(32)}.json`, Buffer.from('of nobody'));
    disk.place(`${SETS}${'e'.repeat(32)}.json.preparing`, Buffer.from('half'));
    const { spool } = await open(disk, c);
    expect(setsOn(disk)).toBe('a,b,c,notes.json');
    await spool.close();
  });

  it('are replaced when they are damaged and the same set comes again', async () => {
    const disk = new SimulatedDisk();
    await leftBehind(disk);
    disk.bytesOf(`${SETS}${a.hash}.json`).fill(0);
    const first = await open(disk, a);
    await first.spool.close();
    const { spool } = await open(disk, b);
    const log = record(spool);
    await spool.drained();
    expect(log[0]).toBe('=a');
    await spool.close();
  });
});

describe('progress across rule sets', () => {
  it('knows what an action of an old set has had, in this run and in the next', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk, a, { actionIds: ['old', 'both'] });
    const doneBy: number[][] = [];
    const left: (() => void)[] = [];
    record(first.spool, {
      async onResult(_lane, slab) {
        first.spool.progress.evaluated(slab, new Map(Object.entries({ old: 1, both: 1, slow: 1 })));
        left.push(() => first.spool.progress.settled(slab, 'old'));
        first.spool.progress.settled(slab, 'both');
        return 'done';
      },
    });
    append(first.spool, 'm1');
    await eventually(() => left.length === 1);
    await reload(first.spool, b);
    first.spool.setActionIds(['both', 'new']);
    left[0]?.();
    await first.spool.progress.flush();
    await first.spool.close();

    const second = await open(disk, b, { actionIds: ['both', 'new'] });
    record(second.spool, {
      onRuleSet: async (hash) => second.spool.setActionIds(hash === a.hash ? ['new', 'old', 'both'] : ['both', 'new']),
      async onResult(_lane, slab, task: SlabTask) {
        doneBy.push(task.doneByAction.map(({ action }) => action));
        second.spool.progress.evaluated(slab, new Map());
        return 'done';
      },
    });
    await second.spool.drained();
    expect(doneBy).toEqual([[1, 2]]);
    await second.spool.close();
  });

  it('takes more that a slab owes until it is settled, of actions that were not named at first, and records those last', async () => {
    const disk = new SimulatedDisk();
    const first = await open(disk, a, { actionIds: ['v', 'x', 'y'] });
    const { progress } = first.spool;
    const settle: (() => void)[] = [];
    record(first.spool, {
      async onResult(_lane, slab, task) {
        const [id = ''] = idsOf(task);
        progress.evaluated(slab, new Map(Object.entries({ v: 1, '': 1 })));
        progress.settled(slab, 'v');
        expect(() => progress.owes(slab, new Map([['v', 1]]))).toThrow('recorded as done');
        progress.owes(slab, new Map([['x', 1]]));
        progress.settled(slab, 'x');
        if (id === 'early') return 'done';
        progress.owes(slab, new Map(Object.entries({ x: 1, y: 1 })));
        progress.settled(slab, '');
        progress.settled(slab, 'x');
        expect(() => progress.owes(slab, new Map([['x', 1]]))).toThrow('recorded as done');
        progress.owes(slab, new Map([['', 1]]));
        expect(() => progress.owes(slab, new Map([['x', 1]]))).toThrow('recorded as done');
        progress.settled(slab, '');
        settle.push(() => {
          progress.owes(slab, new Map([['y', 1]]));
          progress.settled(slab, 'y');
          progress.settled(slab, 'y');
          expect(() => progress.owes(slab, new Map([['y', 1]]))).toThrow('only while it owes');
        });
        return 'done';
      },
    });
    for (const id of ['early', 'late', 'whole']) {
      append(first.spool, id);
      await committed(first.spool);
    }
    await eventually(() => settle.length === 2);
    settle[1]?.();
    await progress.flush();
    await first.spool.close();

    const second = await open(disk, a, { actionIds: ['v', 'x', 'y'] });
    const seen: { readonly ids: string[]; readonly done: string[] }[] = [];
    record(second.spool, {
      async onResult(_lane, slab, task) {
        const done = task.doneByAction.flatMap(({ action, ranges }) =>
          ranges.map(({ first: from, last }) => `${action}: ${from - slab.first}-${last - slab.first}`),
        );
        seen.push({ ids: idsOf(task), done });
        second.spool.progress.evaluated(slab, new Map());
        return 'done';
      },
    });
    await second.spool.drained();
    expect(seen).toEqual([{ ids: ['early', 'late'], done: ['0: 0-1', '1: 1-1'] }]);
    await second.spool.close();
  });
});
