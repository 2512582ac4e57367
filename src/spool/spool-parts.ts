/** Types of what the spool is given and made of. */
import type { Events } from '../events.ts';
import type { MessageClass } from '../message.ts';
import type { Metrics } from '../metrics.ts';
import type { AnswerLog } from './answer-log.ts';
import type { Answers } from './answers.ts';
import type { RuleSetDocument, SpoolClock } from './api.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DiskThresholds } from './disk.ts';
import type { Files } from './files.ts';
import type { Generations } from './generations.ts';
import type { Journal } from './journal.ts';
import type { LanePressure } from './lane-pressure.ts';
import type { LaneStream } from './lane-stream.ts';
import type { Lock } from './lock.ts';
import type { Pressure } from './pressure.ts';
import type { Progress } from './progress.ts';
import type { RuleSets } from './rule-sets.ts';
import type { SegmentStore } from './segment-store.ts';

type SpoolEvents = Pick<
  Events,
  | 'journalFailed'
  | 'journalStuck'
  | 'journalRecovered'
  | 'journalDamageFound'
  | 'spoolStepFailed'
  | 'ruleSetLost'
  | 'diskLevelChanged'
  | 'outboxEntryDamaged'
  | 'outboxStranded'
>;

type SpoolMetrics = Pick<
  Metrics,
  | 'journalCommitSeconds'
  | 'journalCommitMessages'
  | 'journalBytes'
  | 'journalBacklogMessages'
  | 'deadLetterBytes'
  | 'diskFreeBytes'
  | 'diskUsedRatio'
  | 'laneBacklogBytes'
>;

/** What has a sensible value by itself. */
export interface SpoolTuning {
  /** See the configuration, `journal.pendingBytesMax`. */
  readonly pendingBytesMax: number;
  /** See the configuration, `journal.disk`. */
  readonly disk: DiskThresholds;
  readonly segmentBytes: number;
  /** Of the buffers that gather appends, one per lane and commit; larger messages get their own. A multiple of 8. */
  readonly slabBytes: number;
  /** Of each of the two cursor files. */
  readonly cursorBytes: number;
  readonly randomBytes: (count: number) => Buffer;
  readonly acquireLock: (dir: string) => Promise<Lock>;
}

export interface SpoolOptions {
  /** The data directory; created if need be. */
  readonly dir: string;
  /** 1..255. */
  readonly laneCount: number;
  /** In force from the start on: what is appended belongs to it. */
  readonly ruleSet: RuleSetDocument;
  /** Of that rule set, in the order of its actions. */
  readonly actionIds: readonly string[];
  readonly files: Files;
  readonly clock: SpoolClock;
  readonly events: SpoolEvents;
  readonly metrics: SpoolMetrics;
  readonly tuning: SpoolTuning;
}

export type PerClass<T> = Readonly<Record<MessageClass, T>>;

/** What a Spool is made of. */
export interface SpoolParts {
  readonly options: SpoolOptions;
  readonly lock: Lock;
  /** What this run numbers first. */
  readonly firstSequence: number;
  readonly stores: PerClass<SegmentStore>;
  readonly ruleSets: RuleSets;
  readonly generations: Generations;
  readonly journals: PerClass<Journal>;
  /** By lane. */
  readonly streams: readonly PerClass<LaneStream>[];
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
  readonly answers: Answers;
  readonly answerLog: AnswerLog;
  readonly pressure: Pressure;
  /** By lane. */
  readonly lanePressures: readonly LanePressure[];
  readonly buffers: BufferPool;
  /** Classes whose disk fails, and how. */
  readonly stuck: Map<MessageClass, Error>;
  /** A slab was queued for a lane. */
  onPushed: (lane: number) => void;
  /** Less is left to be committed of old generations. */
  onSettled: () => void;
}
