import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/message.ts';
import type { Handover } from '../../../src/ports.ts';
import { DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { MemoryOutbox, originalsOf, part, type RigOptions, rig, textOf } from './rig.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything run that waits for no timer. */
const settle = () => vi.advanceTimersByTimeAsync(0);

/** Refuses bodies that begin with `x`. */
async function deliver(entries: readonly Entry[]): Promise<Outcome[]> {
  return entries.map((entry) =>
    textOf(entry).startsWith('x') ? { status: 'rejected', cause: new Error(`no ${textOf(entry)}`) } : DELIVERED,
  );
}

interface Asked {
  readonly text: string;
  /** The documents are with the error action's delivery. */
  readonly handOver: () => void;
  /** And settled there. */
  readonly settle: () => void;
  /** No document could be made. */
  readonly decline: () => void;
  readonly fail: () => void;
}

function ask(text: string): Asked & { readonly answer: Promise<Handover | null> } {
  let handOver = (_: Handover | null) => {};
  let fail = (_: Error) => {};
  let settleIt = () => {};
  const settled = new Promise<void>((resolve) => {
    settleIt = resolve;
  });
  const answer = new Promise<Handover | null>((resolve, reject) => {
    handOver = resolve;
    fail = reject;
  });
  return {
    text,
    answer,
    handOver: () => handOver({ settled }),
    settle() {
      handOver({ settled });
      settleIt();
    },
    decline: () => handOver(null),
    fail: () => fail(new Error('closed')),
  };
}

/** An error action that answers when the test says so. */
async function scene(options: RigOptions = {}) {
  const asked: Asked[] = [];
  const onRejected = (entry: Entry) => {
    const one = ask(textOf(entry));
    asked.push(one);
    return one.answer;
  };
  const made = rig({ deliver, ...options, services: { onRejected } });
  await made.delivery.start();
  const accept = (n: number, bodies: readonly string[]) =>
    made.accept(n, part(n, bodies, { originals: originalsOf(bodies) }));
  return { ...made, asked, accept, texts: () => asked.map(({ text }) => text) };
}

describe('entries that were refused', () => {
  it('are handed over with the messages behind them, each with its own', async () => {
    const handed: (readonly [string, string])[] = [];
    const onRejected = async (entry: Entry) => {
      handed.push([
        textOf(entry),
        Buffer.from(entry.originals ?? [])
          .toString()
          .trim(),
      ]);
      return { settled: Promise.resolve() };
    };
    const { delivery, accept } = rig({ deliver, services: { onRejected } });
    await delivery.start();
    accept(1, part(1, ['x1', 'a', 'x2'], { originals: originalsOf(['one', 'a', 'two']) }));
    await settle();
    expect(handed).toEqual([
      ['x1', 'ONE'],
      ['x2', 'TWO'],
    ]);
    await delivery.close();
  });

  it('do not hold up the others while the error action is told', async () => {
    const { delivery, accept, asked, texts, settled, batches, balance } = await scene();
    accept(1, ['x1']);
    accept(2, ['a', 'b']);
    await settle();
    accept(3, ['x3', 'c']);
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['x1', 'a', 'b', 'x3', 'c']);
    expect(texts()).toEqual(['x1', 'x3']);
    expect(settled).toEqual([2]);
    expect(await balance()).toEqual({ emitted: 5, delivered: 3, inFlight: 2, deadLettered: 0, dropped: 0 });
    expect(delivery.backlog).toMatchObject({ messages: 2, oldestReceivedAt: 1_700_000_000_001 });
    // Two bodies of two bytes, with eight bytes each behind them.
    expect(delivery.backlog.memoryBytes).toBe(20);
    asked[1]?.settle();
    await settle();
    expect(settled).toEqual([2, 3]);
    asked[0]?.settle();
    await settle();
    expect(settled).toEqual([2, 3, 1]);
    expect(await balance()).toEqual({ emitted: 5, delivered: 3, inFlight: 0, deadLettered: 0, dropped: 2 });
    expect(delivery.backlog).toEqual({ bytes: 0, memoryBytes: 0, messages: 0, oldestReceivedAt: null });
    await delivery.close();
  });

  it.each(['decline', 'fail'] as const)('become dead letters when the error action was not told (%s)', async (how) => {
    const { delivery, accept, asked, settled, letters, letterFailures, balance } = await scene();
    accept(1, ['x1']);
    await settle();
    letterFailures.push(new Error('disk full'));
    asked[0]?.[how]();
    await settle();
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(settled).toEqual([1]);
    expect(letters.map(({ reason, content }) => [reason, content])).toEqual([['no x1', 'entry']]);
    expect(await balance()).toMatchObject({ inFlight: 0, deadLettered: 1, dropped: 0 });
    // Asked once: it is the disk that has to be asked again.
    expect(asked).toHaveLength(1);
    await delivery.close();
  });

  it('without originals become dead letters in line, and nobody is asked', async () => {
    const { delivery, asked, letters, settled } = await scene();
    delivery.accept(part(1, ['x1', 'a']), () => settled.push(1));
    await settle();
    expect([asked.length, letters.length, settled]).toEqual([0, 1, [1]]);
    await delivery.close();
  });

  it('wait once 256 are in the air, and go on when one is done with', async () => {
    const { delivery, accept, asked, batches, settled } = await scene({ limits: { batchCountMax: 1 } });
    const bodies = Array.from({ length: 258 }, (_, index) => `x${index}`);
    accept(1, [...bodies, 'a']);
    await settle();
    expect(asked).toHaveLength(256);
    // The one that there is no room for was attempted; nothing behind it was.
    expect(batches).toHaveLength(257);
    asked[7]?.settle();
    await settle();
    expect(asked).toHaveLength(257);
    for (const one of asked) one.settle();
    await settle();
    asked[257]?.settle();
    await settle();
    expect(settled).toEqual([1]);
    expect(textOf(batches.at(-1)?.[0] as Entry)).toBe('a');
    await delivery.close();
  });

  it('wait before their bytes in the air are more than an action may keep in memory, unless one is larger alone', async () => {
    const { delivery, accept, asked } = await scene({ limits: { pendingBytesMax: 1_000, batchCountMax: 1 } });
    accept(1, [`x${'-'.repeat(2_000)}`, `x${'-'.repeat(600)}`, `x${'-'.repeat(600)}`]);
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.settle();
    await settle();
    expect(asked).toHaveLength(2);
    await delivery.close();
  });

  it('are waited for by a flush until they are handed over, and left for the next start by a close before that', async () => {
    const { delivery, accept, asked, settled, letters, balance } = await scene();
    for (const n of [1, 2, 3]) accept(n, [`x${n}`]);
    await settle();
    let isFlushed = false;
    const flushed = delivery.flush(5_000).then(() => {
      isFlushed = true;
    });
    asked[0]?.settle();
    asked[1]?.handOver();
    await settle();
    expect([isFlushed, settled]).toEqual([false, [1]]);
    await vi.advanceTimersByTimeAsync(5_000);
    await flushed;
    expect(isFlushed).toBe(true);
    await delivery.close();
    // What was handed over is settled also after that; what was not comes again from the journal, told or not.
    asked[1]?.settle();
    asked[2]?.settle();
    await settle();
    expect([settled, letters]).toEqual([[1, 2], []]);
    expect(await balance()).toMatchObject({ dropped: 2, inFlight: 1 });
  });

  it('hold up no flush once they are handed over, however long the error action packs', async () => {
    const { delivery, accept, asked, settled } = await scene();
    accept(1, ['x1']);
    await settle();
    const flushed = delivery.flush(600_000);
    asked[0]?.handOver();
    await settle();
    await flushed;
    expect(settled).toEqual([]);
    await delivery.close();
    asked[0]?.settle();
    await settle();
    expect(settled).toEqual([1]);
  });

  it.each(['asked', 'handed over'])(
    'from the outbox stay there until the end; a close leaves them there (%s)',
    async (state) => {
      const outbox = new MemoryOutbox();
      const held: Outcome = { status: 'held', cause: new Error('no credentials') };
      const earlier = await scene({ outbox, deliver: async (entries) => entries.map(() => held) });
      earlier.accept(1, ['x1']);
      earlier.accept(2, ['x2']);
      await settle();
      const flushed = earlier.delivery.flush(1_000);
      await vi.advanceTimersByTimeAsync(1_000);
      await flushed;
      await earlier.delivery.close();
      const { delivery, asked, texts, balance } = await scene({ outbox });
      await settle();
      expect(texts()).toEqual(['x1', 'x2']);
      expect(outbox.count).toBe(2);
      asked[0]?.settle();
      await settle();
      expect(outbox.entries.map(textOf)).toEqual(['x2']);
      expect(await balance()).toMatchObject({ dropped: 1, inFlight: 1 });
      if (state === 'handed over') asked[1]?.handOver();
      await settle();
      await delivery.close();
      // The other is free for the next to take.
      expect(outbox.taken.size).toBe(0);
    },
  );
});
