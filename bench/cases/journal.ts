import { join } from 'node:path';
import { pino } from 'pino';
import { createEvents } from '../../src/events.ts';
import type { SlabResult, SlabTask } from '../../src/lane-protocol.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Waiter } from '../../src/ports.ts';
import type { Spool, SpoolClock } from '../../src/spool/api.ts';
import { nodeFiles } from '../../src/spool/files.ts';
import { openSpool } from '../../src/spool/spool.ts';
import type { BenchCase, CaseContext, CaseMeasurement } from '../case.ts';
import { Histogram } from '../load/histogram.ts';
import { benchPackets, benchSenders } from '../load/slabs.ts';
import { rawSyncMs } from '../measure/raw-sync.ts';
import { cpuCost, sampleCpu } from '../measure/threads.ts';

const PACKETS = 20_000;
/** Appended and not yet durable: what 50 clients with windows of 200 would have. */
const OUTSTANDING_MAX = 10_000;
/** Appends of one turn of the event loop, as a round of socket reads brings them. */
const BURST = 500;

const clock: SpoolClock = {
  now: Date.now,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

export const journal: BenchCase = {
  name: 'journal',
  question: 'What does the journal do by itself: copy, one write and one fdatasync per group, then tell the writers?',
  async run(context) {
    const metrics = createMetrics();
    const spool = await openSpool({
      dir: join(context.directory, 'spool'),
      laneCount: 1,
      ruleSet: { hash: '0'.repeat(32), text: '' },
      actionIds: [],
      files: nodeFiles(),
      clock,
      events: createEvents(pino({ level: 'silent' }), metrics),
      metrics,
    });
    let evaluated = 0;
    spool.startFeeds({
      evaluate: async (_lane, task) => nothingEmitted(task),
      onResult: async (_lane, slab) => {
        evaluated += slab.messageCount;
        spool.progress.evaluated(slab, new Map());
        return 'done';
      },
      onPoisoned() {},
      onRuleSet: async () => {},
    });
    const writer = new Writer(spool);
    const measurement = await measure(writer, context);
    await spool.drained();
    await spool.stopFeeds();
    await spool.close();
    const missing = Math.max(0, writer.durable - evaluated);
    const tally = { expected: writer.durable, found: writer.durable - missing, missing, duplicates: 0 };
    if (missing > 0) throw new Error(`${missing} messages became durable and did not come out.`);
    return { ...measurement, tally, extra: { rawSyncMs: rawSyncMs(context.directory) } };
  },
};

async function measure(writer: Writer, context: CaseContext): Promise<CaseMeasurement> {
  writer.start();
  await seconds(context.load.warmupSeconds);
  const before = sampleCpu(process.pid);
  const durableBefore = writer.durable;
  const startMs = performance.now();
  writer.latency.reset();
  await seconds(context.seconds);
  const elapsed = (performance.now() - startMs) / 1000;
  const messages = writer.durable - durableBefore;
  const cost = cpuCost(before, sampleCpu(process.pid), messages);
  const ms = (share: number) => (writer.latency.percentileUs(share) ?? Number.NaN) / 1000;
  const latencyMs = { p50: ms(0.5), p99: ms(0.99), p999: ms(0.999) };
  await writer.stop();
  return {
    status: 'measured',
    messages,
    seconds: elapsed,
    messagesPerSecond: messages / elapsed,
    cpuUsPerMessage: cost.totalUs,
    threads: cost.threads,
    latencyMs,
    rssPeakBytes: null,
    generatorUsPerMessage: null,
    tally: null,
    extra: {},
  };
}

/** Appends as fast as the journal makes durable. */
class Writer implements Waiter {
  readonly latency = new Histogram();
  durable = 0;
  readonly #spool: Spool;
  readonly #packets = benchPackets(PACKETS);
  /** When each message that is outstanding was appended, ms. */
  readonly #appendedMs = new Float64Array(OUTSTANDING_MAX);
  #appended = 0;
  #isStopping = false;
  #failure: Error | null = null;
  #onSettled: () => void = () => {};

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  start(): void {
    this.#append();
  }

  /** Resolves when all that was appended is durable. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    while (this.durable < this.#appended && this.#failure === null)
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve;
      });
    if (this.#failure !== null) throw this.#failure;
  }

  onDurable(count: number): void {
    const now = performance.now();
    for (let i = 0; i < count; i++) {
      const appendedMs = this.#appendedMs[(this.durable + i) % OUTSTANDING_MAX] ?? now;
      this.latency.record((now - appendedMs) * 1000);
    }
    this.durable += count;
    this.#onSettled();
  }

  onFailed(_count: number, error: Error): void {
    this.#failure = error;
    this.#onSettled();
  }

  #append(): void {
    if (this.#isStopping || this.#failure !== null) return;
    const sink = this.#spool.journal('normal');
    const now = performance.now();
    const receivedAt = Date.now();
    const room = Math.min(BURST, OUTSTANDING_MAX - (this.#appended - this.durable));
    for (let i = 0; i < room && !this.#spool.isFull(); i++) {
      const packet = this.#packets[this.#appended % PACKETS] as Buffer;
      const sender = benchSenders[Math.floor(this.#appended / 20) % benchSenders.length];
      if (sender === undefined) return;
      this.#appendedMs[this.#appended % OUTSTANDING_MAX] = now;
      this.#appended++;
      sink.append(0, sender, 0, receivedAt, packet, 0, packet.length, this);
    }
    setImmediate(() => this.#append());
  }
}

/** What a lane answers whose rules match nothing. */
function nothingEmitted(task: SlabTask): SlabResult {
  const { bytes, byteLength } = task;
  return {
    bytes,
    byteLength,
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

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
