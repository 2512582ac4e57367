/**
 * What the parts need of one another, as small interfaces. No part imports another: `gateway.ts` builds the implementations and
 * hands them in.
 */
import type { ExternalAnswer, ExternalCall, ExternalFunctionName } from './external-call.ts';
import type { DeadLetter, Entry, MessageClass, Sender } from './message.ts';

/** Told, once per commit, how many of its appended messages have become durable. Appends and answers are in the same order. */
export interface Waiter {
  onDurable(count: number): void;
  /** The journal could not make these messages durable; they must not be acknowledged. */
  onFailed(count: number, error: Error): void;
}

/** What becomes of a topic: which journal class, if any rule wants it at all. */
export interface Route {
  readonly class: MessageClass;
}

/** The broker's side door to the journal. Synchronous and cheap: called once per PUBLISH. */
export interface Intake {
  /** null: no rule matches, so nothing is journaled and the message may be acknowledged at once. Cached per topic inside. */
  route(topic: string): Route | null;
  /** The lane that evaluates all messages of this client. Ask once per connection. */
  laneOf(clientId: string): number;
  /**
   * Copies `packet[start..end)` (a whole PUBLISH packet) into the slab that gathers for the next commit. `waiter` is null where no
   * acknowledgement is owed (QoS 0). `hops` counts the republishes that led to this message.
   */
  append(
    route: Route,
    lane: number,
    sender: Sender,
    hops: number,
    packet: Uint8Array,
    start: number,
    end: number,
    waiter: Waiter | null,
  ): void;
  /**
   * True: too many bytes wait for the disk or for this client's lane. Stop reading its socket until a callback given to
   * `whenRelieved` runs (each runs once), then ask again.
   */
  isFull(lane: number): boolean;
  whenRelieved(callback: () => void, lane: number): void;
  /** For the books: every PUBLISH that was read, whether or not a rule matched; one that is dropped counts as matched. */
  received(qos: 0 | 1 | 2, payloadBytes: number, isMatched: boolean): void;
  /** A PUBLISH that was acknowledged but goes nowhere, and why (`unauthorized`, `sys-topic`, …; a bounded set). */
  dropped(reason: string): void;
}

/** Entries of one action that wait on disk because its sink lags. First in, first out. */
export interface Outbox {
  /** Resolves when the entry is durable. A file body is moved into the outbox, a bytes body is written. */
  put(entry: Entry): Promise<void>;
  /** The same, in front of all that is here and of what was put in front before: for what was taken from memory and could not be delivered. */
  putFirst(entry: Entry): Promise<void>;
  /** The oldest entries not yet taken, at most `countMax` and (past the first) `bytesMax`; file bodies stay files. */
  take(countMax: number, bytesMax: number): Promise<readonly Entry[]>;
  /** Removes delivered entries for good. Entries that were taken but not removed come again after a restart. */
  remove(entries: readonly Entry[]): Promise<void>;
  /** Makes taken entries available again (a retry after the sink was held). */
  untake(entries: readonly Entry[]): void;
  readonly count: number;
  readonly bytes: number;
  /** Receive time (epoch ms) of the oldest message inside; null when empty. */
  readonly oldestReceivedAt: number | null;
}

/** A refused entry that an error action was told of: its delivery has the documents. */
export interface Handover {
  /** Resolves when they are delivered, or durable wherever they are then. */
  readonly settled: Promise<void>;
}

/** Durable before it resolves. Rejects when the disk does; the caller then keeps what it has and tries again. */
export interface DeadLetters {
  put(letters: readonly DeadLetter[]): Promise<void>;
}

/** Asks the services behind SQL functions. */
export interface Connectors {
  /** How many calls of a function may be made at the same time. */
  concurrencyOf(name: ExternalFunctionName): number;
  /** Never rejects, and answers within the connector's time limit: what fails is an answer too. */
  answer(call: ExternalCall): Promise<ExternalAnswer>;
  close(): Promise<void>;
}

/** What services answered for messages that are not settled yet, so that a replay emits the same as before. */
export interface RecordedAnswers {
  /** null: nothing was recorded for this message and call. */
  find(pending: { readonly sequence: number; readonly call: ExternalCall }): ExternalAnswer | null;
  /** Durable when it resolves. Failures, and secrets, are not kept: a replay asks again. */
  put(
    answered: readonly { readonly sequence: number; readonly call: ExternalCall; readonly answer: ExternalAnswer }[],
  ): Promise<void>;
}
