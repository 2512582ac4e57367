/**
 * Refused entries whose rule's error action is being told. That may take minutes, as long as the error action packs what it is given, so
 * the pump goes on with others meanwhile; what is done with an entry when the answer is there is the same as in line.
 *
 * Entries here are neither settled nor removed from the outbox: if the gateway stops before the answer, they come again.
 */
import type { Entry } from '../../message.ts';
import { bytesInMemory } from '../sink.ts';
import type { Bundle } from './settlement.ts';
import type { Window } from './store.ts';

/** Entries in the air; for one more the pump waits. Their bytes are bounded as well, by `bytesMax`. */
const REJECTIONS_OPEN_MAX = 256;

export interface Refused {
  readonly source: Window['source'];
  readonly bundle: Bundle;
  readonly cause: Error;
}

export interface RejectionsServices {
  /** Bodies and originals of entries in the air; a larger entry is alone. */
  readonly bytesMax: number;
  readonly onRejected: (entry: Entry, cause: Error) => Promise<boolean>;
  /** Ends with the entry; `isTold`: the error action has everything. Never rejects. */
  readonly settle: (refused: Refused, isTold: boolean) => Promise<void>;
  /** The gateway stops before there was an answer. */
  readonly putBack: (refused: Refused) => void;
}

export class Rejections {
  readonly #services: RejectionsServices;
  /** With what ends the wait for the answer. */
  readonly #open = new Map<Refused, () => void>();
  #bytes = 0;
  #isStopped = false;
  #waiting: (() => void)[] = [];

  constructor(services: RejectionsServices) {
    this.#services = services;
  }

  /** Bytes of those that are nowhere but in memory. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const { source, bundle } of this.#open.keys()) if (source === 'memory') bytes += bytesInMemory(bundle.entry);
    return bytes;
  }

  get memoryCount(): number {
    let count = 0;
    for (const { source } of this.#open.keys()) if (source === 'memory') count++;
    return count;
  }

  get oldestReceivedAt(): number | null {
    let oldest: number | null = null;
    for (const { bundle } of this.#open.keys())
      oldest = Math.min(oldest ?? bundle.entry.receivedAt, bundle.entry.receivedAt);
    return oldest;
  }

  /** Takes the entry over as soon as there is room. False: the gateway stops, and it was not taken. */
  async add(refused: Refused): Promise<boolean> {
    const bytes = bytesInMemory(refused.bundle.entry);
    while (!this.#isStopped && !this.#hasRoom(bytes)) await this.whenChanged();
    if (this.#isStopped) return false;
    this.#bytes += bytes;
    const answer = new Promise<boolean | null>((resolve) => {
      this.#open.set(refused, () => resolve(null));
      const { onRejected } = this.#services;
      onRejected(refused.bundle.entry, refused.cause).then(resolve, () => resolve(this.#isStopped ? null : false));
    });
    void this.#end(refused, answer, bytes);
    return true;
  }

  /** Resolves when one more is done with, and at the latest when all are stopped. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the waits for answers; what already has one is ended with as ever, and has been when this resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const end of this.#open.values()) end();
    this.#tell();
    while (this.#open.size > 0) await this.whenChanged();
  }

  #hasRoom(bytes: number): boolean {
    if (this.#open.size === 0) return true;
    return this.#open.size < REJECTIONS_OPEN_MAX && this.#bytes + bytes <= this.#services.bytesMax;
  }

  async #end(refused: Refused, answer: Promise<boolean | null>, bytes: number): Promise<void> {
    const isTold = await answer;
    if (isTold === null) this.#services.putBack(refused);
    else await this.#services.settle(refused, isTold);
    this.#open.delete(refused);
    this.#bytes -= bytes;
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
