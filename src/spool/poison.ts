/**
 * A slab with which a worker died. It is evaluated again, alone; when that kills the worker too, by halves, until one message is left:
 * a message that killed its worker twice, alone, goes to the dead letters. Parts are the same bytes with the rest marked as done.
 *
 * Before anything is blamed, a task that evaluates nothing must succeed: a worker that cannot even do that is not a message's
 * fault, and is waited for.
 */
import { BlockReader } from '../block.ts';
import { asError } from '../errors.ts';
import type { SlabResult, SlabTask } from '../lane-protocol.ts';
import type { DeadLetter, SequenceRange } from '../message.ts';
import type { DeadLetters } from '../ports.ts';
import { type PublishView, readPublish } from '../publish-packet.ts';
import type { Work } from './lane-stream.ts';
import type { Progress } from './progress.ts';
import { countSequences, difference, splitRanges } from './ranges.ts';
import { SlabState } from './slab-state.ts';

const KILLS_MAX = 2;

export interface SuspectTools {
  /** The slab's bytes from the journal; null when they are gone. */
  reread(): Promise<Work | null>;
  taskOf(work: Work, leftOut: readonly SequenceRange[]): SlabTask;
  evaluate(task: SlabTask): Promise<SlabResult>;
  handle(slab: SlabState, task: SlabTask, result: SlabResult): Promise<void>;
  pause(): Promise<void>;
  isStopping(): boolean;
  onPoisoned(slab: SlabState, letter: DeadLetter): void;
  readonly progress: Progress;
  readonly deadLetters: DeadLetters;
}

interface Suspect {
  readonly ranges: readonly SequenceRange[];
  kills: number;
}

/** Returns early when the feed stops: the slab stays open, so that its segment stays, and the next start evaluates it. */
export async function evaluateSuspect(slab: SlabState, firstError: Error, tools: SuspectTools): Promise<void> {
  const suspects: Suspect[] = [{ ranges: [...slab.ranges], kills: slab.messageCount === 1 ? 0 : 1 }];
  let error = firstError;
  for (let suspect = suspects.pop(); suspect !== undefined; suspect = suspects.pop()) {
    const work = await read(tools);
    if (work === null) return;
    const isWhole =
      suspect.ranges.length === slab.ranges.length && countSequences(suspect.ranges) === slab.messageCount;
    const task = tools.taskOf(work, difference(slab.ranges, suspect.ranges));
    let result: SlabResult;
    try {
      result = await tools.evaluate(task);
    } catch (thrown) {
      error = asError(thrown);
      suspect.kills++;
      if (!(await isWorkerSound(slab, tools))) return;
      if (suspect.kills < KILLS_MAX) suspects.push(suspect);
      else if (countSequences(suspect.ranges) > 1) suspects.push(...halves(suspect));
      else if (!(await bury(partOf(slab, suspect, isWhole), error, tools))) return;
      continue;
    }
    await tools.handle(partOf(slab, suspect, isWhole), task, result);
    if (isWhole) return;
  }
  // Its messages were accounted for as parts.
  if (!slab.isEvaluated) slab.discard();
}

/** Last first, as they are popped from the end. */
function halves({ ranges }: Suspect): Suspect[] {
  const parts = splitRanges(ranges, countSequences(ranges) >>> 1);
  // A part of one message must kill twice before it is blamed; larger ones are split at their first kill.
  return [parts[1], parts[0]].map((part) => ({ ranges: part, kills: countSequences(part) === 1 ? 0 : KILLS_MAX - 1 }));
}

function partOf(slab: SlabState, suspect: Suspect, isWhole: boolean): SlabState {
  if (isWhole) return slab;
  const part = new SlabState(slab.class, slab.segment, true);
  for (const { first, last } of suspect.ranges) part.addRange(first, last);
  for (const { offset, byteLength } of slab.extents) part.addExtent(offset, byteLength);
  return part;
}

async function read(tools: SuspectTools): Promise<Work | null> {
  while (!tools.isStopping()) {
    try {
      return await tools.reread();
    } catch {
      // The disk may answer again; nothing else can be done with this slab meanwhile.
      await tools.pause();
    }
  }
  return null;
}

async function isWorkerSound(slab: SlabState, tools: SuspectTools): Promise<boolean> {
  while (!tools.isStopping()) {
    const work = await read(tools);
    if (work === null) return false;
    try {
      await tools.evaluate(tools.taskOf(work, slab.ranges));
      return true;
    } catch {
      // Not the message's fault; the pool starts another worker.
      await tools.pause();
    }
  }
  return false;
}

/** False when the feed stopped before the dead letter was durable. */
async function bury(part: SlabState, error: Error, tools: SuspectTools): Promise<boolean> {
  const work = await read(tools);
  const letter = work === null ? null : letterOf(work, part.first, error);
  if (letter === null) return false;
  while (!tools.isStopping()) {
    try {
      await tools.deadLetters.put([letter]);
      tools.progress.evaluated(part, new Map());
      tools.onPoisoned(part, letter);
      return true;
    } catch {
      // The disk; reported by the dead letters themselves. The lane holds, nothing is dropped.
      await tools.pause();
    }
  }
  return false;
}

/** A message of these blocks that is given up. null: it is not among them. */
export function letterOf(work: Pick<Work, 'bytes' | 'byteLength'>, sequence: number, error: Error): DeadLetter | null {
  const bytes = Buffer.from(work.bytes, 0, work.byteLength);
  const reader = new BlockReader(bytes);
  while (reader.next()) {
    if (reader.sequence !== sequence) continue;
    const view: PublishView = {
      qos: 0,
      isRetained: false,
      topicStart: 0,
      topicEnd: 0,
      payloadStart: 0,
      payloadEnd: 0,
    };
    readPublish(bytes, reader.packetStart, view);
    return {
      code: 'MESSAGE_RULE_FAILED',
      reason: `The worker died twice with this message alone: ${error.message}`,
      ruleName: '',
      action: '',
      topic: bytes.toString('utf8', view.topicStart, view.topicEnd),
      clientId: reader.sender().clientId,
      receivedAt: reader.receivedAt,
      first: sequence,
      last: sequence,
      messageCount: 1,
      content: 'message',
      destination: {},
      body: Buffer.from(bytes.subarray(view.payloadStart, view.payloadEnd)),
    };
  }
  return null;
}
