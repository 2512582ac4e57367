import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../../src/errors.ts';
import type { Entry } from '../../../src/message.ts';
import { DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { MemoryOutbox, originalsOf, part, type RigOptions, rig, textOf } from './rig.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const retry: Outcome = { status: 'retry', cause: new Error('busy') };
const held: Outcome = { status: 'held', cause: new Error('credentials expired') };
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));
/** Lets everything run that waits for no timer. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function started(options: RigOptions = {}) {
  const made = rig(options);
  await made.delivery.start();
  return made;
}

describe('pump', () => {
  it('delivers entries in order, settles the part once, and counts it', async () => {
    const { delivery, accept, batches, settled, balance } = await started();
    accept(1, part(1, ['a', 'b']));
    accept(2, part(3, ['c']));
    expect(settled).toEqual([]);
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['a', 'b', 'c']);
    expect(settled).toEqual([1, 2]);
    expect(await balance()).toEqual({ emitted: 3, delivered: 3, inFlight: 0, deadLettered: 0, dropped: 0 });
    expect(delivery.state).toBe('idle');
    expect(delivery.backlog).toEqual({ bytes: 0, memoryBytes: 0, messages: 0, oldestReceivedAt: null });
    await delivery.close();
  });

  it('has gauges from the first message on, and not before', async () => {
    const { delivery, accept, metrics } = await started();
    const backlogs = async () => (await metrics.actionBacklogBytes.get()).values.map(({ value }) => value);
    delivery.refreshMetrics();
    expect(await backlogs()).toEqual([]);
    accept(1, part(1, ['a']));
    delivery.refreshMetrics();
    expect((await backlogs())[0]).toBeGreaterThan(0);
    await settle();
    delivery.refreshMetrics();
    expect(await backlogs()).toEqual([0]);
    await delivery.close();
  });

  it('has gauges of what an earlier run left in the outbox', async () => {
    const outbox = new MemoryOutbox();
    const earlier = await started({ outbox, deliver: async (entries) => entries.map(() => held) });
    earlier.accept(1, part(1, ['a']));
    await settle();
    await earlier.delivery.flush(1_000);
    await earlier.delivery.close();
    const { delivery, metrics } = rig({ outbox });
    delivery.refreshMetrics();
    expect((await metrics.actionOutboxBytes.get()).values.map(({ value }) => value)).toEqual([1]);
    await delivery.close();
  });

  it('sends again only what failed, and settles when the last entry is delivered', async () => {
    let calls = 0;
    const deliver = async (entries: readonly Entry[]) =>
      calls++ === 0 ? entries.map((_, index) => (index === 1 ? retry : DELIVERED)) : entries.map(() => DELIVERED);
    const { delivery, accept, batches, settled, balance } = await started({ deliver });
    accept(1, part(1, ['a', 'b', 'c']));
    await settle();
    expect(settled).toEqual([]);
    expect(await balance()).toMatchObject({ delivered: 2, inFlight: 1 });
    await vi.advanceTimersByTimeAsync(200);
    expect(batches.map((batch) => batch.map(textOf))).toEqual([['a', 'b', 'c'], ['b']]);
    expect(settled).toEqual([1]);
    await delivery.close();
  });

  it('backs off with full jitter, doubling to a minute at most, and never gives up', async () => {
    const at: number[] = [];
    const deliver = async (entries: readonly Entry[]) => {
      at.push(Date.now());
      return entries.map(() => retry);
    };
    const { delivery, accept, log } = await started({ deliver });
    accept(1, part(1, ['a']));
    await vi.advanceTimersByTimeAsync(1_000_000);
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(gaps.slice(0, 10)).toEqual([199, 399, 799, 1598, 3196, 6393, 12787, 25574, 51148, 59940]);
    expect(Math.max(...gaps)).toBe(59_940);
    expect(gaps.length).toBeGreaterThan(20);
    expect(delivery.state).toBe('retrying');
    // Reported when it began and then once a minute, not at each attempt.
    expect(log.filter(({ message }) => message.startsWith('Delivery is failing')).length).toBeLessThan(gaps.length);
    await delivery.close();
  });

  it('waits as long as the service asks', async () => {
    const at: number[] = [];
    const deliver = async (entries: readonly Entry[]) => {
      at.push(Date.now());
      const outcome: Outcome = at.length === 1 ? { ...retry, afterMs: 7_000 } : DELIVERED;
      return entries.map(() => outcome);
    };
    const { delivery, accept } = await started({ deliver });
    accept(1, part(1, ['a']));
    await vi.advanceTimersByTimeAsync(8_000);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBe(7_000);
    await delivery.close();
  });

  it('holds the whole sink, probes with one batch, and says once that it works again', async () => {
    let isFixed = false;
    const deliver = async (entries: readonly Entry[]) => entries.map(() => (isFixed ? DELIVERED : held));
    const { delivery, accept, batches, settled, log } = await started({ deliver, limits: { batchCountMax: 2 } });
    accept(1, part(1, numbers(0, 5)));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(delivery.state).toBe('held');
    expect(new Set(batches.map((batch) => batch.map(textOf).join()))).toEqual(new Set(['0,1']));
    isFixed = true;
    await vi.advanceTimersByTimeAsync(61_000);
    expect(settled).toEqual([1]);
    expect(delivery.state).toBe('idle');
    expect(log.filter(({ message }) => message === 'Delivery works again.')).toHaveLength(1);
    await delivery.close();
  });

  it('writes a rejected entry to the dead letters, durably, before it settles', async () => {
    const cause = new CodedError('MESSAGE_TOO_LARGE', 'too large');
    const deliver = async (entries: readonly Entry[]) =>
      entries.map((entry): Outcome => (textOf(entry) === 'b' ? { status: 'rejected', cause } : DELIVERED));
    const { delivery, accept, letters, letterFailures, settled, balance } = await started({ deliver });
    letterFailures.push(new Error('ENOSPC'), new Error('ENOSPC'));
    accept(1, part(1, ['a', 'b', 'c']));
    await settle();
    expect(settled).toEqual([]);
    expect(letters).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(settled).toEqual([1]);
    expect(letters).toMatchObject([
      {
        code: 'MESSAGE_TOO_LARGE',
        reason: 'too large',
        ruleName: 'press',
        action: 'press/0',
        content: 'entry',
        messageCount: 1,
      },
    ]);
    expect(Buffer.from(letters[0]?.body ?? []).toString()).toBe('b');
    expect(await balance()).toEqual({ emitted: 3, delivered: 2, inFlight: 0, deadLettered: 1, dropped: 0 });
    await delivery.close();
  });

  it('writes no dead letter where the error action took the entry', async () => {
    const deliver = async (entries: readonly Entry[]) =>
      entries.map((): Outcome => ({ status: 'rejected', cause: new Error('no') }));
    const handed: string[] = [];
    const onRejected = async (entry: Entry) => {
      handed.push(textOf(entry));
      return { settled: Promise.resolve() };
    };
    const { delivery, accept, letters, settled, balance } = await started({ deliver, services: { onRejected } });
    accept(1, part(1, ['a'], { originals: originalsOf(['a']) }));
    await settle();
    expect([handed, letters, settled]).toEqual([['a'], [], [1]]);
    expect(await balance()).toEqual({ emitted: 1, delivered: 0, inFlight: 0, deadLettered: 0, dropped: 1 });
    await delivery.close();
  });

  it('halves a batch that was refused as a whole until the one to blame stands alone', async () => {
    const deliver = async (entries: readonly Entry[]) => {
      const outcome: Outcome = { status: 'rejected', cause: new Error('1 validation error detected') };
      return entries.some((entry) => textOf(entry) === '137')
        ? entries.map(() => outcome)
        : entries.map(() => DELIVERED);
    };
    const { delivery, accept, letters, settled, balance } = await started({ deliver });
    accept(1, part(0, numbers(0, 500)));
    await settle();
    expect(letters.map(({ body }) => Buffer.from(body).toString())).toEqual(['137']);
    expect(await balance()).toMatchObject({ delivered: 499, deadLettered: 1, inFlight: 0 });
    expect(settled).toEqual([1]);
    await delivery.close();
  });

  it('cuts batches at the count, at the bytes, and between groups', async () => {
    const limits = { batchCountMax: 3, batchBytesMax: 10, groupOf: (entry: Entry) => entry.destination['to'] ?? '' };
    const { delivery, accept, batches } = await started({ limits });
    accept(1, part(1, ['1', '2', '3', '4']));
    accept(2, part(5, ['55555', '66666', '7']));
    accept(3, part(8, ['8888888888888888888888']));
    await settle();
    expect(batches.map((batch) => batch.map(textOf))).toEqual([
      ['1', '2', '3'],
      ['4', '55555'],
      ['66666', '7'],
      ['8888888888888888888888'],
    ]);
    batches.length = 0;
    accept(4, part(9, ['a'], { destination: '{"to":"x"}' }));
    accept(5, part(10, ['b'], { destination: '{"to":"y"}' }));
    accept(6, part(11, ['c'], { destination: '{"to":"x"}' }));
    await settle();
    expect(batches.map((batch) => batch.map(textOf))).toEqual([['a', 'c'], ['b']]);
    await delivery.close();
  });

  it('keeps so many bytes in memory, sends the rest through the outbox, and brings them back in order', async () => {
    let isUp = false;
    const deliver = async (entries: readonly Entry[]) => entries.map(() => (isUp ? DELIVERED : retry));
    const limits = { batchCountMax: 1, pendingBytesMax: 10 * 257 };
    const { delivery, accept, batches, settled, outbox, balance } = await started({ deliver, limits });
    accept(0, part(0, ['A']));
    await settle();
    for (let n = 1; n < 40; n++) accept(n, part(n, [String.fromCharCode(65 + n)]));
    await settle();
    // All but the one in flight are durable on disk, so their parts are settled.
    expect(outbox.count).toBe(39);
    expect(settled).toEqual(numbers(1, 40).map(Number));
    expect(delivery.backlog).toMatchObject({
      bytes: 40,
      messages: 40,
      memoryBytes: 1,
      oldestReceivedAt: 1_700_000_000_000,
    });
    isUp = true;
    batches.length = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(batches.flat().map(textOf)).toEqual(Array.from({ length: 40 }, (_, n) => String.fromCharCode(65 + n)));
    expect(outbox.count).toBe(0);
    expect(await balance()).toEqual({ emitted: 40, delivered: 40, inFlight: 0, deadLettered: 0, dropped: 0 });
    await delivery.close();
  });

  it('repeats a put that the disk refused, and settles nothing before it is durable', async () => {
    const outbox = new MemoryOutbox();
    outbox.failures.push(new Error('ENOSPC'));
    const { delivery, accept, settled, log } = await started({ outbox, limits: { isOutboxFirst: true } });
    accept(1, part(1, ['a']));
    await settle();
    expect([settled, outbox.count]).toEqual([[], 0]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(settled).toEqual([1]);
    await settle();
    expect(outbox.calls).toHaveLength(1);
    expect(log.map(({ message }) => message)).toEqual([
      'Delivery is failing; it will be tried again.',
      'Delivery works again.',
    ]);
    await delivery.close();
  });

  it('takes nothing from the outbox while a younger entry may be durable before an older one', async () => {
    const outbox = new MemoryOutbox();
    const finish = new Map<string, () => void>();
    outbox.untilDurable = (entry) =>
      textOf(entry) === 'b' ? Promise.resolve() : new Promise((resolve) => finish.set(textOf(entry), resolve));
    const { delivery, accept, batches } = await started({ outbox, limits: { isOutboxFirst: true } });
    // While the first is being put, the next two gather for the next group.
    for (const [n, body] of ['first', 'a', 'b'].entries()) accept(n, part(n, [body]));
    await settle();
    finish.get('first')?.();
    await settle();
    expect([outbox.entries.map(textOf), batches.flat().map(textOf)]).toEqual([['b'], ['first']]);
    finish.get('a')?.();
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['first', 'a', 'b']);
    await delivery.close();
  });

  it('makes lanes wait when neither the sink nor the disk takes more, and no longer', async () => {
    const outbox = new MemoryOutbox();
    const finish: (() => void)[] = [];
    outbox.untilDurable = () => new Promise((resolve) => finish.push(resolve));
    const limits = { batchCountMax: 1, pendingBytesMax: 10 * 257 };
    const { delivery, accept } = await started({
      outbox,
      limits,
      deliver: async (entries) => entries.map(() => retry),
    });
    let rooms = 0;
    const ask = () => void delivery.whenRoom().then(() => rooms++);
    for (let n = 0; n < 41; n++) accept(n, part(n, ['x']));
    ask();
    await vi.advanceTimersByTimeAsync(0);
    expect([rooms, delivery.backlog.memoryBytes > 4 * 10 * 257]).toEqual([0, true]);
    outbox.untilDurable = () => Promise.resolve();
    for (const resolve of finish) resolve();
    await vi.advanceTimersByTimeAsync(20);
    expect(rooms).toBe(1);
    ask();
    await settle();
    expect(rooms).toBe(2);
    await delivery.close();
  });

  it('frees the journal of what a sink has failed to take for ten seconds', async () => {
    const deliver = async (entries: readonly Entry[]) => entries.map(() => retry);
    const { delivery, accept, settled, outbox } = await started({ deliver });
    accept(1, part(1, ['a', 'b']));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(settled).toEqual([1]);
    expect(outbox.entries.map(textOf)).toEqual(['a', 'b']);
    await delivery.close();
  });

  it('drains what an earlier process left in the outbox before anything new, and counts it', async () => {
    const before = await started({
      deliver: async (entries) => entries.map(() => retry),
      limits: { isOutboxFirst: true },
    });
    before.accept(1, part(1, ['a', 'b']));
    await settle();
    await before.delivery.close();
    const { delivery, accept, batches, balance } = await started({
      outbox: before.outbox,
      limits: { isOutboxFirst: true, batchCountMax: 1 },
    });
    accept(1, part(3, ['c']));
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['a', 'b', 'c']);
    expect(await balance()).toEqual({ emitted: 3, delivered: 3, inFlight: 0, deadLettered: 0, dropped: 0 });
    await delivery.close();
  });

  it('gives an attempt fifteen seconds and time for its bytes, then tries again though the sink never answered', async () => {
    let isHanging = true;
    const deliver = (entries: readonly Entry[]) =>
      isHanging ? new Promise<readonly Outcome[]>(() => {}) : Promise.resolve(entries.map(() => DELIVERED));
    const { delivery, accept, batches, settled } = await started({ deliver });
    accept(1, part(1, ['a'.repeat(64_000)]));
    await vi.advanceTimersByTimeAsync(15_999);
    expect(delivery.state).toBe('delivering');
    await vi.advanceTimersByTimeAsync(1);
    expect(delivery.state).toBe('retrying');
    isHanging = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(batches).toHaveLength(2);
    expect(settled).toEqual([1]);
    await delivery.close();
  });

  it('treats a sink that throws, or answers for another number of entries, as one that delivered nothing', async () => {
    const answers: (() => readonly Outcome[])[] = [
      () => {
        throw new Error('a bug');
      },
      () => [DELIVERED],
    ];
    const deliver = async (entries: readonly Entry[]) => answers.shift()?.() ?? entries.map(() => DELIVERED);
    const { delivery, accept, batches, settled } = await started({ deliver });
    accept(1, part(1, ['a', 'b']));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(batches.map((batch) => batch.length)).toEqual([2, 2, 2]);
    expect(settled).toEqual([1]);
    await delivery.close();
  });
});

describe('shutdown', () => {
  it('flushes what a healthy sink takes', async () => {
    const { delivery, accept, settled, isClosed } = await started();
    accept(1, part(1, ['a']));
    await delivery.flush(5_000);
    await settle();
    expect(settled).toEqual([1]);
    await delivery.close();
    expect(isClosed()).toBe(true);
  });

  it('leaves in the outbox, at once, what a failing sink does not take', async () => {
    const { delivery, accept, settled, outbox } = await started({
      deliver: async (entries) => entries.map(() => held),
    });
    accept(1, part(1, ['a', 'b']));
    await settle();
    const flushed = delivery.flush(5_000);
    await settle();
    await flushed;
    expect(settled).toEqual([1]);
    expect(outbox.entries.map(textOf)).toEqual(['a', 'b']);
    await delivery.close();
  });

  it('leaves in the outbox, in order, what a sink that fails for long has let pile up there and what is in flight', async () => {
    let isUp = false;
    const deliver = async (entries: readonly Entry[]) => entries.map(() => (isUp ? DELIVERED : held));
    const limits = { batchCountMax: 2, pendingBytesMax: 10 * 257 };
    const { delivery, accept, batches, settled, outbox } = await started({ deliver, limits });
    accept(0, part(0, ['A', 'B']));
    await settle();
    for (let n = 1; n < 20; n++) accept(n, part(2 * n, [String.fromCharCode(66 + n)]));
    await settle();
    expect(settled).not.toContain(0);
    await delivery.flush(1_000_000);
    expect(settled).toContain(0);
    expect(outbox.entries.map(textOf).join('')).toBe('ABCDEFGHIJKLMNOPQRSTU');
    isUp = true;
    batches.length = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(batches.flat().map(textOf).join('')).toBe('ABCDEFGHIJKLMNOPQRSTU');
    await delivery.close();
  });

  it('waits for no backlog: what is in memory goes behind it', async () => {
    const outbox = new MemoryOutbox();
    const earlier = await started({ outbox, limits: { isOutboxFirst: true }, deliver: () => new Promise(() => {}) });
    earlier.accept(1, part(1, ['a', 'b']));
    await settle();
    await earlier.delivery.close();
    let take = () => {};
    const taking = new Promise<void>((resolve) => {
      take = resolve;
    });
    const taken = outbox.take.bind(outbox);
    outbox.take = async (...bounds) => {
      await taking;
      return await taken(...bounds);
    };
    const { delivery, accept } = await started({ outbox, deliver: () => new Promise(() => {}) });
    accept(2, part(3, ['c']));
    await settle();
    const flushed = delivery.flush(1_000_000);
    await settle();
    take();
    await flushed;
    expect(outbox.entries.map(textOf)).toEqual(['a', 'b', 'c']);
    await delivery.close();
  });

  it('leaves in the outbox what a sink that hangs does not take in five seconds', async () => {
    const deliver = () => new Promise<readonly Outcome[]>(() => {});
    const { delivery, accept, outbox } = await started({ deliver, limits: { batchCountMax: 1 } });
    accept(1, part(1, ['a'.repeat(1_000_000), 'b', 'c']));
    await settle();
    const flushed = delivery.flush(1_000_000);
    await vi.advanceTimersByTimeAsync(5_000);
    await flushed;
    expect(outbox.entries.map(({ id }) => id.at(-1))).toEqual(['0', '1', '2']);
    await delivery.close();
  });

  it('lets a call end that is under way, where there is time, so that nothing is sent twice', async () => {
    const outbox = new MemoryOutbox();
    const deliver = async (entries: readonly Entry[]) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return entries.map(() => DELIVERED);
    };
    const { delivery, accept } = await started({ outbox, deliver, limits: { isOutboxFirst: true, batchCountMax: 1 } });
    accept(1, part(1, ['a', 'b']));
    await settle();
    const closed = delivery.close(1_000);
    await vi.advanceTimersByTimeAsync(300);
    await closed;
    expect(outbox.entries.map(textOf)).toEqual(['b']);
    expect(outbox.taken.size).toBe(0);
  });

  it('ends a call in flight, settles nothing of it, and gives taken entries back to the outbox', async () => {
    const deliver = () => new Promise<readonly Outcome[]>(() => {});
    const memory = await started({ deliver });
    memory.accept(1, part(1, ['a']));
    await settle();
    const flushed = memory.delivery.flush(2_000);
    await vi.advanceTimersByTimeAsync(2_000);
    await flushed;
    await memory.delivery.close();
    await settle();
    expect(memory.settled).toEqual([]);

    const disk = await started({ deliver, limits: { isOutboxFirst: true } });
    disk.accept(1, part(1, ['a']));
    await settle();
    expect(disk.outbox.taken.size).toBe(1);
    await disk.delivery.close();
    expect([disk.outbox.taken.size, disk.outbox.count]).toEqual([0, 1]);
  });

  it('closes twice without harm', async () => {
    const { delivery } = await started();
    await delivery.close();
    await delivery.close();
  });
});
