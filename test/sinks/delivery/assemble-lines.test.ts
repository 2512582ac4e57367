import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { originalsOf, part, type RigOptions, rig, textOf } from './rig.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

async function packing(
  assembly: Partial<{ recordBytesMax: number; latencyMs: number; countMax: number }>,
  more: RigOptions = {},
) {
  const made = rig({
    ...more,
    assembly: { kind: 'lines', recordBytesMax: 100, latencyMs: 1_000, countMax: 1_000, ...assembly },
  });
  await made.delivery.start();
  return made;
}

describe('packed records', () => {
  it('grow over parts until the next line would not fit, and are cut between lines', async () => {
    const { delivery, accept, batches, settled } = await packing({ recordBytesMax: 10 });
    accept(1, part(1, ['aaa\n', 'bbb\n']));
    accept(2, part(3, ['cc\n', 'd\n', 'eeeeeeeee\n', 'f\n']));
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['aaa\nbbb\n', 'cc\nd\n', 'eeeeeeeee\n']);
    expect(settled).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(batches.flat().map(textOf).at(-1)).toBe('f\n');
    expect(settled).toEqual([1, 2]);
    await delivery.close();
  });

  it('share out messages and bytes exactly, and have ids of their own', async () => {
    const { delivery, accept, batches } = await packing({ recordBytesMax: 6 });
    accept(1, part(1, ['aa\n', 'bb\n', 'cc\n', 'dd\n', 'ee\n'], { messageCount: 7, rawBytes: 1001 }));
    await delivery.flush(1_000);
    const entries = batches.flat();
    expect(entries.map(textOf)).toEqual(['aa\nbb\n', 'cc\ndd\n', 'ee\n']);
    expect(entries.reduce((sum, { messageCount }) => sum + messageCount, 0)).toBe(7);
    expect(entries.reduce((sum, { rawBytes }) => sum + rawBytes, 0)).toBe(1001);
    expect(entries.reduce((sum, { encodedBytes }) => sum + encodedBytes, 0)).toBe(15);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(3);
    expect(entries[0]?.id).toBe('press-0-000000000001-000000000005-0');
    await delivery.close();
  });

  it('are sent at their age, at their count, and by flush', async () => {
    const { delivery, accept, batches } = await packing({ latencyMs: 50, countMax: 3 });
    accept(1, part(1, ['a\n']));
    await vi.advanceTimersByTimeAsync(49);
    expect(batches).toHaveLength(0);
    expect(delivery.backlog).toMatchObject({
      bytes: 2,
      memoryBytes: 2,
      messages: 1,
      oldestReceivedAt: 1_700_000_000_001,
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(batches.flat().map(textOf)).toEqual(['a\n']);
    accept(2, part(2, ['b\n', 'c\n', 'd\n']));
    await settle();
    expect(batches.flat().map(textOf)).toEqual(['a\n', 'b\nc\nd\n']);
    accept(3, part(5, ['e\n']));
    await delivery.flush(1_000);
    expect(batches.flat().map(textOf)).toEqual(['a\n', 'b\nc\nd\n', 'e\n']);
    await delivery.close();
  });

  it('never mix destinations, and keep only so many open', async () => {
    const { delivery, accept, batches } = await packing({});
    accept(0, part(1, ['x\n'], { destination: '{"to":"a"}' }));
    accept(1, part(2, ['y\n'], { destination: '{"to":"b"}' }));
    accept(2, part(3, ['z\n'], { destination: '{"to":"a"}' }));
    for (let n = 0; n < 255; n++) accept(3 + n, part(4 + n, ['-\n'], { destination: `{"to":"${n}"}` }));
    await settle();
    expect(batches.flat().map((entry) => [entry.destination['to'], textOf(entry)])).toEqual([['a', 'x\nz\n']]);
    await delivery.close();
  });

  it('hold eight mebibytes open together; beyond that the oldest is sent', async () => {
    const { delivery, accept, batches } = await packing({ recordBytesMax: 1_000_000, latencyMs: 900_000 });
    const line = `${'x'.repeat(899_999)}\n`;
    for (let n = 0; n < 9; n++) accept(n, part(n, [line], { destination: `{"to":"${n}"}` }));
    await settle();
    expect(batches).toHaveLength(0);
    accept(9, part(9, [line], { destination: '{"to":"9"}' }));
    await settle();
    expect(batches.flat().map((entry) => entry.destination['to'])).toEqual(['0']);
    await delivery.close();
  });

  it('carry the messages behind their lines, in order, whatever they are cut from', async () => {
    const { delivery, accept, batches } = await packing({ recordBytesMax: 10 });
    const lines = (...texts: string[]) => ({
      bodies: texts,
      more: { originals: originalsOf(texts.map((t) => t.trim())) },
    });
    const one = lines('aaa\n', 'bbb\n', 'ccc\n');
    const two = lines('dd\n', 'e\n');
    accept(1, part(1, one.bodies, one.more));
    accept(2, part(4, two.bodies, two.more));
    expect(delivery.backlog.memoryBytes).toBeGreaterThan(5 * 8 + 17);
    await delivery.flush(1_000);
    expect(batches.flat().map(({ originals }) => Buffer.from(originals ?? []).toString())).toEqual([
      'AAA     BBB     ',
      'CCC     DD      E       ',
    ]);
    expect(delivery.backlog.memoryBytes).toBe(0);
    await delivery.close();
  });

  it('carry those of lines that are packed later, too', async () => {
    const gzip = (bytes: Uint8Array) => Buffer.from(`[${Buffer.from(bytes).toString()}]`);
    const { delivery, accept, batches } = await packing({}, { plan: { codec: 'gzip' }, services: { gzip } });
    const shared = originalsOf(['x', 'a', 'b']);
    const originals = { bytes: shared.bytes.subarray(8), ends: [8, 16] };
    accept(1, part(1, ['a\n', 'b\n'], { packing: 'records', originals }));
    accept(2, part(3, ['[c]'], { originals: originalsOf(['c']) }));
    await delivery.flush(1_000);
    const [entry] = batches.flat();
    expect(entry === undefined ? '' : textOf(entry)).toBe('[a\nb\n][c]');
    expect(Buffer.from(entry?.originals ?? []).toString()).toBe('A       B       C       ');
    await delivery.close();
  });

  it('carry none where the action keeps none', async () => {
    const { delivery, accept, batches } = await packing({});
    accept(1, part(1, ['a\n']));
    await delivery.flush(1_000);
    expect(batches.flat().map(({ originals }) => originals)).toEqual([null]);
    await delivery.close();
  });

  it('take a part that cannot be cut as a whole', async () => {
    const { delivery, accept, batches } = await packing({ recordBytesMax: 10 });
    accept(1, part(1, ['gzip-1'], { ends: null }));
    accept(2, part(2, ['gzip-22'], { ends: null }));
    accept(3, part(3, ['gzip-33333333'], { ends: null }));
    await delivery.flush(1_000);
    expect(batches.flat().map(textOf)).toEqual(['gzip-1', 'gzip-22', 'gzip-33333333']);
    await delivery.close();
  });
});

describe('single messages', () => {
  it('are cut at their ends, whatever the number of messages', async () => {
    const made = rig();
    await made.delivery.start();
    made.accept(1, part(1, ['a', '', 'ccc'], { messageCount: 2, hops: 3, destination: '{"topic":"x"}' }));
    await settle();
    const entries = made.batches.flat();
    expect(entries.map(textOf)).toEqual(['a', '', 'ccc']);
    expect(entries.map(({ messageCount }) => messageCount)).toEqual([0, 1, 1]);
    expect(entries.map(({ hops, destination }) => [hops, destination])).toEqual(Array(3).fill([3, { topic: 'x' }]));
    expect(made.settled).toEqual([1]);
    await made.delivery.close();
  });
});
