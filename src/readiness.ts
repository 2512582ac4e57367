/** Why a gateway does not take messages. A sink that is down is no reason: the spool takes what it cannot. */
import type { Spool } from './spool/api.ts';

/** Lanes that answer nothing for this long while they have work, or wait for another rule set, are stuck: alive but idle is worse than a crash. */
const LANE_SILENCE_MS_MAX = 60_000;

export class Readiness {
  readonly #spool: Pick<Spool, 'health' | 'stats' | 'isFull'>;
  readonly #clock: () => number;
  #isOpen = false;
  #isStopping = false;
  #lastProgressAt: number;

  constructor(spool: Pick<Spool, 'health' | 'stats' | 'isFull'>, clock: () => number) {
    this.#spool = spool;
    this.#clock = clock;
    this.#lastProgressAt = clock();
  }

  opened(): void {
    this.#isOpen = true;
  }

  stopping(): void {
    this.#isStopping = true;
  }

  /** A lane has answered. */
  progressed(): void {
    this.#lastProgressAt = this.#clock();
  }

  reasons(): readonly string[] {
    const reasons: string[] = [];
    if (this.#isStopping) reasons.push('The gateway is stopping.');
    else if (!this.#isOpen) reasons.push('The gateway is starting.');
    if (!this.#spool.health.isWritable) reasons.push(`The journal cannot be written: ${this.#spool.health.reason}`);
    else if (this.#spool.isFull()) reasons.push('More bytes wait for the disk than may be kept in memory.');
    const { laneBacklogBytes, isChangingRuleSet } = this.#spool.stats();
    const isIdle = laneBacklogBytes.every((bytes) => bytes === 0);
    if (isIdle && !isChangingRuleSet) this.#lastProgressAt = this.#clock();
    const silenceMs = this.#clock() - this.#lastProgressAt;
    if (silenceMs > LANE_SILENCE_MS_MAX) reasons.push(`No lane has answered for ${Math.round(silenceMs / 1000)} s.`);
    return reasons;
  }
}
