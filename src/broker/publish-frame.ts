/** The fixed parts of a PUBLISH from the wire, checked. Offsets are absolute in the frame's bytes. */
import type { Frame } from './frames.ts';

export interface PublishFrame {
  qos: 0 | 1 | 2;
  isRetained: boolean;
  topicStart: number;
  topicEnd: number;
  /** 0 with QoS 0. */
  packetId: number;
  payloadStart: number;
}

/** Fills `publish` (no allocation); false when the packet is malformed: QoS 3, DUP with QoS 0, no room for its fields, packet id 0. */
export function readPublishFrame(frame: Frame, publish: PublishFrame): boolean {
  const { bytes, bodyStart, end } = frame;
  const first = bytes[frame.start] ?? 0;
  const qos = (first >> 1) & 3;
  // [MQTT-3.3.1-4, 3.3.1-2]
  if (qos === 3 || (qos === 0 && (first & 0x08) !== 0) || end - bodyStart < 2) return false;
  publish.qos = qos === 2 ? 2 : qos === 1 ? 1 : 0;
  publish.isRetained = (first & 1) === 1;
  publish.topicStart = bodyStart + 2;
  publish.topicEnd = publish.topicStart + uint16(bytes, bodyStart);
  publish.payloadStart = publish.topicEnd + (qos === 0 ? 0 : 2);
  if (publish.payloadStart > end) return false;
  publish.packetId = qos === 0 ? 0 : uint16(bytes, publish.topicEnd);
  return qos === 0 || publish.packetId !== 0; // [MQTT-2.3.1-1]
}

function uint16(bytes: Buffer, position: number): number {
  return ((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0);
}
