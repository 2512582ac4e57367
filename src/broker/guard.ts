/**
 * Checks every packet that is neither CONNECT nor PUBLISH before aedes sees it. aedes 1.2 answers truncated acknowledgements with
 * malformed ones, accepts packet id 0 and ill-formed filters, and lets one SUBSCRIBE with thousands of filters stop the event loop.
 */
import { Fields } from './fields.ts';
import type { Frame } from './frames.ts';
import type { BrokerLimits } from './limits.ts';
import { isFilterValid } from './topic.ts';

export const PACKET = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** Why the connection is to be cut; null when the packet is fine. A bounded set of reasons: they are metric labels. */
export type GuardReason = 'protocol' | 'reserved-flags' | 'malformed' | 'bad-filter' | 'too-many-filters';

export function checkPacket(frame: Frame, limits: BrokerLimits): GuardReason | null {
  const first = frame.bytes[frame.start] ?? 0;
  const type = first >> 4;
  const flags = first & 0x0f;
  switch (type) {
    case PACKET.puback:
    case PACKET.pubrec:
    case PACKET.pubcomp:
      return flags !== 0 ? 'reserved-flags' : checkAcknowledgement(frame);
    case PACKET.pubrel:
      return flags !== 2 ? 'reserved-flags' : checkAcknowledgement(frame);
    case PACKET.subscribe:
      return flags !== 2 ? 'reserved-flags' : checkFilters(frame, limits, true);
    case PACKET.unsubscribe:
      return flags !== 2 ? 'reserved-flags' : checkFilters(frame, limits, false);
    case PACKET.pingreq:
    case PACKET.disconnect:
      if (flags !== 0) return 'reserved-flags';
      return frame.end === frame.bodyStart ? null : 'malformed';
    default:
      // A second CONNECT, what only a server sends, and the reserved types. [MQTT-3.1.0-2, 4.8.0-1]
      return 'protocol';
  }
}

function checkAcknowledgement(frame: Frame): GuardReason | null {
  const fields = new Fields(frame.bytes, frame.bodyStart, frame.end);
  fields.packetId();
  return fields.isMalformed || !fields.isAtEnd ? 'malformed' : null;
}

/** [MQTT-3.8.3-3, 3.8.3-4, 3.10.3-2] */
function checkFilters(frame: Frame, limits: BrokerLimits, isSubscribe: boolean): GuardReason | null {
  const fields = new Fields(frame.bytes, frame.bodyStart, frame.end);
  fields.packetId();
  let count = 0;
  do {
    const filter = fields.text();
    const qos = isSubscribe ? fields.byte() : 0;
    if (fields.isMalformed || qos > 2) return 'malformed';
    if (!isFilterValid(filter, limits.topicLevelsMax)) return 'bad-filter';
    if (++count > limits.filtersPerPacketMax) return 'too-many-filters';
  } while (!fields.isAtEnd);
  return null;
}
