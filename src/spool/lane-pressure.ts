/**
 * Bytes that wait in memory for one lane. Full means: stop reading the sockets of this lane's clients, and of no others. So a load
 * above what a lane can evaluate slows its clients down, instead of filling the disk with messages that are then read again, which
 * would cost the lane's core more than it saves.
 *
 * It bends where the lane is not slow but stands still (a worker that is started again, a delivery without room): after `patienceMs`
 * without any slab taken, clients are read again, the queue overflows, and the journal takes what comes. While a lane is fed from
 * disk nothing is held back here.
 */
import type { SpoolClock } from './api.ts';

export interface LanePressureOptions {
  readonly queuedBytesMax: number;
  readonly patienceMs: number;
  readonly clock: SpoolClock;
}

export class LanePressure {
  readonly #options: LanePressureOptions;
  #queuedBytes = 0;
  #isLifted = false;
  /** Slabs taken or dropped since the watch was last looked at. */
  #hasMoved = false;
  #cancelWatch: (() => void) | null = null;
  #callbacks: (() => void)[] = [];

  constructor(options: LanePressureOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#queuedBytes >= this.#options.queuedBytesMax && !this.#isLifted;
  }

  queued(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.isFull && this.#cancelWatch === null) this.#watch();
  }

  /** Handed to the lane, or dropped from memory to be read again. */
  taken(bytes: number): void {
    this.#queuedBytes -= bytes;
    this.#hasMoved = true;
    if (this.#queuedBytes > this.#options.queuedBytesMax / 2) return;
    this.#isLifted = false;
    this.#relieve();
  }

  /** Runs once, as soon as there is room; at once if there is. */
  whenRelieved(callback: () => void): void {
    if (this.isFull) this.#callbacks.push(callback);
    else queueMicrotask(callback);
  }

  close(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = null;
  }

  #watch(): void {
    this.#hasMoved = false;
    this.#cancelWatch = this.#options.clock.after(this.#options.patienceMs, () => {
      this.#cancelWatch = null;
      if (!this.isFull) return;
      if (this.#hasMoved) {
        this.#watch();
        return;
      }
      this.#isLifted = true;
      this.#relieve();
    });
  }

  #relieve(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }
}
