/**
 * What the composition root sees of the spool. Types only; `openSpool` in spool.ts builds it.
 *
 * Order of use: `openSpool` (recovers, takes the lock) → `startFeeds` (backlog first, then live) → `append` from the broker →
 * `onResult` per evaluated slab: `progress.evaluated` before the first `progress.settled` of it → `stopFeeds` → `close`.
 * A reload in between: `prepareRuleSet` → `cutRuleSet`, in one turn with the switch of whatever decides what is appended → later, when
 * everything that was appended before has been evaluated, `onRuleSet`.
 */
import type { SlabResult, SlabTask } from '../lane-protocol.ts';
import type { DeadLetter, MessageClass, Sender, SequenceRange } from '../message.ts';
import type { DeadLetters, Outbox, RecordedAnswers, Waiter } from '../ports.ts';

/** Time as a parameter, so that tests decide when it passes. */
export interface SpoolClock {
  /** Epoch ms. */
  now(): number;
  /** Runs `callback` once after `delayMs`; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** A rule set as the spool keeps it: for as long as messages that were acknowledged under it are not settled. */
export interface RuleSetDocument {
  /** 32 hex digits. The same hash is the same set. */
  readonly hash: string;
  /** Whatever rebuilds the set; opaque to the spool. At most RULE_SET_BYTES_MAX in UTF-8. */
  readonly text: string;
}

/**
 * What one task evaluates: the handle under which its outcome is recorded. `first`..`last` is the hull; where small slabs were
 * combined, sequences of other lanes lie between, so only `ranges` says exactly which messages these are.
 */
export interface Slab extends SequenceRange {
  readonly ranges: readonly SequenceRange[];
  readonly class: MessageClass;
  readonly messageCount: number;
  readonly isReplay: boolean;
}

/** Which messages are settled: delivered, durable in an outbox, or dead-lettered. Durable lazily; lost progress means duplicates. */
export interface Progress {
  /**
   * Once per slab, before any of its parts is handed on: how many parts each action owes, in all, and one under '' where others will owe
   * some later. None at all settles the slab.
   */
  evaluated(slab: Slab, partsByAction: ReadonlyMap<string, number>): void;
  /** Once per part. */
  settled(slab: Slab, actionId: string): void;
  /**
   * More parts that a slab owes, of actions that `evaluated` did not name, while at least one part of it is not settled. Throws where the
   * slab is settled, and for an action that may be recorded as done with these messages: it was named, or it settled all it owed while
   * no part under '' was open. So whoever will owe more later keeps one part under '' open from `evaluated` until then.
   */
  owes(slab: Slab, partsByAction: ReadonlyMap<string, number>): void;
  /** Makes what was recorded durable, then frees segments that nothing needs. Runs by itself within a second. */
  flush(): Promise<void>;
}

export interface Journal {
  /** Copies `packet[start..end)`. `waiter` is told after the fdatasync that covers it, in order of its appends over all classes. */
  append(
    lane: number,
    sender: Sender,
    hops: number,
    receivedAt: number,
    packet: Uint8Array,
    start: number,
    end: number,
    waiter: Waiter | null,
  ): void;
}

/** How slabs leave the spool, and how their results come back. */
export interface FeedHandlers {
  /** Hands a task to the lane's worker; `task.bytes` may be transferred. Rejects when the worker died: it is read and sent again. */
  evaluate(lane: number, task: SlabTask): Promise<SlabResult>;
  /**
   * One result per slab, in the order of the lane; the next one waits for the promise, which is the backpressure of delivery.
   * 'again' evaluates the same bytes again (after a schema was frozen). `result.bytes` stays the feed's: do not keep it.
   */
  onResult(lane: number, slab: Slab, task: SlabTask, result: SlabResult): Promise<'done' | 'again'>;
  /** A message that killed its worker twice and is now durable in the dead letters; it has no result. For the books. */
  onPoisoned(lane: number, slab: Slab, letter: DeadLetter): void;
  /**
   * Slabs from now on were appended under the set `hash`: all earlier ones have been evaluated and handled, on all lanes, and nothing is
   * dispatched until this resolves; commits and acknowledgements go on. Called only where the hash differs from that of the last
   * call that succeeded (at first: from the one that `openSpool` was given), so also at start for what older sets left behind.
   * `text` null: the document is lost; the newest set has to do. A rejection is reported, and the call repeated after a pause; by
   * then it may be about another set, or again about the one of before. `stopFeeds` does not wait for it.
   */
  onRuleSet(hash: string, text: string | null): Promise<void>;
}

export interface SpoolHealth {
  readonly isWritable: boolean;
  /** Why not, for /readyz and the log; '' when writable. */
  readonly reason: string;
}

interface ClassStats {
  /** Bytes of segments on disk, the spare one included. */
  readonly bytes: number;
  /** Messages that are durable and not settled. */
  readonly backlogMessages: number;
}

export interface SpoolStats {
  readonly classes: Readonly<Record<MessageClass, ClassStats>>;
  readonly deadLetterBytes: number;
  /** Bytes appended and not yet durable. */
  readonly pendingBytes: number;
  /** Bytes handed to each lane and not yet answered. */
  readonly laneBacklogBytes: readonly number[];
  /** True when every lane is fed from memory, not from disk, and under the newest rule set. */
  readonly isLive: boolean;
  /** `onRuleSet` is under way, or is to be tried again: nothing is evaluated meanwhile. */
  readonly isChangingRuleSet: boolean;
}

export interface Spool {
  journal(messageClass: MessageClass): Journal;
  /** True: too many bytes wait for the disk or, where a lane is named, for that lane. */
  isFull(lane?: number): boolean;
  /** `callback` runs once, when it is worth asking `isFull` again. */
  whenRelieved(callback: () => void, lane?: number): void;
  /**
   * Makes a set durable, and a segment ready for its first messages, so that `cutRuleSet` costs no acknowledgement time. One at a time:
   * of sets that were prepared and not cut only the last one counts. Rejects when the disk does; then nothing has changed.
   */
  prepareRuleSet(set: RuleSetDocument): Promise<void>;
  /**
   * Appends from this call on belong to the set prepared last, those before to the set before; nothing waits. (What a class that is held for
   * lack of disk space has gathered belongs to the set in force when it is acknowledged.) Nothing happens if `hash` is in force.
   */
  cutRuleSet(hash: string): void;
  /**
   * The action ids by which lanes count from now on, in order; call it within `onRuleSet`. What is known of other actions is kept as
   * long as it is about messages that are not settled.
   */
  setActionIds(actionIds: readonly string[]): void;
  startFeeds(handlers: FeedHandlers): void;
  /** Dispatches nothing more; resolves when what is in flight has been answered and handled. */
  stopFeeds(): Promise<void>;
  /** Resolves when nothing is appended, dispatched or unsettled any more, and the newest rule set is in force. */
  drained(): Promise<void>;
  /** Messages with a lower sequence were journaled before this start. */
  readonly firstSequence: number;
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
  readonly answers: RecordedAnswers;
  /** The same object for the same action id. */
  outbox(actionId: string): Promise<Outbox>;
  /** Tells of outboxes with entries that belong to none of these actions: they wait until their action is configured again. */
  reportStrandedOutboxes(actionIds: readonly string[]): Promise<void>;
  readonly health: SpoolHealth;
  stats(): SpoolStats;
  /** Commits what is pending, makes progress durable, frees what can be freed, releases the lock. Stop feeds first. */
  close(): Promise<void>;
}
