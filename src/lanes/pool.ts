/**
 * The main thread's side of the lanes: one single-thread piscina pool per lane, as piscina has no affinity and a client's messages
 * must stay in one place and in order.
 *
 * Slabs move to the worker and back, and the bytes of parts move back: nothing is copied. Whatever a lane throws, its worker is
 * replaced, because its state is not known any more; the new one starts with the setup in force. Tasks that waited behind the one
 * that failed are rejected too, so that none overtakes it: their slabs stand in the journal and are read again.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { asError, invariant } from '../errors.ts';
import type { Events } from '../events.ts';
import type { FailuresTask, LaneSetup, LaneTask, SlabResult, SlabTask } from '../lane-protocol.ts';
import type { Metrics } from '../metrics.ts';

/** Old objects of one lane: compiled rules and caches. Slabs and outputs lie outside the heap. */
const HEAP_MEGABYTES_MAX = 512;
/**
 * Young objects: three semi-spaces of 8 MB instead of Node's 16, for 30 MB less of resident memory at the same speed. With 4 MB
 * too much outlives its space, which costs a tenth of the CPU (bench/cases/path-qos1-file.ts).
 */
const YOUNG_MEGABYTES_MAX = 24;
/** With slabs of 256 KiB some 40 ms of work: longer than one turn of a busy main thread. */
const TASKS_IN_WORKER_MAX = 8;

export interface LanePoolOptions {
  readonly laneCount: number;
  /** The worker's script: JavaScript, `lanes/lane.js`. */
  readonly workerUrl: URL;
  /** By lane. */
  readonly setups: readonly LaneSetup[];
  readonly events: Pick<Events, 'laneDied'>;
  readonly metrics: Pick<Metrics, 'laneBusySeconds'>;
}

export class LanePool {
  readonly #lanes: readonly Lane[];

  constructor(options: LanePoolOptions) {
    invariant(options.setups.length === options.laneCount, 'every lane has a setup');
    this.#lanes = options.setups.map((setup, lane) => new Lane(lane, setup, options));
  }

  /** Resolves when every lane has compiled its setup; rejects when one cannot. A gateway is not ready before. */
  async start(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.start()));
  }

  /**
   * Evaluates one slab; `task.bytes` is transferred and comes back in the result. Slabs of a lane are evaluated in the order of the
   * calls. Rejects when the worker died; the slab's bytes are then lost.
   */
  run(lane: number, task: SlabTask | FailuresTask): Promise<SlabResult> {
    return this.#lane(lane).run(task);
  }

  /** A new rule set, by lane. Takes effect behind the slabs that were handed over before; resolves when all lanes use it. */
  async configure(setups: readonly LaneSetup[]): Promise<void> {
    await Promise.all(setups.map((setup, lane) => this.#lane(lane).configure(setup)));
  }

  /** By lane: the share of time spent evaluating since the worker started, 0 to 1. */
  get utilization(): readonly number[] {
    return this.#lanes.map((lane) => lane.utilization);
  }

  /** Lets the slabs that were handed over finish, then ends the workers. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #lane(index: number): Lane {
    const lane = this.#lanes[index];
    invariant(lane !== undefined, `there is no lane ${index}`);
    return lane;
  }
}

type Pool = Piscina<LaneTask, SlabResult | null>;

class Lane {
  readonly #index: number;
  readonly #options: LanePoolOptions;
  #setup: LaneSetup;
  /** null after a death, until the next task: a script that cannot even start is tried once per task, not in a loop. */
  #pool: Pool | null;
  #placesTaken = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #pending = new Set<Promise<unknown>>();

  constructor(index: number, setup: LaneSetup, options: LanePoolOptions) {
    this.#index = index;
    this.#options = options;
    this.#setup = setup;
    this.#pool = this.#start();
  }

  get utilization(): number {
    return this.#pool?.utilization ?? 0;
  }

  async start(): Promise<void> {
    await this.#send({ kind: 'start' }, []);
  }

  async run(task: SlabTask | FailuresTask): Promise<SlabResult> {
    const result = await this.#send(task, [task.bytes]);
    invariant(result !== null, 'a slab has a result, and so have failures');
    this.#options.metrics.laneBusySeconds.inc({ lane: String(this.#index) }, result.busyMs / 1000);
    return result;
  }

  async configure(setup: LaneSetup): Promise<void> {
    this.#setup = setup;
    // A worker that is started later has this setup from the start.
    if (this.#pool === null) return;
    try {
      await this.#send({ kind: 'setup', setup }, []);
    } catch {
      // The worker died, which was told; the next one starts with this setup.
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#pool?.close();
  }

  /**
   * In the order of the calls. Up to TASKS_IN_WORKER_MAX are with the worker, so that it has the next one at hand while the main
   * thread is at something else; more wait here, as piscina puts a task that finds its worker full behind later ones.
   */
  #send(task: LaneTask, transferList: ArrayBuffer[]): Promise<SlabResult | null> {
    this.#pool ??= this.#start();
    const sent = this.#inTurn(this.#pool, task, transferList);
    this.#pending.add(sent);
    const settled = () => void this.#pending.delete(sent);
    sent.then(settled, settled);
    return sent;
  }

  async #inTurn(pool: Pool, task: LaneTask, transferList: ArrayBuffer[]): Promise<SlabResult | null> {
    // A place is handed on, never free for a newcomer while others wait.
    if (this.#placesTaken < TASKS_IN_WORKER_MAX) this.#placesTaken++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.#pool !== pool) throw new Error('The worker died before this task had its turn.');
      return await pool.run(task, { transferList });
    } catch (thrown) {
      const cause = asError(thrown);
      this.#bury(pool, cause);
      throw cause;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#placesTaken--;
      else next();
    }
  }

  /** Once per death, however many tasks were waiting: they find another worker than theirs, and are rejected. */
  #bury(dead: Pool, cause: Error): void {
    if (this.#pool !== dead) return;
    this.#pool = null;
    this.#options.events.laneDied(this.#index, cause);
    // Nothing depends on the end of a worker that is already lost.
    dead.destroy().catch(() => undefined);
  }

  #start(): Pool {
    const pool: Pool = new Piscina({
      filename: fileURLToPath(this.#options.workerUrl),
      workerData: this.#setup,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: TASKS_IN_WORKER_MAX,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX, maxYoungGenerationSizeMb: YOUNG_MEGABYTES_MAX },
    });
    // A worker that dies between tasks. piscina would start another one by itself, with the setup of long ago.
    pool.on('error', (thrown: unknown) => this.#bury(pool, asError(thrown)));
    return pool;
  }
}
