/**
 * Delivery of one action: parts from lanes in, entries to the sink out.
 *
 * ```
 * accept(part) ─▶ assembler (each | lines | container) ─ bundle ─▶ pump ─▶ sink.deliver
 *                                                                   │ └─▶ dead letters
 *                                                                   └──▶ outbox ─▶ (back to the pump, in order)
 * ```
 * A part settles once, when each entry that carries some of it was delivered, is durable in the outbox, or is a durable dead letter.
 */
import type { Events } from '../../events.ts';
import type { ActionPlan, Entry, Part } from '../../message.ts';
import type { Metrics } from '../../metrics.ts';
import type { DeadLetters, Outbox } from '../../ports.ts';
import type { SinkOptions, SinkServices } from '../sink.ts';

export interface PlannedDelivery {
  readonly plan: ActionPlan;
  readonly options: SinkOptions;
}

export interface DeliveryServices extends SinkServices {
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly events: Pick<Events, 'deliveryFailing' | 'deliveryRecovered' | 'deadLettersWritten'>;
  readonly metrics: Metrics;
  /** Epoch ms. */
  clock(): number;
  /** [0, 1). */
  random(): number;
  /** Where open objects grow; each action has a folder in it. On the file system of the outbox and, best, of the lake. */
  readonly objectsDir: string;
  /** The header of an Avro container, sync marker included, that blocks with this schema id and the action's codec follow. */
  containerHeader(schemaId: string, codec: ActionPlan['codec']): Uint8Array;
  /** Told of an entry that can never be delivered. True: it is taken care of, durably, and no dead letter is needed. */
  onRejected(entry: Entry, cause: Error): Promise<boolean>;
}

export type DeliveryState = 'idle' | 'delivering' | 'retrying' | 'held';

export interface Backlog {
  /** Encoded bytes that wait: in open objects, in memory and in the outbox. */
  readonly bytes: number;
  /** Of them, in memory. */
  readonly memoryBytes: number;
  /** Messages accepted by this process and not yet settled or out of the outbox. */
  readonly messages: number;
  /** Receive time (epoch ms) of the oldest message that waits; null when none does. */
  readonly oldestReceivedAt: number | null;
}

export interface Delivery {
  /** Removes what a crash left of open objects and begins to drain the outbox. Before the first `accept`. */
  start(): Promise<void>;
  /** `settled` is called once, never from inside this call. */
  accept(part: Part, settled: () => void): void;
  readonly backlog: Backlog;
  readonly state: DeliveryState;
  /** Seals what is open and delivers it, or leaves it durable in the outbox; at most this long. Then nothing new is accepted. */
  flush(deadlineMs: number): Promise<void>;
  /** Ends attempts and timers. What is not settled comes again from the journal. */
  close(): Promise<void>;
}
