/**
 * Refused entries whose rule's error action is being told. That may take minutes, as long as the error action packs what it is given, so
 * the pump goes on with others meanwhile; what is done with an entry in the end is the same as in line.
 *
 * - asked: not told yet. If the action is closed, the entry comes again: from the outbox, or from the journal.
 * - handed over: the error action's delivery has the documents, and they will be settled. An entry from memory then needs this action no
 *   more, only that its parts are released. One from the outbox stays in it until then.
 */
import type { Entry } from '../../message.ts';
import type { Handover } from '../../ports.ts';
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
  readonly onRejected: (entry: Entry, cause: Error) => Promise<Handover | null>;
  /** Ends with the entry; `isTold`: the error action has everything, settled. Never rejects. */
  readonly settle: (refused: Refused, isTold: boolean) => Promise<void>;
  /** The action is closed before that. */
  readonly putBack: (refused: Refused) => void;
}

interface Open extends Refused {
  readonly bytes: number;
  isHandedOver: boolean;
  /** Ends what is waited for. */
  stop: () => void;
}

export class Rejections {
  readonly #services: RejectionsServices;
  readonly #open = new Set<Open>();
  #bytes = 0;
  #isStopped = false;
  #waiting: (() => void)[] = [];

  constructor(services: RejectionsServices) {
    this.#services = services;
  }

  /** Bytes of those that are nowhere but in memory. */
  get memoryBytes(): number {
    let total = 0;
    for (const { source, bytes } of this.#open) if (source === 'memory') total += bytes;
    return total;
  }

  /** Entries that are nowhere but here. */
  get memoryCount(): number {
    let count = 0;
    for (const { source, isHandedOver } of this.#open) if (source === 'memory' && !isHandedOver) count++;
    return count;
  }

  get oldestReceivedAt(): number | null {
    let oldest: number | null = null;
    for (const { bundle } of this.#open) oldest = Math.min(oldest ?? bundle.entry.receivedAt, bundle.entry.receivedAt);
    return oldest;
  }

  /** Takes the entry over as soon as there is room. False: the action is closed, and it was not taken. */
  async add(refused: Refused): Promise<boolean> {
    const bytes = bytesInMemory(refused.bundle.entry);
    while (!this.#isStopped && !this.#hasRoom(bytes)) await this.whenChanged();
    if (this.#isStopped) return false;
    const open: Open = { ...refused, bytes, isHandedOver: false, stop: () => {} };
    this.#open.add(open);
    this.#bytes += bytes;
    void this.#end(open).finally(() => {
      this.#open.delete(open);
      this.#bytes -= bytes;
      this.#tell();
    });
    return true;
  }

  /** Resolves when one more is handed over or done with, and at the latest when all are stopped. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the waits. Resolves when nothing here needs the action, its sink or its outbox any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { stop } of this.#open) stop();
    this.#tell();
    while ([...this.#open].some(({ source, isHandedOver }) => source === 'outbox' || !isHandedOver))
      await this.whenChanged();
  }

  #hasRoom(bytes: number): boolean {
    if (this.#open.size === 0) return true;
    return this.#open.size < REJECTIONS_OPEN_MAX && this.#bytes + bytes <= this.#services.bytesMax;
  }

  async #end(open: Open): Promise<void> {
    const { onRejected, settle, putBack } = this.#services;
    const { entry } = open.bundle;
    const asked = onRejected(entry, open.cause).catch(() => (this.#isStopped ? 'stopped' : null));
    const handover = await this.#unlessStopped(open, asked);
    if (handover === 'stopped') return putBack(open);
    if (handover === null) return await settle(open, false);
    open.isHandedOver = true;
    this.#tell();
    const settled = handover.settled.then(() => 'settled' as const);
    const end = await (open.source === 'memory' ? settled : this.#unlessStopped(open, settled));
    if (end === 'stopped') putBack(open);
    else await settle(open, true);
  }

  #unlessStopped<T>(open: Open, awaited: Promise<T>): Promise<T | 'stopped'> {
    // No race against a promise that lives as long as the action: it would remember every entry.
    return new Promise((resolve, reject) => {
      open.stop = () => resolve('stopped');
      if (this.#isStopped) open.stop();
      awaited.then(resolve, reject);
    });
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
