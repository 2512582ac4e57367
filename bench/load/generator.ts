/**
 * The load: many connections, one clock. Closed loop: each connection keeps its window full. Open loop: messages are due at times
 * fixed beforehand, in bursts dealt to the connections in turn; a message held up by a full window is still timed from when it was
 * due, so a stall is charged to every message it delayed (no coordinated omission).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOwner, LoadConnection } from './connection.ts';
import { Histogram } from './histogram.ts';
import { createRing } from './packets.ts';
import { seededRandom } from './payload.ts';
import type { LoadCounts, LoadPlan, LoadReport } from './plan.ts';

const CONNECTING_MAX = 100;
const ERRORS_KEPT_MAX = 20;
const UNACKED_KEPT_MAX = 1_000_000;
const SETTLE_POLL_MS = 5;
/** The open-loop schedule's step: what falls due within one is sent, and timed, at its end. */
const TICK_MS = 1;
/** Messages of one burst on one connection: fewer writes at high rates, single messages at low ones. */
const BURST_MAX = 8;
const RATE_PER_BURST_MESSAGE = 10_000;
/** Closed loop: a connection is refilled when this share of its window is free; fewer, larger writes. */
const REFILL_SHARE = 0.25;

export interface LoadEvents {
  started(counts: LoadCounts): void;
  ended(counts: LoadCounts): void;
}

export class LoadGenerator implements ConnectionOwner {
  readonly #plan: LoadPlan;
  readonly #connections: LoadConnection[] = [];
  readonly #indices = new Map<LoadConnection, number>();
  readonly #latency = new Histogram();
  readonly #errors: string[] = [];
  readonly #owed: Float64Array;
  readonly #burst: number;
  #nextSequence: number;
  #nextBurst = 0;
  #startMs = 0;
  #isSending = false;
  #measureFromMs = Number.POSITIVE_INFINITY;
  #measureUntilMs = Number.POSITIVE_INFINITY;
  #behindMsMax = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#nextSequence = plan.sequenceFirst;
    this.#owed = new Float64Array(plan.connections);
    this.#burst = Math.max(1, Math.min(BURST_MAX, Math.floor((plan.rate ?? 0) / RATE_PER_BURST_MESSAGE)));
    const random = seededRandom(1);
    const slots = Math.max(plan.window, Math.ceil(plan.payloads / plan.connections));
    for (let index = 0; index < plan.connections; index++) {
      const ring = createRing(slots, topicsOf(index, plan), plan.qos, random);
      const { host, port, username, password, window } = plan;
      const clientId = `${plan.clientIdPrefix}${index}`;
      const connection = new LoadConnection(this, { host, port, clientId, username, password, ring, window });
      this.#connections.push(connection);
      this.#indices.set(connection, index);
    }
  }

  async run(events: LoadEvents): Promise<LoadReport> {
    const plan = this.#plan;
    await this.#connect();
    this.#isSending = true;
    this.#startMs = performance.now();
    if (plan.rate === null) for (const connection of this.#connections) this.roomMade(connection);
    else this.#tick();
    await delay(plan.warmupSeconds * 1000);
    const cpuBefore = process.cpuUsage();
    const before = this.#counts();
    this.#measureFromMs = performance.now();
    this.#behindMsMax = 0;
    events.started(before);
    await delay(plan.seconds * 1000);
    this.#measureUntilMs = performance.now();
    this.#isSending = false;
    const cpu = process.cpuUsage(cpuBefore);
    const after = this.#counts();
    events.ended(after);
    await this.#settle();
    const unacked = this.#connections.flatMap((connection) => connection.unacked).slice(0, UNACKED_KEPT_MAX);
    for (const connection of this.#connections) connection.close();
    return {
      total: this.#counts(),
      warmup: before,
      measured: { sent: after.sent - before.sent, acked: after.acked - before.acked },
      measuredSeconds: (this.#measureUntilMs - this.#measureFromMs) / 1000,
      latency: this.#latency.data(),
      behindMsMax: this.#behindMsMax,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      unacked,
      errors: this.#errors,
    };
  }

  sequences(count: number): number {
    const first = this.#nextSequence;
    this.#nextSequence += count;
    return first;
  }

  settled(intendedMs: number, count: number): void {
    if (intendedMs < this.#measureFromMs || intendedMs >= this.#measureUntilMs) return;
    this.#latency.record((performance.now() - intendedMs) * 1000, count);
  }

  roomMade(connection: LoadConnection): void {
    if (!this.#isSending) return;
    if (this.#plan.rate === null) this.#refill(connection);
    else this.#sendOwed(this.#indices.get(connection) ?? 0);
  }

  failed(_connection: LoadConnection, reason: string): void {
    if (this.#errors.length < ERRORS_KEPT_MAX) this.#errors.push(reason);
  }

  async #connect(): Promise<void> {
    for (let first = 0; first < this.#connections.length; first += CONNECTING_MAX) {
      const some = this.#connections.slice(first, first + CONNECTING_MAX).map((connection) => connection.connect());
      await withinSeconds(Promise.all(some), this.#plan.settleSecondsMax, 'Clients could not connect in time.');
    }
  }

  #refill(connection: LoadConnection): void {
    const room = connection.room;
    if (room < this.#plan.window * REFILL_SHARE) return;
    const now = performance.now();
    connection.send(room, () => now);
  }

  /** Open loop: makes due what the clock says, then sleeps one tick. */
  #tick(): void {
    if (!this.#isSending) return;
    const perMs = (this.#plan.rate ?? 0) / 1000 / this.#burst;
    const due = Math.floor((performance.now() - this.#startMs) * perMs);
    for (; this.#nextBurst < due; this.#nextBurst++) {
      const index = this.#nextBurst % this.#connections.length;
      this.#owed[index] = (this.#owed[index] ?? 0) + this.#burst;
      this.#sendOwed(index);
    }
    setTimeout(() => this.#tick(), TICK_MS);
  }

  #sendOwed(index: number): void {
    const connection = this.#connections[index];
    const owed = this.#owed[index] ?? 0;
    if (connection === undefined || owed === 0) return;
    const count = Math.min(owed, connection.room);
    if (count === 0) return;
    this.#owed[index] = owed - count;
    const behindMs = performance.now() - this.#dueMs(index, connection.sent);
    if (behindMs > this.#behindMsMax) this.#behindMsMax = behindMs;
    connection.send(count, (message) => this.#dueMs(index, message));
  }

  /** When the connection's message was due: its burst's place in the schedule, rounded up to a tick. */
  #dueMs(index: number, message: number): number {
    const burst = Math.floor(message / this.#burst) * this.#connections.length + index + 1;
    const sinceStartMs = (burst * this.#burst * 1000) / (this.#plan.rate ?? 1);
    return this.#startMs + Math.ceil(sinceStartMs / TICK_MS) * TICK_MS;
  }

  /** Waits for what is outstanding; at QoS 0 for the broker to have read everything. A failure shows as unacked numbers. */
  async #settle(): Promise<void> {
    const untilMs = performance.now() + this.#plan.settleSecondsMax * 1000;
    const isOutstanding = () => this.#connections.some((connection) => connection.acked < connection.sent);
    while (isOutstanding() && this.#errors.length === 0 && performance.now() < untilMs) await delay(SETTLE_POLL_MS);
    if (this.#plan.qos === 1 || this.#errors.length > 0) return;
    const pings = Promise.all(this.#connections.map((connection) => connection.ping()));
    await withinSeconds(pings, this.#plan.settleSecondsMax, 'PINGRESP did not come in time.').catch((error: Error) =>
      this.#errors.push(error.message),
    );
  }

  #counts(): LoadCounts {
    let sent = 0;
    let acked = 0;
    for (const connection of this.#connections) {
      sent += connection.sent;
      acked += connection.acked;
    }
    return { sent, acked };
  }
}

/** A connection's share of the topics: every `connections`-th. With fewer topics than connections, they are shared. */
function topicsOf(index: number, plan: LoadPlan): number[] {
  const topics: number[] = [];
  for (let topic = index % plan.topics; topic < plan.topics; topic += plan.connections) topics.push(topic);
  return topics;
}

async function withinSeconds<T>(promise: Promise<T>, seconds: number, reason: string): Promise<T> {
  const abort = new AbortController();
  const expired = delay(seconds * 1000, null, { signal: abort.signal }).then(() => {
    throw new Error(reason);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    abort.abort();
    expired.catch(() => {});
  }
}
