/** The MQTT broker: listeners, authentication, sessions and local subscribers; what rules want goes to the intake. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import { CodedError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Sender } from '../message.ts';
import type { Metrics } from '../metrics.ts';
import type { Intake } from '../ports.ts';
import { createHooks, createPersistenceOptions, type HookContext } from './aedes-hooks.ts';
import { appendOwn } from './append-own.ts';
import { Authenticator } from './authenticator.ts';
import type { AuthConfig, ListenerConfig, UserEntry } from './config.ts';
import { Emitter } from './emitter.ts';
import { FAREWELL_MS_MAX, Ingress, TICK_MS } from './ingress.ts';
import type { IngressCore } from './ingress-core.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { type ListenerHandlers, type OpenListener, openListener } from './listeners.ts';
import { PasswordHasher } from './password-hasher.ts';
import { Persistence } from './persistence.ts';
import { Pressure } from './pressure.ts';
import { isTopicValid } from './topic.ts';
import { Users } from './users.ts';

export interface BrokerOptions {
  readonly listeners: readonly ListenerConfig[];
  readonly auth: AuthConfig;
  /** Called by `open` and by every `reloadUsers`; never for anonymous. */
  readonly loadUsers: () => Promise<readonly UserEntry[]>;
  /** For certificates and keys. */
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly intake: Intake;
  readonly events: Events;
  readonly metrics: Metrics;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Off: every PUBLISH also passes through aedes. Outcomes are the same, only slower. */
  readonly isFastPathOn: boolean;
  readonly limits?: Partial<BrokerLimits>;
}

interface BrokerAddress {
  readonly type: ListenerConfig['type'];
  readonly host: string;
  readonly port: number;
}

/** A message of the gateway itself, not of a client. */
interface LocalMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly isRetained: boolean;
  /** Republishes that led to it, itself included. */
  readonly hops: number;
}

export interface Broker {
  /** Rejects with CodedError LISTEN_FAILED when an address cannot be opened; nothing is left open then. */
  open(): Promise<void>;
  addresses(): readonly BrokerAddress[];
  /** To local subscribers, and through the intake when a rule matches; then resolves once durable. */
  publish(message: LocalMessage): Promise<void>;
  /** The last retained payload of a topic; null when there is none. */
  retained(topic: string): Uint8Array | null;
  /** New entries hold for new connections; connections of users who are gone or changed are cut. */
  reloadUsers(): Promise<void>;
  /** Closes the listeners. Clients stay connected. */
  stopAccepting(): Promise<void>;
  /** Reads no more, and resolves when everything that was read is answered, or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Looked at while draining. */
const DRAIN_CHECK_MS = 5;

/** What the gateway itself publishes stands under this sender. */
const GATEWAY_SENDER: Sender = { clientId: '', principal: '', address: '', protocolVersion: 0 };

export function createBroker(options: BrokerOptions): Broker {
  return new AedesBroker(options);
}

class AedesBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #hasher = new PasswordHasher();
  readonly #users: Users;
  readonly #emitter = new Emitter();
  readonly #persistence: Persistence;
  readonly #core: IngressCore;
  readonly #aedes: Aedes;
  readonly #listeners: OpenListener[] = [];
  readonly #ingresses = new Set<Ingress>();
  /** By the duplex that aedes calls `conn`. */
  readonly #ingressByDuplex = new WeakMap<Duplex, Ingress>();
  readonly #ingressByWill = new WeakMap<object, Ingress>();
  /** Who holds a client id now. */
  readonly #ingressByClientId = new Map<string, Ingress>();
  readonly #socketsByAddress = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  #isDraining = false;
  #ticker: NodeJS.Timeout | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#users = new Users(this.#hasher, options.clock);
    this.#core = this.#createCore();
    const context = this.#createContext();
    this.#persistence = new Persistence(
      createPersistenceOptions(context, (ingress, will) => this.#ingressByWill.set(will, ingress)),
    );
    this.#aedes = new Aedes({
      ...createHooks(context),
      mq: this.#emitter,
      persistence: this.#persistence,
      // The ingress has timers of its own; these must not be shorter.
      connectTimeout: 2 * (this.#limits.connectTimeMsMax + this.#limits.authenticateTimeMsMax),
      drainTimeout: 2 * this.#limits.subscriberStallMsMax,
      maxInflightInbound: this.#limits.qos2OpenMax,
      maxTopicLevels: this.#limits.topicLevelsMax,
      maxClientsIdLength: this.#limits.clientIdBytesMax,
    });
    this.#listenToAedes();
  }

  async open(): Promise<void> {
    await this.reloadUsers();
    await this.#aedes.listen();
    this.#ticker = setInterval(() => {
      for (const ingress of this.#ingresses) ingress.tick();
    }, TICK_MS);
    const handlers = this.#createListenerHandlers();
    try {
      for (const listener of this.#options.listeners) {
        this.#listeners.push(await openListener(listener, this.#limits, this.#options.readFile, handlers));
      }
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  addresses(): readonly BrokerAddress[] {
    return this.#listeners.map(({ type, host, port }) => ({ type, host, port }));
  }

  async publish(message: LocalMessage): Promise<void> {
    const { topic, payload, qos, isRetained: retain, hops } = message;
    if (!isTopicValid(topic, this.#limits.topicLevelsMax) || topic.startsWith('$SYS')) {
      const why = `"${topic.slice(0, 128)}" cannot be published to: a topic has at most ${this.#limits.topicLevelsMax} levels, no wildcards, no control characters, and is not under $SYS.`;
      throw new CodedError('MESSAGE_TEMPLATE_INVALID', why);
    }
    const { intake } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const waiter = { onDurable: () => resolve(), onFailed: (_count: number, error: Error) => reject(error) };
      const lane = intake.laneOf(GATEWAY_SENDER.clientId);
      if (appendOwn(intake, lane, GATEWAY_SENDER, { topic, payload, qos, retain }, hops, waiter) === null) resolve();
    });
    if (!retain && !this.#core.subscribers.isMatched(topic)) return;
    const packet = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), qos, retain, dup: false };
    await new Promise<void>((resolve, reject) => {
      this.#aedes.publish(packet, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  retained(topic: string): Uint8Array | null {
    return this.#persistence.retained(topic);
  }

  async reloadUsers(): Promise<void> {
    if ('anonymous' in this.#options.auth) return;
    const entries = await this.#options.loadUsers();
    const before = new Map([...this.#ingresses].map((ingress) => [ingress, this.#userTextOf(ingress)]));
    this.#users.replace(entries);
    this.#persistence.keepOwners((name) => this.#users.get(name) !== undefined);
    for (const [ingress, text] of before) {
      if (text !== null && text !== this.#userTextOf(ingress)) ingress.cut('user-changed');
    }
  }

  async stopAccepting(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    for (let waitedMs = 0; waitedMs < deadlineMs; waitedMs += DRAIN_CHECK_MS) {
      if ([...this.#ingresses].every((ingress) => ingress.isSettled)) return;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
    }
  }

  async close(): Promise<void> {
    await this.stopAccepting();
    if (this.#ticker !== null) clearInterval(this.#ticker);
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const ingress of this.#ingresses) ingress.close();
    // Those that are still in a handshake, or whose peer does not read our last bytes.
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, FAREWELL_MS_MAX).unref();
    await this.#hasher.close();
  }

  #createCore(): IngressCore {
    const { intake, events, metrics, isFastPathOn } = this.#options;
    const version = () => this.#emitter.version + this.#persistence.version;
    return {
      limits: this.#limits,
      intake,
      events,
      metrics,
      isFastPathOn,
      pressure: new Pressure(intake),
      subscribers: {
        get version() {
          return version();
        },
        isMatched: (topic) => this.#emitter.isMatched(topic) || this.#persistence.isMatched(topic),
      },
      isDraining: () => this.#isDraining,
      handle: (duplex, ingress) => {
        this.#ingressByDuplex.set(duplex, ingress);
        this.#aedes.handle(duplex);
      },
      closed: (ingress) => {
        this.#ingresses.delete(ingress);
        const clientId = ingress.session?.sender.clientId;
        if (clientId !== undefined && this.#ingressByClientId.get(clientId) === ingress) {
          this.#ingressByClientId.delete(clientId);
        }
      },
    };
  }

  #createContext(): HookContext {
    const ownerOf = (clientId: string) =>
      this.#ingressByClientId.get(clientId)?.session?.sender.principal ?? this.#persistence.sessionOwner(clientId);
    return {
      core: this.#core,
      emitter: this.#emitter,
      authenticator: new Authenticator(this.#options.auth, this.#users, ownerOf),
      ingressOf: (client) => ('conn' in client ? (this.#ingressByDuplex.get(client.conn as Duplex) ?? null) : null),
      ingressOfWill: (will) => this.#ingressByWill.get(will) ?? null,
      admitted: (ingress, clientId) => this.#ingressByClientId.set(clientId, ingress),
      denied: (client, filter) => this.#persistence.removeSubscriptions(client, [filter]),
      isSessionRoomLeft: (clientId) => this.#persistence.isSessionRoomLeft(clientId),
    };
  }

  #listenToAedes(): void {
    const ingressOf = (client: { readonly conn: Duplex }) => this.#ingressByDuplex.get(client.conn);
    this.#aedes.on('connackSent', (packet, client) => {
      if (packet.returnCode === 0) ingressOf(client)?.opened();
    });
    this.#aedes.on('subscribe', (_subscriptions, client) => ingressOf(client)?.subscribed());
    this.#aedes.on('unsubscribe', (filters, client) => {
      const ingress = ingressOf(client);
      for (const filter of filters) ingress?.filters.delete(filter);
      ingress?.subscribed();
    });
    // aedes raises this when persistence fails in its fan-out; ours does not. Without a listener the process would end.
    const { log } = this.#options.events;
    this.#aedes.on('error' as 'closed', (...thrown: readonly unknown[]) => {
      log.error({ err: thrown[0] }, 'Local fan-out failed; what was journaled is not affected.');
    });
  }

  #createListenerHandlers(): ListenerHandlers {
    const { events } = this.#options;
    return {
      accept: (socket) => this.#acceptSocket(socket),
      connected: (connection) => {
        this.#ingresses.add(new Ingress(connection, this.#core));
      },
      refused: (reason, address) => events.connectionRefused(reason, address, ''),
    };
  }

  /** Counts every open socket, in all and by address, so that a refusal costs nothing but the accept. */
  #acceptSocket(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const count = this.#socketsByAddress.get(address) ?? 0;
    if (this.#isDraining || this.#sockets.size >= this.#limits.connectionsMax) {
      this.#options.events.connectionRefused('too-many-connections', address, '');
      return false;
    }
    if (count >= this.#limits.connectionsPerAddressMax) {
      this.#options.events.connectionRefused('too-many-connections-of-address', address, '');
      return false;
    }
    this.#sockets.add(socket);
    this.#socketsByAddress.set(address, count + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#socketsByAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#socketsByAddress.set(address, left);
      else this.#socketsByAddress.delete(address);
    });
    return true;
  }

  /** Comparable form of the rights of a connection's user; null: not authenticated yet. '' = the user is gone. */
  #userTextOf(ingress: Ingress): string | null {
    const name = ingress.session?.sender.principal;
    if (name === undefined) return null;
    const user = this.#users.get(name);
    return user === undefined ? '' : JSON.stringify(user);
  }
}
