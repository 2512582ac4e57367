/**
 * What aedes asks while it serves a connection. The rules it is held to:
 * - QoS 1: `authorizePublish` runs before PUBACK and is answered when the message is durable, in the order of arrival.
 * - QoS 2: stored once per packet id through persistence, before PUBREC.
 * - Never an error for a publish that is only not allowed: aedes would close the connection and the client would repeat it for ever.
 */
import type { AedesOptions, Client } from 'aedes';
import type { Waiter } from '../ports.ts';
import { appendOwn } from './append-own.ts';
import { type Authenticator, RETURN_CODE } from './authenticator.ts';
import type { Emitter } from './emitter.ts';
import type { Ingress } from './ingress.ts';
import type { IngressCore } from './ingress-core.ts';
import type { ClientIdentity, ExactlyOnce, PersistenceOptions } from './persistence.ts';

type Hooks = Required<
  Pick<
    AedesOptions,
    'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward' | 'published'
  >
>;

export interface HookContext {
  readonly core: IngressCore;
  readonly authenticator: Authenticator;
  readonly emitter: Emitter;
  /** The connection that a client of aedes stands for. */
  ingressOf(client: ClientIdentity): Ingress | null;
  /** The connection that left this will; it may be gone. */
  ingressOfWill(will: object): Ingress | null;
  /** A client was admitted; whoever holds its client id is about to be closed. */
  admitted(ingress: Ingress, clientId: string): void;
  denied(client: ClientIdentity, filter: string): void;
  /** For a session of this client: it has one, or another can be kept. */
  isSessionRoomLeft(clientId: string): boolean;
}

export function createHooks(context: HookContext): Hooks {
  return {
    preConnect: (_client, _packet, callback) => callback(null, true),
    authenticate: (client, _username, _password, callback) => {
      authenticate(context, client).then(
        (returnCode) => {
          if (returnCode === 0) callback(null, true);
          else callback(Object.assign(new Error('The client was refused.'), { returnCode }), false);
        },
        () => callback(Object.assign(new Error('Failed.'), { returnCode: RETURN_CODE.unavailable }), false),
      );
    },
    authorizePublish: (client, packet, callback) => {
      const willOwner = context.ingressOfWill(packet);
      if (willOwner !== null) {
        appendWill(context, willOwner, packet, callback);
        return;
      }
      const ingress = client === null ? null : context.ingressOf(client);
      if (ingress === null) callback(new Error('Not a publish of a connected client.'));
      else if (packet.qos === 1) ingress.line.claim(callback);
      else callback(null);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const ingress = context.ingressOf(client);
      const { topic, qos } = subscription;
      if (ingress === null || !maySubscribe(context, ingress, client, topic)) {
        // A session that is resumed may hold a filter that is no longer allowed.
        context.denied(client, topic);
        callback(null, null);
        return;
      }
      ingress.filters.set(topic, qos);
      context.emitter.withQos(qos, () => callback(null, subscription));
    },
    authorizeForward: (client, packet) => {
      const ingress = context.ingressOf(client);
      if (ingress === null) return null;
      // First, because what is dropped for a slow subscriber depends on what it was granted.
      packet.qos = ingress.filters.qosFor(packet.topic, packet.qos);
      if (!mayForward(context, ingress, packet)) return null;
      return packet;
    },
    published: (packet, client, callback) => {
      if (client !== null && context.ingressOfWill(packet) === null) {
        context.ingressOf(client)?.published();
        if (packet.qos === 1) context.core.metrics.messagesAcknowledged.inc({ qos: '1' });
      }
      callback(null);
    },
  };
}

/** The other side of persistence: what it asks about clients. */
export function createPersistenceOptions(
  context: HookContext,
  noteWill: (ingress: Ingress, will: object) => void,
): PersistenceOptions {
  const { core } = context;
  return {
    limits: core.limits,
    isGranted: (client, filter) => context.ingressOf(client)?.filters.has(filter) ?? false,
    ownerOf: (client) => context.ingressOf(client)?.session?.sender.principal ?? '',
    storeExactlyOnce: (client, packet) => storeExactlyOnce(context, client, packet),
    repeated: (client) => context.ingressOf(client)?.published(),
    willStored: (client, will) => {
      const ingress = context.ingressOf(client);
      if (ingress !== null) noteWill(ingress, will);
    },
    dropped: (reason, count) => core.metrics.localMessagesDropped.inc({ reason }, count),
  };
}

/** CONNACK return code; 0 = admitted. */
async function authenticate(context: HookContext, client: Client): Promise<number> {
  const ingress = context.ingressOf(client);
  const connect = ingress?.connect ?? null;
  if (ingress === null || connect === null) return RETURN_CODE.unavailable;
  const admission = await context.authenticator.admit({
    clientId: client.id,
    credentials: {
      username: connect.username,
      password: connect.password,
      certificateName: ingress.certificateName,
    },
    willTopic: connect.willTopic,
  });
  if (ingress.isClosed) return RETURN_CODE.unavailable;
  if (admission.status === 'refused') {
    context.core.events.connectionRefused(admission.reason, ingress.address, client.id);
    return admission.returnCode;
  }
  const { principal, acl } = admission;
  if (context.authenticator.isTaken(client.id, principal)) {
    context.core.events.connectionRefused('client-id-taken', ingress.address, client.id);
    return RETURN_CODE.identifierRejected;
  }
  const { protocolVersion } = connect;
  ingress.authenticated({
    sender: { clientId: client.id, principal, address: ingress.address, protocolVersion },
    acl,
    lane: context.core.intake.laneOf(client.id),
  });
  context.admitted(ingress, client.id);
  return 0;
}

function maySubscribe(context: HookContext, ingress: Ingress, client: Client, filter: string): boolean {
  if (ingress.session?.acl.maySubscribe(filter) !== true) return false;
  if (!client.clean && !context.isSessionRoomLeft(client.id)) return false;
  return ingress.filters.has(filter) || ingress.filters.size < context.core.limits.subscriptionsPerClientMax;
}

/** A slow subscriber loses QoS 0 messages; for QoS 1 and 2 it is cut, and a persistent session gets them when it comes back. */
function mayForward(context: HookContext, ingress: Ingress, packet: { topic: string; qos: number }): boolean {
  if (ingress.isClosed || ingress.session?.acl.maySubscribe(packet.topic) !== true) return false;
  if (ingress.backlogBytes <= context.core.limits.subscriberBytesMax) return true;
  context.core.metrics.localMessagesDropped.inc({ reason: 'subscriber-slow' });
  if (packet.qos > 0) ingress.cut('subscriber-slow');
  return false;
}

interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: number;
  readonly retain?: boolean;
  readonly messageId?: number;
}

function appendWill(
  context: HookContext,
  ingress: Ingress,
  will: Publish,
  callback: (error?: Error | null) => void,
): void {
  const session = ingress.session;
  // Rights may have changed since CONNECT.
  if (session === null || !session.acl.mayPublish(will.topic)) {
    context.core.intake.received(will.qos === 2 ? 2 : will.qos === 1 ? 1 : 0, will.payload.length, true);
    context.core.intake.dropped('unauthorized');
    callback(new Error('The will may not be published.'));
    return;
  }
  const messageClass = appendOwn(context.core.intake, session.lane, session.sender, will, 0, {
    onDurable: () => callback(null),
    // Nobody was promised this message; local subscribers get it all the same.
    onFailed: () => callback(null),
  });
  if (messageClass === null) callback(null);
}

/**
 * Two things wait for the commit: the packet id, which stays known when the connection is gone, so that a repeat on the next one is
 * not journaled again; and the PUBREC, which leaves in its turn and only on this connection.
 */
function storeExactlyOnce(context: HookContext, client: ClientIdentity, packet: Publish): ExactlyOnce {
  const ingress = context.ingressOf(client);
  const session = ingress?.session ?? null;
  if (ingress === null || session === null) {
    const gone = Promise.reject(new Error('The connection is gone.'));
    return { durable: gone, turn: gone };
  }
  const { intake, metrics } = context.core;
  const { line } = ingress;
  const messageClass = intake.route(packet.topic)?.class ?? null;
  const turn = new Promise<void>((resolve) => {
    line.enterCallback(messageClass, () => {
      metrics.messagesAcknowledged.inc({ qos: '2' });
      resolve();
    });
  });
  const durable = new Promise<void>((resolve, reject) => {
    const turnWaiter = line.waiter(messageClass ?? 'normal');
    const waiter: Waiter = {
      onDurable(count) {
        resolve();
        turnWaiter.onDurable(count);
      },
      onFailed(count, error) {
        reject(error);
        turnWaiter.onFailed(count, error);
      },
    };
    if (appendOwn(intake, session.lane, session.sender, packet, 0, waiter) === null) resolve();
  });
  return { durable, turn };
}
