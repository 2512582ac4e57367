/**
 * Bytes that wait in memory for one lane: for their commit, or committed and not yet taken. Full means: stop reading the sockets of this lane's clients, and of no others. So a load
 * above what a lane can evaluate slows its clients down, instead of filling the disk with messages that are then read again, which
 * would cost the lane's core more than it saves.
 *
 * It bends where the lane is not slow but stands still (a worker that is started again, a delivery without room): after `patienceMs`
 * without any slab taken, clients are read again, the queue overflows, and the journal takes what comes. While a lane is fed from
 * disk nothing is held back here.
 */
import type { SpoolClock } from './api.ts';

export interface LanePressureOptions {
  readonly waitingBytesMax: number;
  readonly patienceMs: number;
  readonly clock: SpoolClock;
}

export class LanePressure {
  readonly #options: LanePressureOptions;
  #pendingBytes = 0;
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
    return this.#waitingBytes >= this.#options.waitingBytesMax && !this.#isLifted;
  }

  /** Appended; once per message, so it only counts. */
  appended(bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#cancelWatch === null && this.isFull) this.#watch();
  }

  /** No longer pending: what of it the lane's queue keeps is `queued`. */
  committed(bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#relieve();
  }

  queued(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#cancelWatch === null && this.isFull) this.#watch();
  }

  /** Handed to the lane, or dropped from memory to be read again. */
  taken(bytes: number): void {
    this.#queuedBytes -= bytes;
    this.#hasMoved = true;
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
      this.#tell();
    });
  }

  get #waitingBytes(): number {
    return this.#pendingBytes + this.#queuedBytes;
  }

  #relieve(): void {
    if (this.#waitingBytes > this.#options.waitingBytesMax / 2) return;
    this.#isLifted = false;
    this.#tell();
  }

  #tell(): void {
    if (this.#callbacks.length === 0) return;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }
}
