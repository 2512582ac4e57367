/** Appends a message that is not the wire's own bytes: wills, QoS 2 publishes as aedes parsed them, republishes. */
import type { MessageClass, Sender } from '../message.ts';
import type { Intake, Waiter } from '../ports.ts';
import { writePublish } from '../publish-packet.ts';

export interface OwnMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: number;
  readonly retain?: boolean;
  readonly messageId?: number;
}

/** Returns the class that it was appended to; null when no rule wants it, and then `waiter` is never called. */
export function appendOwn(
  intake: Intake,
  lane: number,
  sender: Sender,
  message: OwnMessage,
  hops: number,
  waiter: Waiter,
): MessageClass | null {
  const payload = typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload;
  const qos = message.qos === 2 ? 2 : message.qos === 1 ? 1 : 0;
  const route = intake.route(message.topic);
  intake.received(qos, payload.length, route !== null);
  if (route === null) return null;
  const packetId = qos === 0 ? 0 : (message.messageId ?? 1);
  const packet = writePublish(message.topic, payload, qos, message.retain === true, packetId);
  intake.append(route, lane, sender, hops, packet, 0, packet.length, waiter);
  return route.class;
}
