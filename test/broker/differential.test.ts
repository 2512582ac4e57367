import fc from 'fast-check';
import { expect, it } from 'vitest';
import { times } from '../support/effort.ts';
import { publishPacket, type RawClient, type Setup, startBroker, subscribePacket, until } from './support/harness.ts';

/** One step of a random session. Topics `t/…` are wanted by a rule, `free/…` are not, `alarms/…` commit apart. */
type Step =
  | { readonly kind: 'publish'; readonly topic: string; readonly qos: 0 | 1 | 2; readonly isRetained: boolean }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly filter: string; readonly qos: 0 | 1 | 2 }
  | { readonly kind: 'ping' }
  | { readonly kind: 'commit'; readonly class: 'normal' | 'alarm' };

const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      topic: fc.constantFrom('t/1', 't/2', 'free/1', 'alarms/1', '$SYS/x'),
      qos,
      isRetained: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
      filter: fc.constantFrom('t/1', 't/+', 'alarms/#', '#'),
      qos,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'ping' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      class: fc.constantFrom('normal' as const, 'alarm' as const),
    }),
  },
);

interface Outcome {
  readonly journaled: readonly string[];
  readonly acknowledged: readonly string[];
  readonly dropped: readonly string[];
  readonly received: number;
}

/** Sends all of it in as few segments as the commits between allow, and lists what came of it. */
async function run(setup: Setup, steps: readonly Step[], clientId: string): Promise<Outcome> {
  const raw = await (await setup.raw()).connect({ clientId });
  const { intake } = setup;
  const startedAt = [intake.appended.length, intake.droppedReasons.length, intake.receivedMessages.length] as const;
  let expected = 0;
  let id = 0;
  for (const each of steps) {
    id++;
    if (each.kind === 'commit') {
      await new Promise((resolve) => setImmediate(resolve));
      intake.commit(each.class);
    } else {
      raw.send(bytesOf(each, id));
      if (each.kind !== 'publish' || each.qos > 0) expected++;
    }
  }
  raw.send([0xc0, 0]);
  await until(
    () => {
      intake.commit();
      return answers(raw).length === expected + 1;
    },
    `${expected + 1} answers to ${JSON.stringify(steps)}`,
  );
  raw.send([0xe0, 0]);
  await raw.closed();
  const all = answers(raw);
  const of = (...types: number[]) => all.filter((hex) => types.includes(Number.parseInt(hex[0] ?? '', 16)));
  return {
    journaled: intake.appended
      .slice(startedAt[0])
      .filter(({ qos: each }) => each < 2)
      .map(({ topic, payload }) => `${topic} ${payload}`),
    // MQTT orders acknowledgements within a kind.
    acknowledged: [of(4), of(5), of(9, 11), [...of(13)]].flat(),
    dropped: intake.droppedReasons.slice(startedAt[1]),
    received: intake.receivedMessages.length - startedAt[2],
  };
}

function bytesOf(each: Exclude<Step, { kind: 'commit' }>, id: number): Buffer {
  if (each.kind === 'ping') return Buffer.from([0xc0, 0]);
  if (each.kind === 'publish') return publishPacket(each.topic, String(id), each.qos, id, { retain: each.isRetained });
  if (each.kind === 'subscribe') return subscribePacket(id, [each.filter, each.qos]);
  const filter = Buffer.from(each.filter);
  return Buffer.concat([Buffer.from([0xa2, 4 + filter.length, id >> 8, id & 0xff, 0, filter.length]), filter]);
}

/** Everything but what a subscriber gets. */
function answers(raw: RawClient): string[] {
  return raw.packets().filter((hex) => !hex.startsWith('3'));
}

it('leads to the same journal and the same answers with the fast path on and off', { timeout: 60_000 }, async () => {
  const [fast, slow] = await Promise.all([startBroker({ isFastPathOn: true }), startBroker({ isFastPathOn: false })]);
  let session = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const clientId = `session-${session++}`;
      const [left, right] = await Promise.all([run(fast, steps, clientId), run(slow, steps, clientId)]);
      expect(left).toEqual(right);
      const publishes = steps.flatMap((each, index) => (each.kind === 'publish' ? [{ ...each, id: index + 1 }] : []));
      const wanted = publishes.filter(({ topic, qos: each }) => each < 2 && /^(t|alarms)/.test(topic));
      expect(left.journaled).toEqual(wanted.map(({ topic, id }) => `${topic} ${id}`));
      const pubacks = publishes
        .filter(({ qos: each }) => each === 1)
        .map(({ id }) => `4002${id.toString(16).padStart(4, '0')}`);
      expect(left.acknowledged.filter((hex) => hex.startsWith('4'))).toEqual(pubacks);
      expect(left.received).toBe(publishes.length);
    }),
    { numRuns: times(60) },
  );
  await Promise.all([fast.close(), slow.close()]);
});
