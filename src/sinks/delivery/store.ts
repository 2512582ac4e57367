/**
 * What waits for a pump, in order: memory first, disk when memory is full.
 *
 * ```
 *   push ─▶ tail ─▶ (outbox on disk) ─▶ head ─▶ next() ─▶ one attempt after another
 * ```
 * - While the outbox is empty, entries go to `head`. The tail is in use only while the outbox has something: it is younger.
 * - When memory is full, or the pump asks for it (`spill`), what is in memory goes to the outbox, oldest first. Putting is done by one
 *   loop, a group of PUTS_MAX at a time, and nothing is taken while a group is under way: within it, a younger entry may be durable
 *   first. A put that fails is repeated, and its entry stays in memory meanwhile; only then may the rest of its group overtake it.
 * - What the pump has taken from memory and cannot deliver goes in front of what is in the outbox, so it is behind nothing younger.
 * - An entry that is durable in the outbox has settled its parts.
 */
import { asError } from '../../errors.ts';
import type { Entry } from '../../message.ts';
import type { Outbox } from '../../ports.ts';
import { bytesInMemory, type PumpLimits } from '../sink.ts';
import { batchLength } from './cut.ts';
import { type Bundle, release } from './settlement.ts';

const PUTS_MAX = 64;
/** What an entry costs in memory beside its body, about. */
const ENTRY_BYTES = 256;
/** How often an outbox that has entries but gives none is asked again. */
const TAKE_RETRY_MS = 1_000;

export interface Window {
  readonly source: 'memory' | 'outbox';
  readonly bundles: readonly Bundle[];
}

export interface StoreServices {
  readonly outbox: Outbox;
  readonly limits: PumpLimits;
  /** Waits before a disk operation is repeated; rejects when the gateway stops. */
  readonly pause: (cause: Error) => Promise<void>;
  /** Entries that an earlier process left in the outbox, when they come out. */
  readonly inherited: (entries: readonly Entry[]) => void;
}

export class Store {
  readonly #services: StoreServices;
  #head: Bundle[] = [];
  #tail: Bundle[] = [];
  /** On their way to the outbox. */
  #spilling: Bundle[] = [];
  #spiller: Promise<void> | null = null;
  /** Puts under way. */
  #group: Promise<unknown> | null = null;
  #inheritedLeft: number;
  #memoryBytes = 0;
  #isClosed = false;
  /** Something changed since `next` last looked. */
  #isSignalled = false;
  #resume: (() => void) | null = null;
  #idleWaiters: (() => void)[] = [];

  constructor(services: StoreServices) {
    this.#services = services;
    this.#inheritedLeft = services.outbox.count;
  }

  /** Entries in memory that no attempt has taken yet. Bodies in files count nothing. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get memoryCount(): number {
    return this.#head.length + this.#tail.length + this.#spilling.length;
  }

  /** Files of entries that wait outside the outbox. */
  get fileBytes(): number {
    let bytes = 0;
    for (const { entry } of this.#all()) if (entry.body.kind === 'file') bytes += entry.body.byteLength;
    return bytes;
  }

  get oldestReceivedAt(): number | null {
    let oldest = this.#services.outbox.oldestReceivedAt;
    for (const { entry } of this.#all()) oldest = Math.min(oldest ?? entry.receivedAt, entry.receivedAt);
    return oldest;
  }

  push(bundle: Bundle): void {
    const bytes = memoryBytesOf(bundle);
    this.#memoryBytes += bytes;
    const { limits } = this.#services;
    if (this.#spilling.length > 0) {
      this.#spilling.push(bundle);
    } else if (limits.isOutboxFirst || (this.#memoryBytes > limits.pendingBytesMax && this.memoryCount > 0)) {
      this.#spillWith([bundle]);
    } else if (this.#isOutboxInUse()) {
      this.#tail.push(bundle);
    } else {
      this.#head.push(bundle);
    }
    this.#wake();
  }

  /**
   * Sends what is in memory to the outbox. `returned` are bundles that were taken from memory and failed: they go before everything else,
   * and the pump has them until this resolves.
   */
  async spill(returned: readonly Bundle[]): Promise<void> {
    const isBehind = this.#isOutboxInUse();
    if (!isBehind) {
      for (const bundle of returned) this.#memoryBytes += memoryBytesOf(bundle);
      this.#head = [...returned, ...this.#head];
    }
    this.#spillWith([]);
    for (let end = isBehind ? returned.length : 0; end > 0; end -= PUTS_MAX) {
      const group = returned.slice(Math.max(0, end - PUTS_MAX), end).reverse();
      await Promise.all(group.map((bundle) => this.#put(bundle, (entry) => this.#services.outbox.putFirst(entry))));
    }
  }

  /** The next entries to attempt; null when closed. Memory is taken out; the outbox keeps its entries until `remove`. */
  async next(): Promise<Window | null> {
    while (!this.#isClosed) {
      this.#isSignalled = false;
      if (this.#head.length > 0) return { source: 'memory', bundles: this.#takeHead() };
      const entries = await this.#takeOutbox();
      if (this.#isClosed) {
        this.#services.outbox.untake(entries);
        return null;
      }
      if (entries.length > 0)
        return { source: 'outbox', bundles: entries.map((entry) => ({ entry, settlements: [] })) };
      if (this.#tail.length > 0 && !this.#isOutboxInUse()) {
        this.#head = this.#tail;
        this.#tail = [];
        continue;
      }
      await this.#sleep();
    }
    return null;
  }

  /** Resolves when nothing is in memory, on the way to the outbox included. */
  async whenMemoryEmpty(): Promise<void> {
    while (this.memoryCount > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    this.#tellIdle();
    await this.#spiller;
  }

  #isOutboxInUse(): boolean {
    return this.#services.outbox.count > 0 || this.#spilling.length > 0;
  }

  *#all(): Iterable<Bundle> {
    yield* this.#head;
    yield* this.#spilling;
    yield* this.#tail;
  }

  #takeHead(): readonly Bundle[] {
    const taken = this.#head.splice(0, batchLength(this.#head, this.#services.limits));
    for (const bundle of taken) this.#memoryBytes -= memoryBytesOf(bundle);
    if (this.memoryCount === 0) this.#tellIdle();
    return taken;
  }

  async #takeOutbox(): Promise<readonly Entry[]> {
    const { outbox, limits } = this.#services;
    await this.#group;
    if (outbox.count === 0) {
      // Damaged ones never came out.
      this.#inheritedLeft = 0;
      return [];
    }
    try {
      const entries = await outbox.take(limits.batchCountMax, limits.batchBytesMax);
      const inherited = entries.slice(0, this.#inheritedLeft);
      this.#inheritedLeft -= inherited.length;
      if (inherited.length > 0) this.#services.inherited(inherited);
      return entries;
    } catch (thrown) {
      // The disk: it is asked again after the pause, unless the gateway stops.
      await this.#services.pause(asError(thrown)).catch(() => {});
      return [];
    }
  }

  #spillWith(younger: readonly Bundle[]): void {
    // At most one of head and tail has anything: the tail is used while the outbox is, the head while it is not.
    for (const bundles of [this.#head, this.#tail, younger]) for (const bundle of bundles) this.#spilling.push(bundle);
    this.#head = [];
    this.#tail = [];
    if (this.#spiller === null && this.#spilling.length > 0) {
      this.#spiller = this.#putAll().finally(() => {
        this.#spiller = null;
        this.#wake();
        if (this.memoryCount === 0) this.#tellIdle();
      });
    }
  }

  async #putAll(): Promise<void> {
    while (this.#spilling.length > 0 && !this.#isClosed) {
      const group = this.#spilling.slice(0, PUTS_MAX);
      this.#group = Promise.all(group.map((bundle) => this.#put(bundle, (entry) => this.#services.outbox.put(entry))));
      await this.#group;
      this.#group = null;
      if (this.#isClosed) return;
      this.#spilling.splice(0, group.length);
      for (const bundle of group) this.#memoryBytes -= memoryBytesOf(bundle);
      this.#wake();
    }
  }

  async #put(bundle: Bundle, put: (entry: Entry) => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      try {
        await put(bundle.entry);
        release(bundle);
        return;
      } catch (thrown) {
        // Rejects only when the gateway stops; the entry is then still in the journal.
        await this.#services.pause(asError(thrown)).catch(() => {});
      }
    }
  }

  #wake(): void {
    this.#isSignalled = true;
    this.#resume?.();
  }

  async #sleep(): Promise<void> {
    if (this.#isSignalled) return;
    const hasOutbox = this.#services.outbox.count > 0;
    await new Promise<void>((resolve) => {
      const timer = hasOutbox ? setTimeout(resolve, TAKE_RETRY_MS) : null;
      this.#resume = () => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
    });
    this.#resume = null;
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function memoryBytesOf({ entry }: Bundle): number {
  return ENTRY_BYTES + bytesInMemory(entry);
}
