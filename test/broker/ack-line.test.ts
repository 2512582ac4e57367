import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckLine } from '../../src/broker/ack-line.ts';
import type { MessageClass } from '../../src/message.ts';
import { times } from '../support/effort.ts';

function createLine() {
  const released: (number | string)[] = [];
  const writes: number[] = [];
  const errors: string[] = [];
  const line = new AckLine({
    writeAcks(acks, count) {
      writes.push(count);
      for (let i = 0; i < count; i++) released.push(acks.readUInt16BE(i * 4 + 2));
    },
    failed: (error) => errors.push(error.message),
    shortened: () => {},
  });
  return { line, released, writes, errors };
}

const messageClass = fc.constantFrom('normal' as const, 'alarm' as const);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('enter' as const),
      class: fc.option(messageClass),
      byAedes: fc.constantFrom(false, false, false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      class: messageClass,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'claim' as const }) },
);

describe('the ack line', () => {
  it('releases whatever happens in the order of arrival, nothing before it is durable, and all in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { line, released } = createLine();
        const waiting: Record<MessageClass, number[]> = { normal: [], alarm: [] };
        const durable = new Set<number>();
        const unclaimed: number[] = [];
        let id = 0;
        const commit = (of: MessageClass, count: number) => {
          for (const each of waiting[of].splice(0, count)) durable.add(each);
          if (count > 0) line.waiter(of).onDurable(count);
        };
        const claim = () => {
          const each = unclaimed.shift();
          if (each !== undefined) line.claim(() => released.push(each));
        };
        for (const each of steps) {
          if (each.kind === 'enter') {
            id++;
            if (each.byAedes) {
              line.enterForwarded(each.class);
              unclaimed.push(id);
            } else line.enterAck(id, each.class);
            if (each.class === null) durable.add(id);
            else waiting[each.class].push(id);
          } else if (each.kind === 'commit') commit(each.class, Math.round(waiting[each.class].length * each.share));
          else claim();
          line.release();
          expect(released).toEqual(Array.from({ length: released.length }, (_, index) => index + 1));
          for (const done of released) expect(durable.has(Number(done))).toBe(true);
        }
        commit('normal', waiting.normal.length);
        commit('alarm', waiting.alarm.length);
        while (unclaimed.length > 0) claim();
        line.release();
        expect([released.length, line.length]).toEqual([id, 0]);
      }),
      { numRuns: times(500) },
    );
  });

  it('does not take the commit of one class for that of another', () => {
    const { line, released } = createLine();
    line.enterAck(1, 'normal');
    line.enterAck(2, 'alarm');
    line.waiter('alarm').onDurable(1);
    expect(released).toEqual([]);
    line.waiter('normal').onDurable(1);
    expect(released).toEqual([1, 2]);
  });

  it('writes what one commit releases at once', () => {
    const { line, writes } = createLine();
    for (let id = 1; id <= 1000; id++) line.enterAck(id, 'normal');
    line.waiter('normal').onDurable(1000);
    expect(writes).toEqual([1000]);
  });

  it('releases nothing of a failed commit, and nothing once it is closed', () => {
    const { line, released, errors } = createLine();
    line.enterAck(1, 'normal');
    line.waiter('normal').onFailed(1, new Error('EIO'));
    expect([released, errors]).toEqual([[], ['EIO']]);
    line.close();
    line.waiter('normal').onDurable(1);
    line.enterAck(2, null);
    line.release();
    expect(released).toEqual([]);
  });
});
