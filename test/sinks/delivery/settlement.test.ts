import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/message.ts';
import { DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { times } from '../../support/effort.ts';
import { MemoryOutbox, part, rig, textOf } from './rig.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const outcomeKinds = fc.constantFrom('delivered', 'delivered', 'retry', 'held', 'rejected', 'throw', 'hang');
type Kind = 'delivered' | 'retry' | 'held' | 'rejected' | 'throw' | 'hang';

const scenario = fc.record({
  parts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 }),
  outcomes: fc.array(outcomeKinds, { maxLength: 40 }) as fc.Arbitrary<Kind[]>,
  putFailures: fc.integer({ min: 0, max: 3 }),
  letterFailures: fc.integer({ min: 0, max: 3 }),
  pauses: fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 12 }),
  pendingBytesMax: fc.constantFrom(1, 600, 1_000_000),
  batchCountMax: fc.constantFrom(1, 2, 7),
  isOutboxFirst: fc.boolean(),
  isPacked: fc.boolean(),
});

describe('delivery, whatever happens', () => {
  it('settles every part exactly once, delivers or dead-letters every message, and keeps its books', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const outcomes = [...given.outcomes];
        const delivered: string[] = [];
        const judge = (entry: Entry): Outcome => {
          switch (outcomes.shift() ?? 'delivered') {
            case 'retry':
              return { status: 'retry', cause: new Error('busy') };
            case 'held':
              return { status: 'held', cause: new Error('denied') };
            case 'rejected':
              return { status: 'rejected', cause: new Error('invalid') };
            default:
              delivered.push(...textOf(entry).split(';').slice(0, -1));
              return DELIVERED;
          }
        };
        const deliver = async (entries: readonly Entry[]) => {
          if (outcomes[0] === 'throw') {
            outcomes.shift();
            throw new Error('bug');
          }
          if (outcomes[0] === 'hang') {
            outcomes.shift();
            return await new Promise<readonly Outcome[]>(() => {});
          }
          return entries.map(judge);
        };
        const outbox = new MemoryOutbox();
        for (let n = 0; n < given.putFailures; n++) outbox.failures.push(new Error('ENOSPC'));
        const { pendingBytesMax, batchCountMax, isOutboxFirst } = given;
        const made = rig({
          deliver,
          outbox,
          limits: { pendingBytesMax, batchCountMax, isOutboxFirst },
          assembly: given.isPacked
            ? { kind: 'lines', recordBytesMax: 12, latencyMs: 1_000, countMax: 4 }
            : { kind: 'each' },
        });
        for (let n = 0; n < given.letterFailures; n++) made.letterFailures.push(new Error('ENOSPC'));
        await made.delivery.start();
        const sent: string[] = [];
        for (const [n, count] of given.parts.entries()) {
          const bodies = Array.from({ length: count }, (_, index) => `${sent.length + index};`);
          made.accept(n, part(sent.length, bodies));
          sent.push(...bodies.map((body) => body.slice(0, -1)));
          await vi.advanceTimersByTimeAsync(given.pauses[n] ?? 0);
        }
        await vi.advanceTimersByTimeAsync(4_000_000);
        const dead = made.letters.flatMap(({ body }) => Buffer.from(body).toString().split(';').slice(0, -1));
        expect([...made.settled].sort((a, b) => a - b)).toEqual(given.parts.map((_, n) => n));
        expect([...delivered, ...dead].sort((a, b) => Number(a) - Number(b))).toEqual(sent);
        // A sink that takes one entry at a time gets them in order, unless the disk refused a part of what went to the outbox.
        if (batchCountMax === 1 && given.putFailures === 0)
          expect(delivered).toEqual([...delivered].sort((a, b) => Number(a) - Number(b)));
        expect(await made.balance()).toEqual({
          emitted: sent.length,
          delivered: delivered.length,
          inFlight: 0,
          deadLettered: dead.length,
          dropped: 0,
        });
        expect(made.delivery.backlog).toMatchObject({ bytes: 0, messages: 0, oldestReceivedAt: null });
        await made.delivery.close();
      }),
      { numRuns: times(100) },
    );
  });
});
