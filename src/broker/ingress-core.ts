/** What all connections of a broker share, and what is known of one once it was let in. */
import type { Duplex } from 'node:stream';
import type { Events } from '../events.ts';
import type { Sender } from '../message.ts';
import type { Metrics } from '../metrics.ts';
import type { Intake } from '../ports.ts';
import type { Acl } from './acl.ts';
import type { Ingress } from './ingress.ts';
import type { BrokerLimits } from './limits.ts';
import type { Pressure } from './pressure.ts';
import type { Subscribers } from './topic-cache.ts';

export interface IngressCore {
  readonly limits: BrokerLimits;
  readonly intake: Intake;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly subscribers: Subscribers;
  readonly pressure: Pressure;
  readonly isFastPathOn: boolean;
  /** While true nothing more is read. */
  isDraining(): boolean;
  /** Gives the connection to aedes. */
  handle(duplex: Duplex, ingress: Ingress): void;
  closed(ingress: Ingress): void;
}

/** A socket as a listener hands it over, TLS and WebSocket framing already taken off. */
export interface IncomingConnection {
  readonly stream: Duplex;
  readonly address: string;
  /** Common name of a verified client certificate. */
  readonly certificateName: string | null;
  readonly maxPacketBytes: number;
}

/** Who a connection belongs to, from the moment it is authenticated. */
export interface Session {
  readonly sender: Sender;
  readonly acl: Acl;
  readonly lane: number;
}
