/** A spool with everything around it that a test does not care about, and the messages that go in and come out. */
import { pino } from 'pino';
import { BlockReader } from '../../../src/block.ts';
import { createEvents } from '../../../src/events.ts';
import type { SlabResult, SlabTask } from '../../../src/lane-protocol.ts';
import type { Sender } from '../../../src/message.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Waiter } from '../../../src/ports.ts';
import { readPublish, writePublish } from '../../../src/publish-packet.ts';
import type { RuleSetDocument, SpoolClock } from '../../../src/spool/api.ts';
import type { Files } from '../../../src/spool/files.ts';
import { type OpenSpoolOptions, openSpool } from '../../../src/spool/spool.ts';

const realClock: SpoolClock = {
  now: Date.now,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Waits run at once (a little later), so that backoff takes no time. */
export const hastyClock: SpoolClock = {
  now: Date.now,
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, 5));
    return () => clearTimeout(timer);
  },
};

export const sender: Sender = { clientId: 'press-1', principal: 'press', address: '127.0.0.1', protocolVersion: 4 };

/** A set whose hash is `digit` 32 times. */
export function ruleSetOf(digit: string): RuleSetDocument {
  return { hash: digit.repeat(32), text: `rules ${digit}` };
}

interface Damage {
  readonly class: string;
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
}

interface Reports {
  readonly damage: Damage[];
  readonly failures: Error[];
  readonly outboxDamage: string[];
  readonly ruleSetsLost: string[];
}

export async function openTestSpool(
  dir: string,
  files: Files,
  options: Partial<OpenSpoolOptions> & { readonly isLocked?: boolean } = {},
) {
  const metrics = createMetrics();
  const reports: Reports = { damage: [], failures: [], outboxDamage: [], ruleSetsLost: [] };
  const events = {
    ...createEvents(pino({ level: 'silent' }), metrics),
    journalDamageFound: (name: string, file: string, offset: number, byteLength: number) =>
      void reports.damage.push({ class: name, file, offset, byteLength }),
    journalFailed: (_name: string, error: Error) => void reports.failures.push(error),
    ruleSetLost: (hash: string) => void reports.ruleSetsLost.push(hash),
    outboxEntryDamaged: (_action: string, file: string) => void reports.outboxDamage.push(file),
  };
  const { tuning, isLocked = false, ...rest } = options;
  const unlocked = { acquireLock: async () => ({ release: async () => {} }) };
  const spool = await openSpool({
    dir,
    laneCount: 2,
    ruleSet: ruleSetOf('a'),
    actionIds: ['a/0', 'b/0'],
    files,
    clock: realClock,
    events,
    metrics,
    ...rest,
    tuning: { segmentBytes: 64 * 1024, ...(isLocked ? {} : unlocked), ...tuning },
  });
  return { spool, reports, metrics };
}

export function packetOf(id: string, payloadBytes = 0): Buffer {
  return writePublish(`t/${id}`, Buffer.alloc(payloadBytes, 0x78), 1, false, 1);
}

/** The ids of the messages of a task that are not marked as done. */
export function idsOf(task: SlabTask): string[] {
  const bytes = Buffer.from(task.bytes, 0, task.byteLength);
  const reader = new BlockReader(bytes);
  const view = { qos: 0, isRetained: false, topicStart: 0, topicEnd: 0, payloadStart: 0, payloadEnd: 0 };
  const ids: string[] = [];
  while (reader.next()) {
    if (task.done.some(({ first, last }) => reader.sequence >= first && reader.sequence <= last)) continue;
    readPublish(bytes, reader.packetStart, view);
    ids.push(bytes.toString('utf8', view.topicStart + 2, view.topicEnd));
  }
  return ids;
}

export function emptyResult(task: SlabTask): SlabResult {
  return {
    bytes: task.bytes,
    byteLength: task.byteLength,
    evaluated: 0,
    rules: [],
    parts: [],
    deadLetters: [],
    inferred: [],
    deferred: null,
    fieldsUnknown: [],
    busyMs: 0,
  };
}

/** Counts what it was told; `ids` in the order of appending. */
export class CountingWaiter implements Waiter {
  readonly acknowledged: string[] = [];
  readonly failed: string[] = [];
  readonly #waiting: string[] = [];

  expect(id: string): this {
    this.#waiting.push(id);
    return this;
  }

  onDurable(count: number): void {
    this.acknowledged.push(...this.#waiting.splice(0, count));
  }

  onFailed(count: number): void {
    this.failed.push(...this.#waiting.splice(0, count));
  }
}

/** Polls until `condition` holds; throws after `deadlineMs`. */
export async function eventually(condition: () => boolean, deadlineMs = 5000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error('It did not happen in time.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
