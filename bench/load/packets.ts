/**
 * A connection's PUBLISH packets, encoded once and sent again and again from the same bytes: only packet id and `seq` are patched,
 * in place. All are equally long, so that a run of them is one slice and one write, with no copy.
 *
 * Bytes of slot `i` may be patched only when its last sending is acknowledged (QoS 0: taken by the socket); the connection's
 * window, never larger than the ring, sees to that.
 */
import { PAYLOAD_BYTES, payloadText, type Random, SEQUENCE_DIGITS, SEQUENCE_OFFSET } from './payload.ts';

const TOPIC_DIGITS = 6;
const HALF_DIGITS = SEQUENCE_DIGITS / 2;
const HALF = 10 ** HALF_DIGITS;

export function topicOf(index: number): string {
  return `plant/press/${String(index).padStart(TOPIC_DIGITS, '0')}/telemetry`;
}

/** Matches every topic of `topicOf`. */
export const topicFilter = 'plant/press/+/telemetry';

export interface PacketRing {
  readonly bytes: Buffer;
  readonly slots: number;
  readonly packetBytes: number;
  readonly qos: 0 | 1;
}

/** Slots are dealt the topics round robin. */
export function createRing(slots: number, topics: readonly number[], qos: 0 | 1, random: Random): PacketRing {
  const packets: Buffer[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const topic = topics[slot % topics.length] ?? 0;
    const device = `press-${String(topic).padStart(TOPIC_DIGITS, '0')}`;
    packets.push(publishPacket(topicOf(topic), Buffer.from(payloadText(device, random)), qos));
  }
  return { bytes: Buffer.concat(packets), slots, packetBytes: packets[0]?.length ?? 0, qos };
}

/** Stamps packet id and `seq` of the message in `slot`. */
export function stamp(ring: PacketRing, slot: number, packetId: number, sequence: number): void {
  const payload = (slot + 1) * ring.packetBytes - PAYLOAD_BYTES;
  if (ring.qos === 1) {
    ring.bytes[payload - 2] = packetId >>> 8;
    ring.bytes[payload - 1] = packetId & 0xff;
  }
  const high = Math.floor(sequence / HALF);
  writeDigits(ring.bytes, payload + SEQUENCE_OFFSET, high);
  writeDigits(ring.bytes, payload + SEQUENCE_OFFSET + HALF_DIGITS, sequence - high * HALF);
}

/** Small integers only: `| 0` keeps the divisions integral. */
function writeDigits(bytes: Buffer, start: number, value: number): void {
  let rest = value | 0;
  for (let at = start + HALF_DIGITS - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

/** [MQTT-3.3] with packet id 0, to be stamped. */
function publishPacket(topic: string, payload: Buffer, qos: 0 | 1): Buffer {
  const topicBytes = Buffer.from(topic);
  const body = Buffer.concat([lengthPrefix(topicBytes), topicBytes, Buffer.alloc(qos === 1 ? 2 : 0), payload]);
  return Buffer.concat([Buffer.from([0x30 | (qos << 1), ...remainingLength(body.length)]), body]);
}

/** [MQTT-3.1] 3.1.1, clean session. */
export function connectPacket(clientId: string, keepaliveSeconds: number, username: string, password: string): Buffer {
  const texts = [clientId];
  if (username !== '') texts.push(username, password);
  const flags = 0x02 | (username === '' ? 0 : 0xc0);
  const fields = texts.flatMap((text) => [lengthPrefix(Buffer.from(text)), Buffer.from(text)]);
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, keepaliveSeconds >>> 8, keepaliveSeconds & 0xff]);
  const body = Buffer.concat([head, ...fields]);
  return Buffer.concat([Buffer.from([0x10, ...remainingLength(body.length)]), body]);
}

function lengthPrefix(bytes: Buffer): Buffer {
  return Buffer.from([bytes.length >>> 8, bytes.length & 0xff]);
}

function remainingLength(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}
