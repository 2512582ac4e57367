import { describe, expect, it } from 'vitest';
import type { FeedHandlers, Spool } from '../../src/spool/api.ts';
import { errno, SimulatedDisk } from './support/simulated-disk.ts';
import {
  CountingWaiter,
  emptyResult,
  eventually,
  hastyClock,
  idsOf,
  openTestSpool,
  packetOf,
  sender,
} from './support/spool-under-test.ts';

const NORMAL = '/spool/journal/normal';

function append(spool: Spool, id: string, waiter: CountingWaiter | null = null, payloadBytes = 100): void {
  const packet = packetOf(id, payloadBytes);
  spool.journal('normal').append(0, sender, 0, 1000, packet, 0, packet.length, waiter?.expect(id) ?? null);
}

function collect(spool: Spool): string[] {
  const seen: string[] = [];
  const handlers: FeedHandlers = {
    evaluate: async (_lane, task) => emptyResult(task),
    async onResult(_lane, slab, task) {
      seen.push(...idsOf(task));
      spool.progress.evaluated(slab, new Map());
      return 'done';
    },
    onPoisoned() {},
    onRuleSet: async () => {},
  };
  spool.startFeeds(handlers);
  return seen;
}

function open(disk: SimulatedDisk, options: Parameters<typeof openTestSpool>[2] = {}) {
  return openTestSpool('/spool', disk, { clock: hastyClock, laneCount: 1, ...options });
}

/** A journal of `count` messages, one commit each, left by a crash; and where its segment stands. */
async function crashedJournal(
  count: number,
  payloadBytes = 700,
): Promise<{ readonly disk: SimulatedDisk; readonly path: string }> {
  const disk = new SimulatedDisk();
  const { spool } = await open(disk);
  const waiter = new CountingWaiter();
  for (let i = 0; i < count; i++) {
    append(spool, `m${i}`, waiter, payloadBytes);
    await eventually(() => waiter.acknowledged.length === i + 1);
  }
  disk.operationsLeft = 0;
  const after = disk.afterProcessCrash();
  const path = after.paths.find((name) => name.startsWith(`${NORMAL}/`) && after.bytesOf(name).readUInt32LE(0) !== 0);
  return { disk: after, path: path ?? '' };
}

function copyOf(disk: SimulatedDisk): SimulatedDisk {
  return disk.afterProcessCrash();
}

async function deliveredFrom(disk: SimulatedDisk) {
  const { spool, reports } = await open(disk);
  const seen = collect(spool);
  await spool.drained();
  await spool.close();
  return { seen, reports };
}

describe('recovery', () => {
  it('keeps a segment in which something could not be read, and delivers it once the disk reads again', async () => {
    const { disk, path } = await crashedJournal(20);
    const whole = Buffer.from(disk.bytesOf(path));
    disk.bytesOf(path).fill(0x5a, 64 + 5 * 832, 64 + 5 * 832 + 16);
    const first = await deliveredFrom(disk);
    expect(first.seen).toHaveLength(19);
    expect(disk.paths).toContain(path);
    whole.copy(disk.bytesOf(path));
    const second = await deliveredFrom(disk);
    expect(second.seen).toEqual(['m5']);
    expect(disk.paths).not.toContain(path);
  });

  it('loses only the message whose block was damaged, and reports the bytes', async () => {
    const { disk, path } = await crashedJournal(20);
    disk.bytesOf(path).fill(0x5a, 64 + 5 * 832, 64 + 5 * 832 + 16);
    const { seen, reports } = await deliveredFrom(disk);
    expect(seen).toHaveLength(19);
    expect(reports.damage).toHaveLength(1);
    expect(reports.damage[0]).toMatchObject({ class: 'normal' });
  });

  it('reads on behind 4 KiB of zeros in the middle', async () => {
    const { disk, path } = await crashedJournal(30);
    disk.bytesOf(path).fill(0, 8192, 8192 + 4096);
    const { seen, reports } = await deliveredFrom(disk);
    expect(seen.length).toBeGreaterThanOrEqual(23);
    expect(seen).toContain('m29');
    expect(reports.damage).toHaveLength(1);
  });

  it('survives a lost header', async () => {
    const { disk, path } = await crashedJournal(5);
    disk.bytesOf(path).fill(0xff, 0, 64);
    const { seen } = await deliveredFrom(disk);
    expect(seen).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
  });

  it('drops a torn tail cut at any byte, and nothing else', async () => {
    const { disk, path } = await crashedJournal(3, 20);
    const bytes = disk.bytesOf(path);
    const blockBytes = 32 + bytes.readUInt32LE(64 + 8);
    const padded = (blockBytes + 7) & ~7;
    const last = 64 + 2 * padded;
    for (let cut = last; cut < last + blockBytes; cut += 1) {
      const torn = copyOf(disk);
      torn.place(path, Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(bytes.length - cut)]));
      const { seen, reports } = await deliveredFrom(torn);
      // Zeros at the end of the block may be what stood there.
      expect({ cut, seen: seen.slice(0, 2), damage: reports.damage }).toEqual({ cut, seen: ['m0', 'm1'], damage: [] });
      if (cut < last + 100) expect(seen).toHaveLength(2);
    }
  });

  it('starts with a truncated segment', async () => {
    const { disk, path } = await crashedJournal(3);
    for (const length of [0, 1, 63, 64, 65, 200, 1000]) {
      const cut = copyOf(disk);
      cut.place(path, Buffer.from(disk.bytesOf(path).subarray(0, length)));
      const { seen } = await deliveredFrom(cut);
      expect(seen).toEqual(length >= 1000 ? ['m0'] : []);
    }
  });

  it('leaves files alone that are not its own', async () => {
    const { disk } = await crashedJournal(2);
    const strangers = [`${NORMAL}/notes.txt`, `${NORMAL}/0000000001.segment`, '/spool/progress/cursor.c'];
    for (const path of strangers) disk.place(path, Buffer.from('mine'));
    disk.place(`${NORMAL}/0000000099-00000000000000000000000000000000.segment`, Buffer.alloc(0));
    const { seen } = await deliveredFrom(disk);
    expect(seen).toEqual(['m0', 'm1']);
    for (const path of strangers) expect(disk.bytesOf(path).toString()).toBe('mine');
    expect(disk.paths).toContain(`${NORMAL}/0000000099-00000000000000000000000000000000.segment`);
  });

  it('refuses a newer format and touches nothing', async () => {
    const { disk, path } = await crashedJournal(2);
    const { crc32 } = await import('node:zlib');
    const bytes = disk.bytesOf(path);
    bytes.writeUInt16LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(8, 64)), 4);
    const before = disk.paths.map((name) => [name, Buffer.from(disk.bytesOf(name))]);
    await expect(open(disk)).rejects.toMatchObject({ code: 'SPOOL_FORMAT_NEWER' });
    expect(disk.paths.map((name) => [name, disk.bytesOf(name)])).toEqual(before);
  });

  it('delivers again, and loses nothing, when the cursor is gone, damaged or of another spool', async () => {
    const { disk } = await crashedJournal(3);
    const { spool } = await open(disk);
    // It stops before progress lets the segment go.
    disk.fault = (operation, path) => {
      if (path.startsWith(NORMAL) && (operation === 'unlink' || operation === 'rename')) throw errno('EIO');
      return undefined;
    };
    const seen = collect(spool);
    await spool.drained();
    expect(seen).toHaveLength(3);
    await spool.progress.flush().catch(() => {});
    disk.operationsLeft = 0;
    const after = disk.afterProcessCrash();
    const cursor = after.paths.find((name) => name.startsWith('/spool/progress/cursor.')) ?? '';
    expect((await deliveredFrom(copyOf(after))).seen).toEqual([]);
    const damaged = copyOf(after);
    damaged.bytesOf(cursor).fill(0x11, 48, 80);
    expect((await deliveredFrom(damaged)).seen).toHaveLength(3);
    const foreign = copyOf(after);
    foreign.bytesOf(cursor).fill(0x11, 24, 32);
    expect((await deliveredFrom(foreign)).seen).toHaveLength(3);
  });
});

describe('journal on a failing disk', () => {
  it('writes the frames of a failed sync to a new segment, then acknowledges them', async () => {
    const disk = new SimulatedDisk();
    const { spool, reports } = await open(disk);
    let failures = 1;
    const failed: string[] = [];
    disk.fault = (operation, path) => {
      if (operation === 'datasync' && path.startsWith(NORMAL) && failures-- > 0) {
        failed.push(path);
        throw errno('EIO');
      }
      if (failed.includes(path) && (operation === 'writev' || operation === 'datasync')) throw new Error('used again');
      return undefined;
    };
    const waiter = new CountingWaiter();
    for (let i = 0; i < 10; i++) append(spool, `m${i}`, waiter);
    await eventually(() => waiter.acknowledged.length === 10);
    expect(reports.failures).toHaveLength(1);
    expect(spool.health.isWritable).toBe(true);
    disk.operationsLeft = 0;
    const { seen } = await deliveredFrom(disk.afterPowerLoss(() => 0));
    expect(seen).toEqual(waiter.acknowledged);
  });

  it('acknowledges nothing while the disk is full, and goes on by itself when there is room', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    let isFull = true;
    disk.fault = (operation, path) => {
      if (isFull && operation === 'writev' && path.startsWith(NORMAL)) throw errno('ENOSPC');
      return undefined;
    };
    const waiter = new CountingWaiter();
    let relieved = 0;
    append(spool, 'm0', waiter);
    await eventually(() => spool.isFull());
    spool.whenRelieved(() => relieved++);
    append(spool, 'm1', waiter);
    expect(spool.health).toMatchObject({ isWritable: false, reason: expect.stringContaining('ENOSPC') });
    expect(waiter.acknowledged).toEqual([]);
    isFull = false;
    await eventually(() => waiter.acknowledged.length === 2);
    expect(waiter.acknowledged).toEqual(['m0', 'm1']);
    expect(relieved).toBe(1);
    expect(spool.health).toEqual({ isWritable: true, reason: '' });
    await spool.close();
  });

  it('gives up at close what a failing disk did not take, without acknowledging it', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    disk.fault = (operation, path) => {
      if (operation === 'datasync' && path.startsWith(NORMAL)) throw errno('EIO');
      return undefined;
    };
    const waiter = new CountingWaiter();
    append(spool, 'm0', waiter);
    await eventually(() => spool.isFull());
    await spool.close();
    expect(waiter).toMatchObject({ acknowledged: [], failed: ['m0'] });
  });

  it('writes everything when the disk takes only a few bytes at a time', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    disk.fault = (operation) => (operation === 'writev' ? 37 : undefined);
    const waiter = new CountingWaiter();
    for (let i = 0; i < 20; i++) append(spool, `m${i}`, waiter);
    await eventually(() => waiter.acknowledged.length === 20);
    disk.operationsLeft = 0;
    expect((await deliveredFrom(disk.afterPowerLoss(() => 0))).seen).toEqual(waiter.acknowledged);
  });

  it('starts on a full disk, delivers what is there, and takes messages once there is room', async () => {
    const { disk } = await crashedJournal(3);
    let isFull = true;
    disk.fault = (operation, path) => {
      if (isFull && operation === 'writev' && path.endsWith('.preparing')) throw errno('ENOSPC');
      return undefined;
    };
    const { spool } = await open(disk);
    const seen = collect(spool);
    await eventually(() => seen.length === 3);
    isFull = false;
    const waiter = new CountingWaiter();
    append(spool, 'm3', waiter);
    await eventually(() => waiter.acknowledged.length === 1);
    await spool.close();
  });

  it('holds normal messages on a nearly full disk and still answers alarms of other clients', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    disk.usedRatio = 0.96;
    await eventually(() => !spool.health.isWritable);
    const held = new CountingWaiter();
    const alarms = new CountingWaiter();
    const packet = packetOf('a0');
    append(spool, 'm0', held);
    spool.journal('alarm').append(0, sender, 0, 1, packet, 0, packet.length, held.expect('a-held'));
    spool.journal('alarm').append(0, sender, 0, 1, packet, 0, packet.length, alarms.expect('a0'));
    await eventually(() => alarms.acknowledged.length === 1);
    expect(held.acknowledged).toEqual([]);
    disk.usedRatio = 0.5;
    await eventually(() => held.acknowledged.length === 2);
    expect(held.acknowledged).toEqual(['m0', 'a-held']);
    await spool.close();
  });

  it('takes a message larger than a segment', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await open(disk);
    const waiter = new CountingWaiter();
    append(spool, 'small', waiter);
    append(spool, 'large', waiter, 300_000);
    append(spool, 'after', waiter);
    await eventually(() => waiter.acknowledged.length === 3);
    disk.operationsLeft = 0;
    expect((await deliveredFrom(disk.afterPowerLoss(() => 0))).seen).toEqual(['small', 'large', 'after']);
  });
});
