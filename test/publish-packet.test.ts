import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPublish, writePublish } from '../src/publish-packet.ts';

const view = () => ({ qos: 0, isRetained: false, topicStart: 0, topicEnd: 0, payloadStart: 0, payloadEnd: 0 });

describe('a PUBLISH packet', () => {
  it('has the bytes of the standard', () => {
    const bytes = writePublish('a/b', Buffer.from('hi'), 1, true, 10);
    expect(bytes.toString('hex')).toBe('33090003612f62000a6869');
    expect(writePublish('a', Buffer.alloc(0), 0, false, 0).toString('hex')).toBe('3003000161');
  });

  it('is read back as it was written, wherever it stands in a buffer', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'binary', minLength: 1, maxLength: 50 })
          .filter((text) => Buffer.from(text).toString() === text),
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(0 as const, 1 as const, 2 as const),
        fc.boolean(),
        fc.nat(20),
        (topic, payload, qos, isRetained, offset) => {
          const packet = writePublish(topic, payload, qos, isRetained, 7);
          const bytes = Buffer.concat([Buffer.alloc(offset, 0xff), packet, Buffer.from('rest')]);
          const read = readPublish(bytes, offset, view());
          expect([read.qos, read.isRetained, read.payloadEnd]).toEqual([qos, isRetained, offset + packet.length]);
          expect(bytes.toString('utf8', read.topicStart, read.topicEnd)).toBe(topic);
          expect(bytes.subarray(read.payloadStart, read.payloadEnd)).toEqual(Buffer.from(payload));
        },
      ),
    );
  });

  it.each([
    [122, 1],
    [123, 2],
    [16_378, 2],
    [16_379, 3],
    [2_097_146, 3],
    [2_097_147, 4],
  ])('with a payload of %i bytes has a length of %i', (payloadBytes, lengthBytes) => {
    const packet = writePublish('abc', Buffer.alloc(payloadBytes), 0, false, 0);
    expect(packet.length).toBe(1 + lengthBytes + 5 + payloadBytes);
    expect(readPublish(packet, 0, view())).toMatchObject({
      payloadStart: 1 + lengthBytes + 5,
      payloadEnd: packet.length,
    });
  });
});
