/**
 * Runs a spool on a disk that loses power at a random operation, several times, or is stopped with messages left, and accounts for every
 * message: of two classes and several clients, on a number of lanes that changes from start to start, under rule sets that change from
 * start to start and meanwhile.
 */
import { pino } from 'pino';
import { createEvents } from '../../../src/events.ts';
import type { SlabTask } from '../../../src/lane-protocol.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { RuleSetDocument, Slab, Spool, SpoolClock } from '../../../src/spool/api.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { type Mutations, type Random, randomOf, SimulatedDisk } from './simulated-disk.ts';
import { CountingWaiter, emptyResult, idsOf, packetOf, ruleSetOf, sender } from './spool-under-test.ts';

export interface ModelOptions extends Mutations {
  /** The mutant: a message counts as settled before it is delivered. */
  readonly isSettledFirst?: boolean;
  /** The mutant: the spool is told of a new rule set a few turns after appends belong to it. */
  readonly isCutLate?: boolean;
}

export interface Verdict {
  readonly lost: string[];
  /** Delivered without having been sent as such. */
  readonly phantom: string[];
  /** Of one client and class: first deliveries that overtook an earlier message. */
  readonly overtaking: string[];
  /** Evaluated twice in one life of the gateway. */
  readonly repeated: string[];
  /** Acknowledged, and evaluated under another rule set than the one in force when they were appended. */
  readonly misjudged: string[];
  /** Ways in which a change of the rule set met work under way, or lost its document. */
  readonly disturbed: string[];
  readonly isAnsweredInOrder: boolean;
  readonly acknowledged: number;
  /** Changes of the rule set that the feeds were told of. */
  readonly changes: number;
  /** The power failed while something was under way. */
  readonly crashes: number;
}

const LANES_MAX = 3;
const CLIENTS = 4;
const SETS = ['a', 'b', 'c'] as const;
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
  for (let crash = 0; crash < crashes; crash++) await run.live(20 + Math.floor(random() * 150));
  await run.live(Number.POSITIVE_INFINITY);
  return run.verdict(crashes);
}

class ModelRun {
  readonly #random: Random;
  readonly #options: ModelOptions;
  #disk: SimulatedDisk;
  #count = 0;
  /** By message: the rule set when it was appended. */
  readonly #sent = new Map<string, string>();
  #current = '';
  readonly #delivered = new Set<string>();
  readonly #order: string[] = [];
  readonly #repeated: string[] = [];
  readonly #misjudged: string[] = [];
  readonly #disturbed: string[] = [];
  #changes = 0;
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
      const [clientAndClass = '', number = ''] = id.split('-');
      if ((last.get(clientAndClass) ?? -1) > Number(number)) overtaking.push(id);
      last.set(clientAndClass, Number(number));
    }
    return {
      lost: [...this.#acknowledged].filter((id) => !this.#delivered.has(id)),
      phantom: [...this.#delivered].filter((id) => !this.#sent.has(id)),
      overtaking,
      repeated: this.#repeated,
      // What was not acknowledged may have come back without the header that names its set.
      misjudged: this.#misjudged.filter((id) => this.#acknowledged.has(id)),
      disturbed: this.#disturbed,
      changes: this.#changes,
      isAnsweredInOrder: this.#isAnsweredInOrder,
      acknowledged: this.#acknowledged.size,
      crashes,
    };
  }

  async #work(disk: SimulatedDisk): Promise<void> {
    const random = this.#random;
    const laneCount = 1 + Math.floor(random() * LANES_MAX);
    const ruleSet = this.#anySet();
    this.#current = ruleSet.hash;
    const spool = await openSpool({
      dir: '/spool',
      laneCount,
      ruleSet,
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
    this.#feed(spool, disk, ruleSet.hash);
    const waiter = new CountingWaiter();
    const appended: string[] = [];
    let reload = Promise.resolve();
    for (let round = 0; round < 12; round++) {
      for (let burst = Math.floor(random() * 12); burst > 0; burst--) {
        appended.push(this.#append(spool, laneCount, waiter));
      }
      if (random() < 0.2) reload = reload.then(() => this.#reload(spool, disk));
      for (let turns = Math.floor(random() * 6); turns > 0; turns--) await turn();
      this.#collect(waiter, appended);
      if (random() < 0.3) await spool.progress.flush();
    }
    await reload;
    const isLast = disk.operationsLeft === Number.POSITIVE_INFINITY;
    const isStoppedEarly = !isLast && random() < 0.5;
    if (!isStoppedEarly) await spool.drained();
    if (isLast || isStoppedEarly) await spool.close();
    else await turn();
    this.#collect(waiter, appended);
    disk.operationsLeft = Math.min(disk.operationsLeft, 0);
  }

  #append(spool: Spool, laneCount: number, waiter: CountingWaiter): string {
    const client = Math.floor(this.#random() * CLIENTS);
    const name = this.#random() < 0.3 ? 'alarm' : 'normal';
    const id = `${client}${name}-${this.#count++}`;
    this.#sent.set(id, this.#current);
    const packet = packetOf(id, Math.floor(this.#random() * 300));
    spool.journal(name).append(client % laneCount, sender, 0, 0, packet, 0, packet.length, waiter.expect(id));
    return id;
  }

  #anySet(): RuleSetDocument {
    return ruleSetOf(SETS[Math.floor(this.#random() * SETS.length)] ?? 'a');
  }

  async #reload(spool: Spool, disk: SimulatedDisk): Promise<void> {
    const set = this.#anySet();
    await spool.prepareRuleSet(set);
    // Nothing happens any more in a gateway without power.
    if (disk.isDead) return;
    this.#current = set.hash;
    if (this.#options.isCutLate === true) for (let turns = 0; turns < 4; turns++) await turn();
    spool.cutRuleSet(set.hash);
  }

  #collect(waiter: CountingWaiter, appended: readonly string[]): void {
    if (waiter.acknowledged.some((id, index) => id !== appended[index])) this.#isAnsweredInOrder = false;
    for (const id of waiter.acknowledged) this.#acknowledged.add(id);
  }

  #feed(spool: Spool, disk: SimulatedDisk, atStart: string): void {
    const seen = new Set<string>();
    let underWay = 0;
    let inForce = atStart;
    let isChanging = false;
    const deliver = (ids: readonly string[]): void => {
      for (const id of ids) {
        if (seen.has(id)) this.#repeated.push(id);
        seen.add(id);
        if (this.#sent.get(id) !== inForce) this.#misjudged.push(id);
        if (!this.#delivered.has(id)) this.#order.push(id);
        this.#delivered.add(id);
      }
    };
    const settle = (slab: Slab): void => spool.progress.evaluated(slab, new Map());
    spool.startFeeds({
      evaluate: async (_lane, task) => {
        if (isChanging) this.#disturbed.push('dispatched during a change');
        underWay++;
        return emptyResult(task);
      },
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
        underWay--;
        return 'done';
      },
      onPoisoned() {},
      onRuleSet: async (hash, text) => {
        if (disk.isDead) return;
        this.#changes++;
        if (underWay > 0) this.#disturbed.push('changed with slabs under way');
        if (hash === inForce) this.#disturbed.push('changed to the same');
        if (text !== ruleSetOf(hash.slice(0, 1)).text) this.#disturbed.push(`document of ${hash}: ${text}`);
        isChanging = true;
        for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) await turn();
        isChanging = false;
        inForce = hash;
      },
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
