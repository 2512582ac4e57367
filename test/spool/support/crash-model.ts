/** Runs a spool on a disk that loses power at a random operation, several times, and accounts for every message. */
import { pino } from 'pino';
import { createEvents } from '../../../src/events.ts';
import type { SlabTask } from '../../../src/lane-protocol.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Slab, Spool, SpoolClock } from '../../../src/spool/api.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { type Mutations, type Random, randomOf, SimulatedDisk } from './simulated-disk.ts';
import { CountingWaiter, emptyResult, idsOf, packetOf, sender } from './spool-under-test.ts';

export interface ModelOptions extends Mutations {
  /** The mutant: a message counts as settled before it is delivered. */
  readonly isSettledFirst?: boolean;
}

export interface Verdict {
  readonly lost: string[];
  /** Delivered without having been sent as such. */
  readonly phantom: string[];
  /** A lane's first deliveries that overtook an earlier message. */
  readonly overtaking: string[];
  readonly isAnsweredInOrder: boolean;
  readonly acknowledged: number;
  /** The power failed while something was under way. */
  readonly crashes: number;
}

const LANES = 2;
const metrics = createMetrics();
const events = createEvents(pino({ level: 'silent' }), metrics);

/** Short waits take a turn, long ones never end; no time passes for a gateway without power. */
function clockOf(disk: SimulatedDisk): SpoolClock {
  return {
    now: () => 0,
    after(delayMs, callback) {
      if (delayMs <= 20 && !disk.isDead) setImmediate(callback);
      return () => {};
    },
  };
}

export async function runModel(seed: number, options: ModelOptions = {}): Promise<Verdict> {
  const random = randomOf(seed);
  const run = new ModelRun(random, options);
  const crashes = 1 + Math.floor(random() * 3);
  for (let crash = 0; crash < crashes; crash++) await run.live(10 + Math.floor(random() * 120));
  await run.live(Number.POSITIVE_INFINITY);
  return run.verdict(crashes);
}

class ModelRun {
  readonly #random: Random;
  readonly #options: ModelOptions;
  #disk: SimulatedDisk;
  #count = 0;
  readonly #sent = new Set<string>();
  readonly #delivered = new Set<string>();
  readonly #order: string[] = [];
  readonly #acknowledged = new Set<string>();
  #isAnsweredInOrder = true;

  constructor(random: Random, options: ModelOptions) {
    this.#random = random;
    this.#options = options;
    this.#disk = new SimulatedDisk(new Map(), options);
  }

  /** One life of the gateway: until the power fails, or to the end. */
  async live(operationsMax: number): Promise<void> {
    const disk = this.#disk;
    disk.operationsLeft = operationsMax;
    const end = this.#work(disk);
    await untilDead(disk, end);
    if (disk.isDead) this.#disk = disk.afterPowerLoss(this.#random);
  }

  verdict(crashes: number): Verdict {
    const last = new Map<string, number>();
    const overtaking: string[] = [];
    for (const id of this.#order) {
      const [lane = '', number = ''] = id.split('-');
      if ((last.get(lane) ?? -1) > Number(number)) overtaking.push(id);
      last.set(lane, Number(number));
    }
    return {
      lost: [...this.#acknowledged].filter((id) => !this.#delivered.has(id)),
      phantom: [...this.#delivered].filter((id) => !this.#sent.has(id)),
      overtaking,
      isAnsweredInOrder: this.#isAnsweredInOrder,
      acknowledged: this.#acknowledged.size,
      crashes,
    };
  }

  async #work(disk: SimulatedDisk): Promise<void> {
    const random = this.#random;
    const spool = await openSpool({
      dir: '/spool',
      laneCount: LANES,
      ruleSet: { hash: 'a'.repeat(32), text: '' },
      actionIds: [],
      files: disk,
      clock: clockOf(disk),
      events,
      metrics,
      tuning: {
        segmentBytes: 4096,
        slabBytes: 2048,
        cursorBytes: 2048,
        randomBytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256))),
        acquireLock: async () => ({ release: async () => {} }),
      },
    });
    this.#feed(spool, disk);
    const waiter = new CountingWaiter();
    const appended: string[] = [];
    for (let round = 0; round < 12; round++) {
      for (let burst = Math.floor(random() * 12); burst > 0; burst--) appended.push(this.#append(spool, waiter));
      for (let turns = Math.floor(random() * 6); turns > 0; turns--) await turn();
      this.#collect(waiter, appended);
      if (random() < 0.3) await spool.progress.flush();
    }
    await spool.drained();
    this.#collect(waiter, appended);
    if (disk.operationsLeft === Number.POSITIVE_INFINITY) await spool.close();
    else await turn();
    disk.operationsLeft = Math.min(disk.operationsLeft, 0);
  }

  #append(spool: Spool, waiter: CountingWaiter): string {
    const lane = Math.floor(this.#random() * LANES);
    const id = `${lane}-${this.#count++}`;
    this.#sent.add(id);
    const packet = packetOf(id, Math.floor(this.#random() * 300));
    spool.journal('normal').append(lane, sender, 0, 0, packet, 0, packet.length, waiter.expect(id));
    return id;
  }

  #collect(waiter: CountingWaiter, appended: readonly string[]): void {
    if (waiter.acknowledged.some((id, index) => id !== appended[index])) this.#isAnsweredInOrder = false;
    for (const id of waiter.acknowledged) this.#acknowledged.add(id);
  }

  #feed(spool: Spool, disk: SimulatedDisk): void {
    const deliver = (ids: readonly string[]): void => {
      for (const id of ids) {
        if (!this.#delivered.has(id)) this.#order.push(id);
        this.#delivered.add(id);
      }
    };
    const settle = (slab: Slab): void => spool.progress.evaluated(slab, new Map());
    spool.startFeeds({
      evaluate: async (_lane, task) => emptyResult(task),
      onResult: async (_lane, slab, task) => {
        const ids = idsOrGarbage(task);
        if (this.#options.isSettledFirst === true) {
          settle(slab);
          await spool.progress.flush();
          for (let turns = 0; turns < 4; turns++) await turn();
          if (!disk.isDead) deliver(ids);
        } else {
          await turn();
          if (disk.isDead) return 'done';
          deliver(ids);
          settle(slab);
        }
        return 'done';
      },
      onPoisoned() {},
      onRuleSet: async () => {},
    });
  }
}

/** A block of garbage counts as a message that nobody sent: a handler must not reject. */
function idsOrGarbage(task: SlabTask): string[] {
  try {
    return idsOf(task);
  } catch {
    return ['garbage'];
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function untilDead(disk: SimulatedDisk, end: Promise<void>): Promise<void> {
  let isOver = false;
  let failure: unknown = null;
  end.then(
    () => {
      isOver = true;
    },
    (thrown) => {
      isOver = true;
      failure = thrown;
    },
  );
  while (!disk.isDead && !isOver) await turn();
  if (failure !== null) throw failure;
}
