/** What a load run is told and what it answers. Plain data: it crosses from the bench to the generator's process and back. */
import type { HistogramData } from './histogram.ts';
import { SEQUENCE_FIRST } from './payload.ts';

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Distinct topics, shared out over the connections. */
  readonly topics: number;
  /** Distinct payloads, shared out over the connections; each is sent again only after all others of its connection. */
  readonly payloads: number;
  readonly qos: 0 | 1;
  /** Unacknowledged messages per connection, at most. QoS 0: messages not yet taken by the socket. */
  readonly window: number;
  /** Messages per second over all connections; null = closed loop, as fast as the window allows. */
  readonly rate: number | null;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Longest wait for connections, and for outstanding acknowledgements after the last message. */
  readonly settleSecondsMax: number;
  /** Client ids are this and a number. */
  readonly clientIdPrefix: string;
  /** `seq` of the first message; those of a run have no gap. */
  readonly sequenceFirst: number;
  /** Empty: CONNECT without a user name. */
  readonly username: string;
  readonly password: string;
}

export interface LoadCounts {
  readonly sent: number;
  /** QoS 0: taken by the socket. */
  readonly acked: number;
}

export interface LoadReport {
  /** Of the whole run, warm-up and settling included. */
  readonly total: LoadCounts;
  /** Until the measured time began. */
  readonly warmup: LoadCounts;
  /** Between the warm-up and the end of sending. */
  readonly measured: LoadCounts;
  readonly measuredSeconds: number;
  /** Publish → PUBACK of messages intended within the measured time; from the intended, not the actual, time of sending. */
  readonly latency: HistogramData;
  /** Open loop: the furthest that sending fell behind its schedule in the measured time and after, ms. A large one means that the window or the generator was the limit. */
  readonly behindMsMax: number;
  /** CPU of the generator's process in the measured time. */
  readonly cpuSeconds: number;
  /** Numbers (`seq`) that were sent and not acknowledged; empty after a clean run. */
  readonly unacked: readonly number[];
  /** Connections that ended, and acknowledgements that were not the one expected next. */
  readonly errors: readonly string[];
}

/** Generator → bench. `started` and `ended` frame the measured time, so that the bench samples the server in step. */
export type LoadMessage =
  | { readonly kind: 'started'; readonly counts: LoadCounts }
  | { readonly kind: 'ended'; readonly counts: LoadCounts }
  | { readonly kind: 'done'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly reason: string };

export const defaultLoad = {
  host: '127.0.0.1',
  connections: 50,
  topics: 10_000,
  payloads: 20_000,
  qos: 1,
  window: 200,
  rate: null,
  warmupSeconds: 1.5,
  seconds: 5,
  settleSecondsMax: 20,
  clientIdPrefix: 'bench-',
  sequenceFirst: SEQUENCE_FIRST,
  username: '',
  password: '',
} as const satisfies Omit<LoadPlan, 'port'>;
