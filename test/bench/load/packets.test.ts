import { describe, expect, it } from 'vitest';
import { connectPacket, createRing, stamp, topicOf } from '../../../bench/load/packets.ts';
import { PAYLOAD_BYTES, payloadText, SEQUENCE_FIRST, seededRandom } from '../../../bench/load/payload.ts';
import { readPublish } from '../../../src/publish-packet.ts';

const view = { qos: 0, isRetained: false, topicStart: 0, topicEnd: 0, payloadStart: 0, payloadEnd: 0 };

describe('payloadText', () => {
  it('is JSON of exactly PAYLOAD_BYTES, whatever is drawn', () => {
    const random = seededRandom(3);
    for (const draw of [() => 0, () => 0.999_999, ...Array.from({ length: 500 }, () => random)]) {
      const text = payloadText('press-000042', draw);
      expect(text).toHaveLength(PAYLOAD_BYTES);
      expect(JSON.parse(text)).toMatchObject({ seq: SEQUENCE_FIRST, device: 'press-000042' });
    }
  });

  it('writes numbers as JSON.stringify would', () => {
    const random = seededRandom(4);
    for (let n = 0; n < 500; n++) {
      const text = payloadText('press-000042', random);
      expect(JSON.stringify(JSON.parse(text))).toBe(text.replace('true ', 'true'));
    }
  });
});

describe('a ring of packets', () => {
  it('holds PUBLISH packets that carry the topic, packet id and sequence stamped on them', () => {
    const ring = createRing(4, [7, 123_456], 1, seededRandom(1));
    stamp(ring, 1, 0xabcd, SEQUENCE_FIRST + 98_765_432);
    readPublish(ring.bytes, ring.packetBytes, view);
    expect(view.qos).toBe(1);
    expect(view.payloadEnd).toBe(2 * ring.packetBytes);
    expect(ring.bytes.toString('utf8', view.topicStart, view.topicEnd)).toBe(topicOf(123_456));
    expect(ring.bytes.readUInt16BE(view.topicEnd)).toBe(0xabcd);
    const payload = JSON.parse(ring.bytes.toString('utf8', view.payloadStart, view.payloadEnd));
    expect(payload).toMatchObject({ seq: 1_098_765_432, device: 'press-123456' });
  });

  it('leaves the neighbours of a stamped packet alone', () => {
    const ring = createRing(3, [1], 1, seededRandom(1));
    const before = Buffer.from(ring.bytes);
    stamp(ring, 1, 0xffff, 9_999_999_999);
    expect(ring.bytes.subarray(0, ring.packetBytes)).toEqual(before.subarray(0, ring.packetBytes));
    expect(ring.bytes.subarray(2 * ring.packetBytes)).toEqual(before.subarray(2 * ring.packetBytes));
    expect(ring.bytes.includes('9999999999')).toBe(true);
  });

  it('has no packet id at QoS 0', () => {
    const ring = createRing(1, [5], 0, seededRandom(1));
    stamp(ring, 0, 7, SEQUENCE_FIRST + 1);
    readPublish(ring.bytes, 0, view);
    expect(view.qos).toBe(0);
    expect(JSON.parse(ring.bytes.toString('utf8', view.payloadStart, view.payloadEnd)).seq).toBe(SEQUENCE_FIRST + 1);
  });
});

describe('connectPacket', () => {
  it('is the packet of the standard', () => {
    const plain = Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 1, 0x61]);
    expect(connectPacket('a', 60, '', '')).toEqual(plain);
    const named = connectPacket('a', 60, 'u', 'pw');
    expect(named.subarray(0, 10)).toEqual(Buffer.from([0x10, 20, 0, 4, ...Buffer.from('MQTT'), 4, 0xc2]));
    expect(named.subarray(12)).toEqual(Buffer.from([0, 1, 0x61, 0, 1, 0x75, 0, 2, 0x70, 0x77]));
  });
});
