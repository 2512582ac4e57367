/**
 * The CONNECT packet of MQTT 3.1 and 3.1.1 (section 3.1), read strictly: aedes accepts wills with QoS 3, wills to wildcards, trailing
 * bytes and passwords without a user name.
 */
import { Fields } from './fields.ts';
import type { Frame } from './frames.ts';
import type { BrokerLimits } from './limits.ts';
import { isTopicValid } from './topic.ts';

export interface Connect {
  readonly protocolVersion: 3 | 4;
  readonly clientId: string;
  readonly isClean: boolean;
  /** Seconds; 0 = none. */
  readonly keepaliveSeconds: number;
  /** Offset of the two keepalive bytes in the frame's buffer. */
  readonly keepaliveStart: number;
  readonly username: string | null;
  readonly password: Buffer | null;
  readonly willTopic: string | null;
}

/** `returnCode` 0: the connection is closed without an answer, as the packet is not MQTT. */
export type ConnectResult =
  | { readonly status: 'valid'; readonly connect: Connect }
  | { readonly status: 'refused'; readonly reason: string; readonly returnCode: 0 | 1 | 2 };

const VERSION_REFUSED = 1;
const CLIENT_ID_REFUSED = 2;

export function readConnect(frame: Frame, limits: BrokerLimits): ConnectResult {
  const fields = new Fields(frame.bytes, frame.bodyStart, frame.end);
  const name = fields.text();
  const level = fields.byte();
  if (fields.isMalformed || (name !== 'MQTT' && name !== 'MQIsdp')) return refused('malformed-connect');
  // [MQTT-3.1.2-2]; level 5 and bridges (0x80) are told so and may try 3.1.1.
  if (level !== (name === 'MQTT' ? 4 : 3)) return refused('protocol-version', VERSION_REFUSED);
  const flags = fields.byte();
  if (!areFlagsValid(flags)) return refused('malformed-connect');
  const keepaliveStart = fields.position;
  const keepaliveSeconds = fields.uint16();
  const clientId = fields.text();
  const willTopic = (flags & 0x04) === 0 ? null : fields.text();
  if (willTopic !== null) fields.binary();
  const username = (flags & 0x80) === 0 ? null : fields.text();
  const password = (flags & 0x40) === 0 ? null : fields.binary();
  if (fields.isMalformed || !fields.isAtEnd) return refused('malformed-connect');
  if (willTopic !== null && !isTopicValid(willTopic, limits.topicLevelsMax)) return refused('will-topic');
  const isClean = (flags & 0x02) !== 0;
  if (!isClientIdValid(clientId, isClean, limits)) return refused('client-id', CLIENT_ID_REFUSED);
  const protocolVersion = level === 4 ? 4 : 3;
  return {
    status: 'valid',
    connect: { protocolVersion, clientId, isClean, keepaliveSeconds, keepaliveStart, username, password, willTopic },
  };
}

/** [MQTT-3.1.2-3, 3.1.2-11, 3.1.2-13, 3.1.2-14, 3.1.2-15, 3.1.2-22] */
function areFlagsValid(flags: number): boolean {
  const willQos = (flags >> 3) & 3;
  if ((flags & 0x01) !== 0 || willQos === 3) return false;
  if ((flags & 0x04) === 0 && (flags & 0x38) !== 0) return false;
  return (flags & 0x80) !== 0 || (flags & 0x40) === 0;
}

/**
 * An empty id is only for clean sessions [MQTT-3.1.3-8]. Client ids stand in filters (`%c`), so `+ # /` are refused; and names that
 * every JavaScript object inherits are, because libraries have been crashed with them (GHSA-52qw-whmv-87c5).
 */
function isClientIdValid(clientId: string, isClean: boolean, limits: BrokerLimits): boolean {
  if (clientId === '') return isClean;
  if (Buffer.byteLength(clientId) > limits.clientIdBytesMax) return false;
  return !/[+#/]/.test(clientId) && !(clientId in Object.prototype);
}

function refused(reason: string, returnCode: 0 | 1 | 2 = 0): ConnectResult {
  return { status: 'refused', reason, returnCode };
}
