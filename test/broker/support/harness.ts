/** A broker on real sockets, with an intake whose commits the test makes, and a raw MQTT client beside MQTT.js. */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient, type OnMessageCallback } from 'mqtt';
import pino from 'pino';
import { type Broker, type BrokerOptions, createBroker } from '../../../src/broker/broker.ts';
import { createEvents } from '../../../src/events.ts';
import type { MessageClass, Sender } from '../../../src/message.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Intake, Waiter } from '../../../src/ports.ts';
import { readPublish } from '../../../src/publish-packet.ts';

interface Appended {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly isRetained: boolean;
  readonly sender: Sender;
  readonly hops: number;
  readonly lane: number;
  readonly class: MessageClass;
}

interface Pending {
  readonly class: MessageClass;
  readonly waiter: Waiter | null;
}

/** Topics under `free/` are wanted by no rule, those under `alarms/` are of class alarm. */
class FakeIntake implements Intake {
  readonly appended: Appended[] = [];
  readonly receivedMessages: { qos: number; payloadBytes: number; isMatched: boolean }[] = [];
  readonly droppedReasons: string[] = [];
  isFullNow = false;
  /** Commit right after each append, as a very fast disk would. */
  isImmediate = false;
  #pending: Pending[] = [];
  #relief: (() => void)[] = [];

  route(topic: string) {
    if (topic.startsWith('free/')) return null;
    return { class: topic.startsWith('alarms/') ? 'alarm' : 'normal' } as const;
  }

  laneOf(clientId: string): number {
    return clientId.length;
  }

  append(
    route: { class: MessageClass },
    lane: number,
    sender: Sender,
    hops: number,
    packet: Uint8Array,
    start: number,
    end: number,
    waiter: Waiter | null,
  ): void {
    const bytes = Buffer.from(packet.subarray(start, end));
    const view = readPublish(bytes, 0, {
      qos: 0,
      isRetained: false,
      topicStart: 0,
      topicEnd: 0,
      payloadStart: 0,
      payloadEnd: 0,
    });
    if (view.payloadEnd !== bytes.length) throw new Error('not one whole packet');
    this.appended.push({
      topic: bytes.toString('utf8', view.topicStart, view.topicEnd),
      payload: bytes.toString('utf8', view.payloadStart, view.payloadEnd),
      qos: view.qos,
      isRetained: view.isRetained,
      sender,
      hops,
      lane,
      class: route.class,
    });
    this.#pending.push({ class: route.class, waiter });
    if (this.isImmediate) setImmediate(() => this.commit());
  }

  isFull(): boolean {
    return this.isFullNow;
  }

  whenRelieved(callback: () => void): void {
    this.#relief.push(callback);
  }

  received(qos: 0 | 1 | 2, payloadBytes: number, isMatched: boolean): void {
    this.receivedMessages.push({ qos, payloadBytes, isMatched });
  }

  dropped(reason: string): void {
    this.droppedReasons.push(reason);
  }

  /** Makes everything of a class (or of both) durable, and tells the waiters once each. */
  commit(messageClass?: MessageClass): void {
    this.#settle(messageClass, (waiter, count) => waiter.onDurable(count));
  }

  fail(error: Error): void {
    this.#settle(undefined, (waiter, count) => waiter.onFailed(count, error));
  }

  relieve(): void {
    this.isFullNow = false;
    const callbacks = this.#relief;
    this.#relief = [];
    for (const callback of callbacks) callback();
  }

  #settle(messageClass: MessageClass | undefined, tell: (waiter: Waiter, count: number) => void): void {
    const counts = new Map<Waiter, number>();
    const isSettled = (pending: Pending) => messageClass === undefined || pending.class === messageClass;
    for (const { waiter } of this.#pending.filter(isSettled)) {
      if (waiter !== null) counts.set(waiter, (counts.get(waiter) ?? 0) + 1);
    }
    this.#pending = this.#pending.filter((pending) => !isSettled(pending));
    for (const [waiter, count] of counts) tell(waiter, count);
  }
}

export interface Setup {
  readonly broker: Broker;
  readonly intake: FakeIntake;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly port: number;
  /** `onMessage` also hears what comes right behind the CONNACK. */
  client(options?: IClientOptions, onMessage?: OnMessageCallback): Promise<MqttClient>;
  raw(): Promise<RawClient>;
  /** A metric's value for a label. */
  count(name: string, labels?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
}

export const tcpListener = { type: 'tcp', host: '127.0.0.1', port: 0, maxPacketBytes: 262_144 } as const;

export async function startBroker(options: Partial<BrokerOptions> = {}): Promise<Setup> {
  const intake = (options.intake as FakeIntake | undefined) ?? new FakeIntake();
  const metrics = createMetrics();
  const broker = createBroker({
    listeners: [tcpListener],
    auth: { anonymous: true },
    loadUsers: async () => [],
    readFile: (path) => readFile(path),
    events: createEvents(pino({ level: 'silent' }), metrics),
    metrics,
    clock: Date.now,
    isFastPathOn: true,
    ...options,
    intake,
  });
  await broker.open();
  const port = broker.addresses()[0]?.port ?? 0;
  const clients: MqttClient[] = [];
  const raws: RawClient[] = [];
  return {
    broker,
    intake,
    metrics,
    port,
    client(clientOptions = {}, onMessage = () => {}) {
      const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...clientOptions });
      client.on('message', onMessage);
      clients.push(client);
      return new Promise((resolve, reject) => {
        client.once('error', reject);
        client.once('connect', () => {
          client.removeListener('error', reject);
          client.on('error', () => {});
          resolve(client);
        });
      });
    },
    async raw() {
      const raw = await RawClient.open(port);
      raws.push(raw);
      return raw;
    },
    async count(name, labels = {}) {
      const metric = await metrics.registry.getSingleMetric(`headgate_${name}`)?.get();
      return (
        metric?.values
          .filter((value) => Object.entries(labels).every(([key, wanted]) => value.labels[key] === wanted))
          .reduce((sum, value) => sum + value.value, 0) ?? 0
      );
    },
    async close() {
      for (const raw of raws) raw.socket.destroy();
      await broker.close();
      for (const client of clients) client.end(true);
    },
  };
}

/** Polls until the condition holds; fails loudly when it does not come to hold. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'condition',
  msMax = 5_000,
): Promise<void> {
  const deadline = Date.now() + msMax;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Did not happen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Bytes in, bytes out: for what MQTT.js would never send. */
export class RawClient {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', () => {});
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
  }

  send(...packets: readonly (Buffer | readonly number[])[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => Buffer.from(packet))));
  }

  /** Connects and waits for CONNACK 0. */
  async connect(options: Parameters<typeof connectPacket>[0] = {}): Promise<this> {
    this.send(connectPacket(options));
    await this.receive(4);
    if (this.received[3] !== 0) throw new Error(`refused with ${this.received[3]}`);
    this.received = this.received.subarray(4);
    return this;
  }

  async receive(byteLength: number): Promise<Buffer> {
    await until(() => this.received.length >= byteLength || this.isClosed, `${byteLength} bytes`);
    return this.received;
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, 'connection closed');
  }

  /** Hex of each packet received so far. */
  packets(): string[] {
    const found: string[] = [];
    let position = 0;
    while (position + 2 <= this.received.length) {
      const length = 2 + (this.received[position + 1] ?? 0);
      found.push(this.received.toString('hex', position, position + length));
      position += length;
    }
    return found;
  }
}

export interface ConnectOptions {
  readonly clientId?: string;
  readonly isClean?: boolean;
  readonly keepalive?: number;
  readonly username?: string;
  readonly password?: string;
  readonly will?: { readonly topic: string; readonly payload: string; readonly qos?: number };
}

export function connectPacket(options: ConnectOptions = {}): Buffer {
  const { clientId = 'raw', isClean = true, keepalive = 0, username, password, will } = options;
  let flags = isClean ? 2 : 0;
  if (username !== undefined) flags |= 0x80;
  if (password !== undefined) flags |= 0x40;
  if (will !== undefined) flags |= 0x04 | ((will.qos ?? 0) << 3);
  const body = [text('MQTT'), Buffer.from([4, flags, keepalive >> 8, keepalive & 0xff]), text(clientId)];
  if (will !== undefined) body.push(text(will.topic), text(will.payload));
  if (username !== undefined) body.push(text(username));
  if (password !== undefined) body.push(text(password));
  return packet(0x10, Buffer.concat(body));
}

export function publishPacket(
  topic: string | Buffer,
  payload: string,
  qos = 0,
  packetId = 1,
  flags: { retain?: boolean; dup?: boolean } = {},
): Buffer {
  const first = 0x30 | (qos << 1) | (flags.retain === true ? 1 : 0) | (flags.dup === true ? 8 : 0);
  const id = qos > 0 ? Buffer.from([packetId >> 8, packetId & 0xff]) : Buffer.alloc(0);
  return packet(first, Buffer.concat([text(topic), id, Buffer.from(payload)]));
}

export function subscribePacket(packetId: number, ...filters: readonly (readonly [string, number])[]): Buffer {
  const entries = filters.map(([filter, qos]) => Buffer.concat([text(filter), Buffer.from([qos])]));
  return packet(0x82, Buffer.concat([Buffer.from([packetId >> 8, packetId & 0xff]), ...entries]));
}

export function packet(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
