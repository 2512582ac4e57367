import fc from 'fast-check';
import { expect, it } from 'vitest';
import { times } from '../support/effort.ts';
import { connectPacket, packet, publishPacket, RawClient, startBroker, subscribePacket } from './support/harness.ts';

const valid = fc.constantFrom(
  connectPacket(),
  publishPacket('t/1', 'payload', 0),
  publishPacket('t/1', 'payload', 1, 7, { retain: true }),
  publishPacket('t/2', 'payload', 2, 8),
  subscribePacket(9, ['t/#', 1], ['+/2', 2]),
  packet(0xa2, Buffer.from([0, 10, 0, 1, 0x74])),
  Buffer.from([0x62, 2, 0, 8]),
  Buffer.from([0x40, 2, 0, 1]),
  Buffer.from([0x50, 2, 0, 1]),
  Buffer.from([0xc0, 0]),
  Buffer.from([0xe0, 0]),
);

/** Bytes of good packets, some of them changed, cut or made up. */
const bytes = fc
  .array(fc.oneof({ weight: 5, arbitrary: valid }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) }), {
    maxLength: 12,
  })
  .chain((parts) => {
    const whole = Buffer.concat(parts);
    return fc.array(fc.tuple(fc.nat(Math.max(0, whole.length - 1)), fc.nat(255)), { maxLength: 3 }).map((changes) => {
      for (const [position, byte] of changes) if (position < whole.length) whole[position] = byte;
      return whole;
    });
  });

it.each([true, false])('whatever bytes come, others are served (fast path on: %s)', async (isFastPathOn) => {
  const setup = await startBroker({ isFastPathOn });
  setup.intake.isImmediate = true;
  const bystander = await (await setup.raw()).connect({ clientId: 'bystander' });
  let id = 0;
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), fc.nat(100), async (data, isConnected, cut) => {
      const raw = await RawClient.open(setup.port);
      if (isConnected) await raw.connect({ clientId: 'fuzz', isClean: cut % 2 === 0 });
      raw.socket.write(data.subarray(0, cut));
      raw.socket.end(data.subarray(cut));
      await raw.closed();
      id = (id % 65_535) + 1;
      bystander.received = Buffer.alloc(0);
      bystander.send(publishPacket('bystander', 'x', 1, id));
      await bystander.receive(4);
      expect(bystander.packets()).toEqual([`4002${id.toString(16).padStart(4, '0')}`]);
    }),
    { numRuns: times(200) },
  );
  await setup.close();
});
