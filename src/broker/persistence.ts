/**
 * Sessions, retained messages and wills, in memory, in the form that aedes asks for. Every answer is synchronous (see settled.ts)
 * but one: a QoS 2 message is stored once it is durable, before its PUBREC.
 *
 * What the packaged in-memory persistence of aedes gets wrong and this one does not: two PUBRECs in one segment, overlapping filters
 * of one session, filters with `+` on an empty level, DUP on redelivery, and the absence of any bound.
 */
import { Readable } from 'node:stream';
import { BASIC_INGEST_PREFIX } from '../basic-ingest.ts';
import { FilterTree } from './filter-tree.ts';
import type { BrokerLimits } from './limits.ts';
import { Retained, type RetainedPacket } from './retained.ts';
import { type QueuedPacket, SessionQueue } from './session-queue.ts';
import { failed, type Settled, settled } from './settled.ts';

/** aedes' client, as far as it is needed here. */
export interface ClientIdentity {
  readonly id: string;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

interface Subscriber {
  readonly clientId: string;
  readonly qos: number;
}

interface PersistentSession {
  readonly owner: string;
  readonly subscribers: Map<string, Subscriber>;
  readonly queue: SessionQueue;
}

/** QoS 2 publishes whose PUBREL has not come: packet id → when it is durable. */
interface OpenPackets {
  readonly owner: string;
  readonly byId: Map<number, Promise<void>>;
}

interface Publish extends RetainedPacket {
  readonly cmd: string;
  readonly qos: number;
  readonly brokerCounter?: number;
}

interface IdentifiedPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly brokerCounter?: number;
}

export interface Will {
  brokerId?: string;
  clientId?: string;
}

export interface ExactlyOnce {
  /** Settles with the journal, whatever becomes of the connection. */
  readonly durable: Promise<void>;
  /** Resolves when PUBREC may be written; never, when the connection is gone. */
  readonly turn: Promise<void>;
}

export interface PersistenceOptions {
  readonly limits: BrokerLimits;
  /** aedes passes all filters of a SUBSCRIBE, those that were refused among them. */
  isGranted(client: ClientIdentity, filter: string): boolean;
  /** The user that a client id belongs to. */
  ownerOf(client: ClientIdentity): string;
  /** Makes a QoS 2 publish durable. Called once per packet id, until it is released. */
  storeExactlyOnce(client: ClientIdentity, packet: Publish): ExactlyOnce;
  /** A client repeated a QoS 2 publish that is already stored. */
  repeated(client: ClientIdentity): void;
  willStored(client: ClientIdentity, will: object): void;
  /** A message for a local subscriber was given up. */
  dropped(reason: 'session-queue-full' | 'retained-full', count: number): void;
}

export class Persistence {
  readonly #options: PersistenceOptions;
  readonly #retained: Retained<Publish>;
  readonly #sessions = new Map<string, PersistentSession>();
  readonly #offline = new FilterTree<Subscriber>();
  readonly #incoming = new Map<string, OpenPackets>();
  readonly #wills = new Map<string, Will>();
  #brokerId = '';

  constructor(options: PersistenceOptions) {
    this.#options = options;
    this.#retained = new Retained(options.limits.retainedMessagesMax, options.limits.retainedBytesMax);
  }

  /** Of the persistent subscriptions. */
  get version(): number {
    return this.#offline.version;
  }

  isMatched(topic: string): boolean {
    return this.#offline.isMatched(topic);
  }

  /** Whose persistent session this client id has; null: it has none. */
  sessionOwner(clientId: string): string | null {
    return this.#sessions.get(clientId)?.owner ?? null;
  }

  isSessionRoomLeft(clientId: string): boolean {
    return this.#sessions.has(clientId) || this.#sessions.size < this.#options.limits.sessionsMax;
  }

  /** Sessions of users who no longer exist end, with what was queued for them. */
  keepOwners(isOwner: (name: string) => boolean): void {
    for (const [id, session] of this.#sessions) {
      if (isOwner(session.owner)) continue;
      this.cleanSubscriptions({ id });
      this.cleanIncoming({ id });
    }
  }

  /** aedes looks whether this is an async function. */
  async setup(broker: { readonly id: string }): Promise<void> {
    this.#brokerId = broker.id;
  }

  // ---- Retained messages

  storeRetained(packet: Publish): Settled<void> {
    // Nobody could ever be given one of Basic Ingest.
    if (packet.topic.startsWith(BASIC_INGEST_PREFIX)) return settled(undefined);
    if (!this.#retained.store({ ...packet })) this.#options.dropped('retained-full', 1);
    return settled(undefined);
  }

  /** The last retained payload of a topic; null when there is none. */
  retained(topic: string): Uint8Array | null {
    const payload = this.#retained.get(topic)?.payload;
    return payload === undefined ? null : Buffer.from(payload as Uint8Array);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retained.match(filters));
  }

  // ---- Subscriptions

  /** Called once per filter with the list of all filters; what is known already costs one look. */
  addSubscriptions(client: ClientIdentity, subscriptions: readonly Subscription[]): Settled<void> {
    const session = this.#sessions.get(client.id) ?? this.#createSession(client);
    for (const { topic, qos } of subscriptions) {
      const known = session.subscribers.get(topic);
      if (known?.qos === qos || !this.#options.isGranted(client, topic)) continue;
      if (known !== undefined) this.#offline.remove(topic, known);
      const subscriber = { clientId: client.id, qos };
      session.subscribers.set(topic, subscriber);
      if (qos > 0) this.#offline.add(topic, subscriber);
    }
    return settled(undefined);
  }

  removeSubscriptions(client: ClientIdentity, filters: readonly string[]): Settled<void> {
    const session = this.#sessions.get(client.id);
    for (const filter of filters) {
      const subscriber = session?.subscribers.get(filter);
      if (subscriber === undefined) continue;
      this.#offline.remove(filter, subscriber);
      session?.subscribers.delete(filter);
    }
    if (session?.subscribers.size === 0 && session.queue.size === 0) this.#sessions.delete(client.id);
    return settled(undefined);
  }

  subscriptionsByClient(client: ClientIdentity): Settled<Subscription[]> {
    const session = this.#sessions.get(client.id);
    return settled([...(session?.subscribers ?? [])].map(([topic, { qos }]) => ({ topic, qos })));
  }

  /** A clean session begins: nothing of the one before is left. [MQTT-3.1.2-6] */
  cleanSubscriptions(client: ClientIdentity): Settled<void> {
    const session = this.#sessions.get(client.id);
    for (const [filter, subscriber] of session?.subscribers ?? []) this.#offline.remove(filter, subscriber);
    this.#sessions.delete(client.id);
    return settled(undefined);
  }

  subscriptionsByTopic(topic: string): Settled<(Subscriber & Subscription)[]> {
    return settled(this.#offline.match(topic).map((subscriber) => ({ ...subscriber, topic })));
  }

  // ---- To subscribers

  /** Once per client, however many of its filters match. */
  outgoingEnqueueCombi(subscribers: readonly Subscriber[], packet: Publish): Settled<void> {
    const qosByClient = new Map<string, number>();
    for (const { clientId, qos } of subscribers) {
      qosByClient.set(clientId, Math.max(qosByClient.get(clientId) ?? 0, Math.min(qos, packet.qos)));
    }
    for (const [clientId, qos] of qosByClient) this.#enqueue(clientId, { ...packet, qos });
    return settled(undefined);
  }

  outgoingEnqueue(subscriber: { readonly clientId: string }, packet: Publish): Settled<void> {
    this.#enqueue(subscriber.clientId, { ...packet });
    return settled(undefined);
  }

  outgoingUpdate(client: ClientIdentity, packet: IdentifiedPacket): Settled<void> {
    const queue = this.#sessions.get(client.id)?.queue;
    if (packet.cmd !== 'pubrel') queue?.sent(packet.brokerCounter, packet.messageId);
    else if (packet.messageId !== undefined) queue?.released(packet.messageId);
    return settled(undefined);
  }

  outgoingClearMessageId(client: ClientIdentity, packet: IdentifiedPacket): Settled<QueuedPacket | undefined> {
    return settled(this.#sessions.get(client.id)?.queue.acknowledged(packet.messageId));
  }

  outgoingStream(client: ClientIdentity): Readable {
    return Readable.from(this.#sessions.get(client.id)?.queue.list() ?? []);
  }

  // ---- QoS 2 from publishers

  /** aedes asks this before it stores, and takes a rejection as "new". A repeat waits for the first to be durable. */
  incomingGetPacket(client: ClientIdentity, packet: IdentifiedPacket): Settled<unknown> | Promise<unknown> {
    const stored = this.#openPackets(client)?.byId.get(packet.messageId ?? 0);
    if (stored === undefined) return failed(new Error('No such packet.'));
    if (packet.cmd === 'pubrel') return stored.then(() => packet);
    return stored.then(() => {
      this.#options.repeated(client);
      return packet;
    });
  }

  incomingStorePacket(client: ClientIdentity, packet: Publish & IdentifiedPacket): Promise<void> {
    let packets = this.#openPackets(client);
    if (packets === null) {
      packets = { owner: this.#options.ownerOf(client), byId: new Map() };
      this.#incoming.set(client.id, packets);
    }
    const packetId = packet.messageId ?? 0;
    const { durable, turn } = this.#options.storeExactlyOnce(client, packet);
    const { byId } = packets;
    byId.set(packetId, durable);
    durable.catch(() => byId.delete(packetId));
    return turn;
  }

  incomingDelPacket(client: ClientIdentity, packet: IdentifiedPacket): Settled<void> {
    const packets = this.#openPackets(client);
    if (packets?.byId.delete(packet.messageId ?? 0) !== true) return failed(new Error('No such packet.'));
    if (packets.byId.size === 0) this.#incoming.delete(client.id);
    return settled(undefined);
  }

  cleanIncoming(client: ClientIdentity): Settled<void> {
    this.#incoming.delete(client.id);
    return settled(undefined);
  }

  /** Of another user who had this client id before, nothing counts: the new user's message would be taken for a repeat and be lost. */
  #openPackets(client: ClientIdentity): OpenPackets | null {
    const packets = this.#incoming.get(client.id);
    return packets?.owner === this.#options.ownerOf(client) ? packets : null;
  }

  // ---- Wills

  putWill(client: ClientIdentity, will: Will): Settled<void> {
    will.brokerId = this.#brokerId;
    will.clientId = client.id;
    this.#wills.set(client.id, will);
    this.#options.willStored(client, will);
    return settled(undefined);
  }

  delWill(client: ClientIdentity): Settled<Will | undefined> {
    const will = this.#wills.get(client.id);
    this.#wills.delete(client.id);
    return settled(will);
  }

  /** Wills of brokers that died; there are no other brokers. */
  streamWill(): Readable {
    return Readable.from([]);
  }

  #createSession(client: ClientIdentity): PersistentSession {
    const session = { owner: this.#options.ownerOf(client), subscribers: new Map(), queue: new SessionQueue() };
    this.#sessions.set(client.id, session);
    return session;
  }

  #enqueue(clientId: string, packet: Publish): void {
    const { sessionQueueMessagesMax, sessionQueueBytesMax } = this.#options.limits;
    const dropped = this.#sessions.get(clientId)?.queue.add(packet, sessionQueueMessagesMax, sessionQueueBytesMax) ?? 0;
    if (dropped > 0) this.#options.dropped('session-queue-full', dropped);
  }
}
