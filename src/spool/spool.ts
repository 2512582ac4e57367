/** Opens the spool: lock, look, refuse what is newer, recover, compose. */
import { randomBytes } from 'node:crypto';
import { asError, CodedError } from '../errors.ts';
import type { MessageClass } from '../message.ts';
import { AnswerLog } from './answer-log.ts';
import { Answers } from './answers.ts';
import type { Spool } from './api.ts';
import { BufferPool } from './buffer-pool.ts';
import { ComposedSpool } from './composed-spool.ts';
import { CURSOR_BYTES, CursorLog, readCursor } from './cursor-log.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Files, makeDirectories } from './files.ts';
import { Generations } from './generations.ts';
import { type CommittedSlab, Journal, type SequenceCounter } from './journal.ts';
import { LanePressure } from './lane-pressure.ts';
import { LaneStream, type LaneStreamOptions } from './lane-stream.ts';
import { acquireLock, type Lock } from './lock.ts';
import { Pressure } from './pressure.ts';
import { Progress } from './progress.ts';
import { type Inspection, inspectSegments, recoverSegments } from './recovery.ts';
import { RuleSets } from './rule-sets.ts';
import { SEGMENT_BYTES, type SegmentClass } from './segment.ts';
import { SegmentStore, type SegmentStoreOptions } from './segment-store.ts';
import type { PerClass, SpoolOptions, SpoolParts, SpoolTuning } from './spool-parts.ts';

/** Slab buffers: gathering, queued and with the lanes. */
const SLAB_BYTES = 256 * 1024;
const SLABS_POOLED_MAX = 64;
/** Dead letters, and calls to services, are rare; a small box should not give 16 MiB to them. */
const SMALL_SEGMENT_BYTES = 1024 * 1024;
const LANE_COUNT_MAX = 255;
/** Enough to keep a lane busy through a commit; a lane that takes nothing for so long stands still. */
const LANE_PRESSURE = { waitingBytesMax: 6 * 1024 * 1024, patienceMs: 1000 };

const TUNING: SpoolTuning = {
  pendingBytesMax: 32 * 1024 * 1024,
  disk: { warnRatio: 0.8, holdNormalRatio: 0.95, holdAlarmRatio: 1 },
  segmentBytes: SEGMENT_BYTES,
  slabBytes: SLAB_BYTES,
  cursorBytes: CURSOR_BYTES,
  randomBytes,
  acquireLock,
};

export interface OpenSpoolOptions extends Omit<SpoolOptions, 'tuning'> {
  readonly tuning?: Partial<SpoolTuning>;
}

/** Throws SPOOL_UNUSABLE, SPOOL_LOCKED, SPOOL_FORMAT_NEWER or CONFIG_VALUE_INVALID (a rule set too large to keep); bad bytes inside are reported and passed over. */
export async function openSpool(given: OpenSpoolOptions): Promise<Spool> {
  const options: SpoolOptions = { ...given, tuning: { ...TUNING, ...given.tuning } };
  const { files, dir, laneCount } = options;
  if (laneCount < 1 || laneCount > LANE_COUNT_MAX) {
    throw new CodedError('CONFIG_VALUE_INVALID', `${laneCount} lanes; write 1 to ${LANE_COUNT_MAX}.`);
  }
  try {
    await files.mkdir(dir);
  } catch (thrown) {
    throw unusable(dir, thrown);
  }
  const lock = await options.tuning.acquireLock(dir);
  try {
    const spool = new ComposedSpool(await compose(options, lock));
    await spool.start();
    return spool;
  } catch (thrown) {
    await lock.release();
    throw thrown instanceof CodedError ? thrown : unusable(dir, thrown);
  }
}

function unusable(dir: string, thrown: unknown): CodedError {
  return new CodedError('SPOOL_UNUSABLE', `${dir}: ${asError(thrown).message}`, { cause: thrown });
}

async function compose(options: SpoolOptions, lock: Lock): Promise<SpoolParts> {
  const { files, dir, clock, laneCount, events, tuning } = options;
  const directories = await openDirectories(files, dir);
  const ensureRuleSet = (hash: string) => ruleSets.ensure(hash);
  const { stores, deadStore, answerStore, spoolId, cursor } = await recover(options, directories, ensureRuleSet);
  const ruleSets = await RuleSets.open(files, dir, options.ruleSet, (hash) => isReferenced(parts, hash));
  const generations = new Generations(stores, options.ruleSet.hash, laneCount);
  const buffers = new BufferPool(tuning.slabBytes, SLABS_POOLED_MAX);
  const pressure = new Pressure(tuning.pendingBytesMax);
  const answers = new Answers();
  const sequences: SequenceCounter = { next: 0 };
  const progress = new Progress({
    log: new CursorLog(files, directories.progress, spoolId, cursor.generation, tuning.cursorBytes),
    records: cursor.records,
    actionIds: options.actionIds,
    clock,
    floor: () => lowestNeeded(parts, sequences),
    collect: () => collectFreeable(parts, sequences),
    onError: (error) => events.spoolStepFailed('progress', asError(error)),
  });
  const lastSeen = Math.max(progress.last, lastSequence(stores.alarm), lastSequence(stores.normal));
  // Nothing is known of an empty spool, perhaps as it was wiped: ids of entries that were delivered before must not come again.
  sequences.next = lastSeen > 0 ? lastSeen + 1 : Math.floor(clock.now()) * 1000 + 1;
  const lanePressures = Array.from({ length: laneCount }, () => new LanePressure({ ...LANE_PRESSURE, clock }));
  const streams = lanePressures.map((lanePressure, lane) =>
    laneStreams(options, lane, { stores, progress, buffers, pressure: lanePressure }),
  );
  const deadLetters = new DeadLetters(deadStore, lastSequence(deadStore) + 1, (error) =>
    events.journalFailed('dlq', error),
  );
  const answerLog = new AnswerLog({
    store: answerStore,
    sequenceNext: lastSequence(answerStore) + 1,
    onFailed: (error) => events.journalFailed('answers', error),
  });
  await answerLog.load(files, directories.answers, (sequence) => !progress.isDone(sequence, sequence));
  const stuck = new Map<MessageClass, Error>();
  const makeJournal = (name: MessageClass): Journal =>
    new Journal({
      class: name,
      laneCount,
      store: stores[name],
      sequences,
      answers,
      pressure,
      lanePressures,
      buffers,
      clock,
      generation: generations.newest,
      onCommitted: (slab) => pushSlab(parts, name, slab),
      onSettled: () => parts.onSettled(),
      ...journalReports(options, name, stuck, pressure),
    });
  const journals = { alarm: makeJournal('alarm'), normal: makeJournal('normal') };
  const parts: SpoolParts = {
    options,
    lock,
    firstSequence: sequences.next,
    stores,
    ruleSets,
    generations,
    journals,
    streams,
    progress,
    deadLetters,
    answers,
    answerLog,
    pressure,
    lanePressures,
    buffers,
    stuck,
    onPushed: () => {},
    onSettled: () => {},
  };
  await keepRuleSets(parts);
  return parts;
}

type EnsureRuleSet = SegmentStoreOptions['ensureRuleSet'];

interface Directories {
  readonly alarm: string;
  readonly normal: string;
  readonly dlq: string;
  readonly answers: string;
  readonly progress: string;
}

async function openDirectories(files: Files, dir: string): Promise<Directories> {
  return {
    alarm: await makeDirectories(files, dir, 'journal', 'alarm'),
    normal: await makeDirectories(files, dir, 'journal', 'normal'),
    dlq: await makeDirectories(files, dir, 'dlq'),
    answers: await makeDirectories(files, dir, 'answers'),
    progress: await makeDirectories(files, dir, 'progress'),
  };
}

/** Headers of all classes are looked at before anything is changed. */
async function recover(options: SpoolOptions, directories: Directories, ensureRuleSet: EnsureRuleSet) {
  const { files, tuning } = options;
  const found = {
    alarm: await inspectSegments(files, directories.alarm),
    normal: await inspectSegments(files, directories.normal),
    dlq: await inspectSegments(files, directories.dlq),
    answers: await inspectSegments(files, directories.answers),
  };
  const knownId = found.normal.spoolId ?? found.alarm.spoolId ?? found.dlq.spoolId;
  const cursor = await readCursor(files, directories.progress, knownId);
  const spoolId = knownId ?? cursor.spoolId ?? tuning.randomBytes(8).readBigUInt64LE();
  const open = (name: SegmentClass, segmentBytes: number) =>
    recoverStore(options, name, found[name], { spoolId, segmentBytes, ensureRuleSet });
  const stores = { alarm: await open('alarm', tuning.segmentBytes), normal: await open('normal', tuning.segmentBytes) };
  const smallBytes = Math.min(tuning.segmentBytes, SMALL_SEGMENT_BYTES);
  const deadStore = await open('dlq', smallBytes);
  const answerStore = await open('answers', smallBytes);
  return { stores, deadStore, answerStore, spoolId, cursor };
}

interface LaneStreamParts extends Pick<LaneStreamOptions, 'progress' | 'buffers' | 'pressure'> {
  readonly stores: PerClass<SegmentStore>;
}

function laneStreams(
  { laneCount, files, events }: SpoolOptions,
  lane: number,
  { stores, ...shared }: LaneStreamParts,
): PerClass<LaneStream> {
  const stream = (name: MessageClass) =>
    new LaneStream({
      class: name,
      lane,
      laneCount,
      files,
      store: stores[name],
      ...shared,
      onDamage: (file, offset, byteLength) => events.journalDamageFound(name, file, offset, byteLength),
    });
  return { alarm: stream('alarm'), normal: stream('normal') };
}

async function recoverStore(
  options: SpoolOptions,
  name: SegmentClass,
  found: Inspection,
  shared: Pick<SegmentStoreOptions, 'spoolId' | 'segmentBytes' | 'ensureRuleSet'>,
): Promise<SegmentStore> {
  const { files, laneCount, events, tuning } = options;
  await recoverSegments(files, found, (file, offset, byteLength) =>
    events.journalDamageFound(name, file, offset, byteLength),
  );
  const store = new SegmentStore({
    files,
    dir: found.dir,
    class: name,
    laneCount,
    ...shared,
    uuid: () => tuning.randomBytes(16),
    segments: found.segments,
    ordinalNext: found.ordinalNext,
  });
  // Most gateways ask no services: the first answer makes its segment.
  if (name === 'answers') return store;
  try {
    await store.prepare();
  } catch (thrown) {
    // A full disk: what is there is delivered and freed, and the first append tries again.
    events.journalFailed(name, asError(thrown));
  }
  return store;
}

function journalReports(
  { events, metrics }: SpoolOptions,
  name: MessageClass,
  stuck: Map<MessageClass, Error>,
  pressure: Pressure,
) {
  return {
    onCommit(messageCount: number, seconds: number): void {
      metrics.journalCommitSeconds.observe({ class: name }, seconds);
      metrics.journalCommitMessages.observe({ class: name }, messageCount);
    },
    onFailed: (error: Error) => events.journalFailed(name, error),
    onStuck(error: Error | null): void {
      if (error === null) {
        stuck.delete(name);
        events.journalRecovered(name);
      } else {
        if (!stuck.has(name)) events.journalStuck(name, error);
        stuck.set(name, error);
      }
      pressure.setStuck(stuck.size > 0);
    },
  };
}

function pushSlab(parts: SpoolParts, name: MessageClass, slab: CommittedSlab): void {
  parts.streams[slab.lane]?.[name].push(slab);
  parts.onPushed(slab.lane);
}

function lastSequence(store: SegmentStore): number {
  let last = 0;
  for (const segment of store.segments) last = Math.max(last, segment.lastSequence);
  return last;
}

/** Below it no message exists any more. */
function lowestNeeded({ stores, journals }: SpoolParts, sequences: SequenceCounter): number {
  let lowest = sequences.next;
  for (const name of ['alarm', 'normal'] as const) {
    lowest = Math.min(lowest, journals[name].firstUnwritten);
    for (const segment of stores[name].segments) {
      if (segment.messageCount > 0) lowest = Math.min(lowest, segment.firstSequence);
    }
  }
  return lowest;
}

function collectFreeable(parts: SpoolParts, sequences: SequenceCounter): (() => Promise<void>) | null {
  const { stores, streams } = parts;
  const frees: (() => Promise<void>)[] = [];
  for (const name of ['alarm', 'normal'] as const) {
    const store = stores[name];
    const needed = Math.min(...streams.map((stream) => stream[name].ordinalNeeded));
    for (const segment of store.segments) {
      if (segment === store.active || !segment.isSealed || segment.slabsOpen > 0) continue;
      // What could not be read may be readable once the disk has been seen to: the next start tries. A person may remove the file.
      if (segment.damage.size > 0) continue;
      if (segment.ordinal < needed) frees.push(() => store.free(segment));
    }
  }
  const freeAnswers = parts.answerLog.freeable(lowestNeeded(parts, sequences));
  if (frees.length === 0 && freeAnswers === null) return null;
  return async () => {
    for (const free of frees) await free();
    await freeAnswers?.();
    await removeOldRuleSets(parts);
  };
}

/** At a start: the set in force becomes durable, and what nothing needs goes. */
async function keepRuleSets(parts: SpoolParts): Promise<void> {
  const { ruleSets, options } = parts;
  try {
    await ruleSets.prepare(options.ruleSet);
  } catch (thrown) {
    // A full disk: the first append tries again.
    options.events.spoolStepFailed('keeping the rule set', asError(thrown));
  }
  await removeOldRuleSets(parts);
}

async function removeOldRuleSets({ ruleSets, options }: SpoolParts): Promise<void> {
  try {
    await ruleSets.removeUnreferenced();
  } catch (thrown) {
    // Files that are left over cost their bytes until the next time.
    options.events.spoolStepFailed('removing rule sets that nothing refers to', asError(thrown));
  }
}

function isReferenced({ stores, generations }: SpoolParts, hash: string): boolean {
  return (
    generations.all.some(({ ruleSet }) => ruleSet === hash) ||
    [stores.alarm, stores.normal].some((store) => store.segments.some(({ ruleSet }) => ruleSet === hash))
  );
}
