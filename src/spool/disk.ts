/** Watches the space of the disk that holds the spool, and says which classes may still be written. */
import { asError } from '../errors.ts';
import type { SpoolClock } from './api.ts';
import type { DiskSpace, Files } from './files.ts';

const WATCH_MS = 1000;
/** A level is left only this much below its threshold, so that it does not come and go. */
const HYSTERESIS_RATIO = 0.01;

export type DiskLevel = 'ok' | 'warn' | 'holdNormal' | 'holdAll';

/** Used shares, 0..1, in rising order. */
export interface DiskThresholds {
  readonly warnRatio: number;
  readonly holdNormalRatio: number;
  readonly holdAlarmRatio: number;
}

export interface DiskWatchOptions {
  readonly files: Files;
  readonly dir: string;
  readonly clock: SpoolClock;
  readonly thresholds: DiskThresholds;
  readonly onSpace: (space: DiskSpace) => void;
  readonly onLevel: (level: DiskLevel, space: DiskSpace) => void;
  readonly onError: (error: Error) => void;
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #level: DiskLevel = 'ok';
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  get level(): DiskLevel {
    return this.#level;
  }

  /** Looks once, then every WATCH_MS. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(WATCH_MS, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { files, dir, thresholds, onSpace, onLevel, onError } = this.#options;
    let space: DiskSpace;
    try {
      space = await files.space(dir);
    } catch (thrown) {
      // Unknown is not full: a write that fails says so itself.
      onError(asError(thrown));
      return;
    }
    if (this.#isStopped) return;
    onSpace(space);
    const level = diskLevel(space.usedRatio, this.#level, thresholds);
    if (level === this.#level) return;
    this.#level = level;
    onLevel(level, space);
  }
}

const LEVELS: readonly DiskLevel[] = ['ok', 'warn', 'holdNormal', 'holdAll'];

export function diskLevel(usedRatio: number, current: DiskLevel, thresholds: DiskThresholds): DiskLevel {
  const bounds = [0, thresholds.warnRatio, thresholds.holdNormalRatio, thresholds.holdAlarmRatio];
  const now = LEVELS.indexOf(current);
  let level = 0;
  for (const [index, bound] of bounds.entries()) {
    const enough = index <= now ? bound - HYSTERESIS_RATIO : bound;
    if (usedRatio >= enough) level = index;
  }
  return LEVELS[level] ?? 'ok';
}
