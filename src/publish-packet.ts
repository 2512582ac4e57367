/**
 * The PUBLISH packet of MQTT 3.1.1 (section 3.3) as bytes. The journal keeps packets as they came from the wire, so the broker
 * writes this form and the lanes read it.
 *
 * ```
 * u8 0x30 | DUP<<3 | QoS<<1 | RETAIN   varint remaining length   u16 topic length, topic   [u16 packet id if QoS > 0]   payload
 * ```
 */

/** A PUBLISH within a larger buffer; offsets are absolute. */
export interface PublishView {
  qos: number;
  isRetained: boolean;
  topicStart: number;
  topicEnd: number;
  payloadStart: number;
  payloadEnd: number;
}

const PUBLISH_TYPE = 3;

/** Reads a whole, already validated PUBLISH that starts at `start`, into `view` (no allocation). */
export function readPublish(bytes: Uint8Array, start: number, view: PublishView): PublishView {
  const first = at(bytes, start);
  let position = start + 1;
  let length = 0;
  let shift = 0;
  for (;;) {
    const byte = at(bytes, position++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80 || shift === 21) break;
    shift += 7;
  }
  const end = position + length;
  const topicLength = (at(bytes, position) << 8) | at(bytes, position + 1);
  view.qos = (first >> 1) & 3;
  view.isRetained = (first & 1) === 1;
  view.topicStart = position + 2;
  view.topicEnd = view.topicStart + topicLength;
  view.payloadStart = view.topicEnd + (view.qos > 0 ? 2 : 0);
  view.payloadEnd = end;
  return view;
}

/** Writes a PUBLISH for messages that did not come from a socket as one: wills, republishes, what aedes parsed. */
export function writePublish(
  topic: string,
  payload: Uint8Array,
  qos: 0 | 1 | 2,
  isRetained: boolean,
  packetId: number,
): Buffer {
  const topicLength = Buffer.byteLength(topic);
  const remaining = 2 + topicLength + (qos > 0 ? 2 : 0) + payload.length;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  const packet = Buffer.allocUnsafe(1 + lengthBytes + remaining);
  packet[0] = (PUBLISH_TYPE << 4) | (qos << 1) | (isRetained ? 1 : 0);
  let position = 1;
  let rest = remaining;
  for (let i = 0; i < lengthBytes; i++) {
    packet[position++] = (rest & 0x7f) | (i < lengthBytes - 1 ? 0x80 : 0);
    rest >>>= 7;
  }
  position = packet.writeUInt16BE(topicLength, position);
  position += packet.write(topic, position);
  if (qos > 0) position = packet.writeUInt16BE(packetId, position);
  packet.set(payload, position);
  return packet;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
