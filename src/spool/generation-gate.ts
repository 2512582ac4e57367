/**
 * Lets the lanes from one generation into the next, all of them together.
 *
 * ```
 * in force: lanes take slabs of generations up to `limit`
 *    │ every lane: none of them queued, none to be read, none in flight, and no journal has one to commit
 *    ▼
 * switching: nothing is taken; `onRuleSet`, where the rule set differs
 *    │ done
 *    ▼
 * in force: the next generation that has something to evaluate, or else the newest
 * ```
 * A lane that has arrived can get no more of what is in force, so that arriving once is enough.
 */
import { asError } from '../errors.ts';
import type { SpoolClock } from './api.ts';
import type { Generations } from './generations.ts';

const RETRY_MS = 1000;

export interface GenerationGateOptions {
  readonly laneCount: number;
  readonly generations: Generations;
  /** Hash of the rule set that the lanes start out with. */
  readonly ruleSet: string;
  /** No journal has anything to commit of generations up to this one. */
  readonly isCommitted: (index: number) => boolean;
  /** A segment of this generation holds something that is not settled. */
  readonly hasData: (index: number) => boolean;
  readonly onRuleSet: (hash: string) => Promise<void>;
  /** `limit` has risen. */
  readonly onOpened: () => void;
  readonly clock: SpoolClock;
  readonly onError: (error: Error) => void;
}

export class GenerationGate {
  readonly #options: GenerationGateOptions;
  #limit = 0;
  /** That the composition evaluates under; '' while that is not certain. */
  #ruleSet: string;
  readonly #arrived = new Set<number>();
  #isSwitching = false;
  #isStopping = false;
  #cutPause: () => void = () => {};

  constructor(options: GenerationGateOptions) {
    this.#options = options;
    this.#ruleSet = options.ruleSet;
  }

  /** Index of the newest generation that may be evaluated. */
  get limit(): number {
    return this.#limit;
  }

  /** Nothing waits for a later generation. */
  get isNewest(): boolean {
    return this.#limit === this.#options.generations.newest.index;
  }

  /** `onRuleSet` is under way or will be tried again. */
  get isSwitching(): boolean {
    return this.#isSwitching;
  }

  /** No more of what is in force will be committed. */
  get isCommitted(): boolean {
    return this.#options.isCommitted(this.#limit);
  }

  start(): void {
    void this.#switch();
  }

  /** A call of `onRuleSet` that is under way is not waited for, and changes nothing any more. */
  stop(): void {
    this.#isStopping = true;
    this.#cutPause();
  }

  /** A lane has handled everything up to `limit`, and nothing of that can come any more. It may say so again. */
  arrive(lane: number): void {
    if (this.isNewest || this.#isSwitching || this.#isStopping) return;
    this.#arrived.add(lane);
    if (this.#arrived.size < this.#options.laneCount) return;
    this.#arrived.clear();
    void this.#switch();
  }

  /** Synchronous where the rule set stays the same. */
  async #switch(): Promise<void> {
    const { generations, onRuleSet, onOpened, onError } = this.#options;
    this.#isSwitching = true;
    while (!this.#isStopping) {
      const next = this.#next();
      if (next.ruleSet !== this.#ruleSet) {
        // Half a change may be left of one that fails: whichever set is next then, it is told.
        this.#ruleSet = '';
        try {
          await onRuleSet(next.ruleSet);
        } catch (thrown) {
          onError(asError(thrown));
          await this.#pause();
          continue;
        }
        if (this.#isStopping) return;
        this.#ruleSet = next.ruleSet;
      }
      this.#limit = next.index;
      generations.dropBefore(next.index);
      break;
    }
    this.#isSwitching = false;
    onOpened();
  }

  #next() {
    const { generations, isCommitted, hasData } = this.#options;
    const hasWork = (index: number) => !isCommitted(index) || hasData(index);
    const found = generations.all.find(({ index }) => index > this.#limit && hasWork(index));
    return found ?? generations.newest;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(RETRY_MS, resolve);
      this.#cutPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
