/**
 * Delivery of one action: parts from lanes in, entries to the sink out.
 *
 * ```
 * accept(part) ─▶ assembler (each | lines | container) ─ bundle ─▶ pump ─▶ sink.deliver
 *                                                                   │ └─▶ dead letters
 *                                                                   └──▶ outbox ─▶ (back to the pump, in order)
 * ```
 * A part settles once, when each entry that carries some of it was delivered, is durable in the outbox, is a durable dead letter, or has
 * been told to an error action.
 */
import { join } from 'node:path';
import { invariant } from '../../errors.ts';
import type { Events } from '../../events.ts';
import type { ActionPlan, Entry, Part } from '../../message.ts';
import type { Metrics } from '../../metrics.ts';
import type { DeadLetters, Handover, Outbox } from '../../ports.ts';
import type { SinkOptions, SinkServices } from '../sink.ts';
import { ContainerAssembler } from './assemble-container.ts';
import { createEachAssembler } from './assemble-each.ts';
import { LinesAssembler } from './assemble-lines.ts';
import type { Assembler } from './assembler.ts';
import { nodeObjectFiles, type ObjectFiles } from './object-files.ts';
import { Pause } from './pause.ts';
import { Pump } from './pump.ts';
import { type Bundle, Settlement } from './settlement.ts';

export interface PlannedDelivery {
  readonly plan: ActionPlan;
  readonly options: SinkOptions;
}

export interface DeliveryServices extends SinkServices {
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly events: Pick<Events, 'deliveryFailing' | 'deliveryRecovered' | 'deadLettersWritten'>;
  readonly metrics: Metrics;
  /** Epoch ms. */
  clock(): number;
  /** [0, 1). */
  random(): number;
  /** Where open objects grow; each action has a folder in it. On the file system of the outbox and, best, of the lake. */
  readonly objectsDir: string;
  /** The header of an Avro container, sync marker included, that blocks with this schema id and the action's codec follow. */
  containerHeader(schemaId: string, codec: ActionPlan['codec']): Uint8Array;
  /** One Avro block of `count` records end to end; fits behind that header. Keeps nothing of `records`. */
  packBlock(schemaId: string, codec: ActionPlan['codec'], count: number, records: Uint8Array): Uint8Array;
  /** One gzip member. Keeps nothing of `bytes`. */
  gzip(bytes: Uint8Array): Uint8Array;
  /** Told of an entry with originals that can never be delivered; null: a dead letter is needed. */
  onRejected(entry: Entry, cause: Error): Promise<Handover | null>;
}

type DeliveryState = 'idle' | 'delivering' | 'retrying' | 'held';

interface Backlog {
  /** Encoded bytes that wait: in open objects, in memory and in the outbox. */
  readonly bytes: number;
  /** Of them, in memory. */
  readonly memoryBytes: number;
  /** Messages accepted by this process and not yet settled or out of the outbox. */
  readonly messages: number;
  /** Receive time (epoch ms) of the oldest message that waits; null when none does. */
  readonly oldestReceivedAt: number | null;
}

export interface Delivery {
  /** Removes what a crash left of open objects and begins to drain the outbox. Before the first `accept`. */
  start(): Promise<void>;
  /** `settled` is called once, never from inside this call. */
  accept(part: Part, settled: () => void): void;
  /** Resolves when memory has room for more parts, at once in health. Await it before more parts are made. */
  whenRoom(): Promise<void>;
  readonly backlog: Backlog;
  readonly state: DeliveryState;
  /** Sets the gauges of backlog and age; before a scrape. An action that never had anything to deliver gets no series: most of 1,000 rules are idle. */
  refreshMetrics(): void;
  /**
   * Seals what is open and delivers it, or leaves it durable in the outbox; at most this long. What was refused meanwhile is handed over to
   * error actions: they are flushed again after this.
   */
  flush(deadlineMs: number): Promise<void>;
  /**
   * Takes nothing more up, and ends timers; a call of the sink that is under way gets `callMs`, so that what it delivers is not sent
   * twice. What is not settled comes again, from the outbox or from the journal.
   */
  close(callMs?: number): Promise<void>;
}

/** `whenRoom` waits beyond so many times `pendingBytesMax`. The outbox is written by then; where it cannot keep up either, lanes wait. */
const MEMORY_FACTOR_MAX = 4;
const ROOM_POLL_MS = 10;

export function createDelivery(
  planned: PlannedDelivery,
  services: DeliveryServices,
  files: ObjectFiles = nodeObjectFiles,
): Delivery {
  return new ActionDelivery(planned, services, files);
}

class ActionDelivery implements Delivery {
  readonly #services: DeliveryServices;
  readonly #plan: ActionPlan;
  readonly #pump: Pump;
  readonly #assembler: Assembler;
  readonly #pause = new Pause();
  readonly #memoryBytesMax: number;
  #messages = 0;
  #isUsed = false;
  #isClosed = false;

  constructor({ plan, options }: PlannedDelivery, services: DeliveryServices, files: ObjectFiles) {
    this.#plan = plan;
    this.#services = services;
    this.#pump = new Pump({
      plan,
      sink: options.open(services),
      limits: options.limits,
      outbox: services.outbox,
      deadLetters: services.deadLetters,
      events: services.events,
      metrics: services.metrics,
      pause: this.#pause,
      clock: () => services.clock(),
      random: () => services.random(),
      onRejected: (entry, cause) => services.onRejected(entry, cause),
      finished: (entry) => this.#finished(entry),
      inherited: (entries) => {
        for (const { messageCount } of entries) this.#emitted(messageCount);
      },
    });
    this.#assembler = this.#createAssembler(options, files);
    this.#memoryBytesMax = MEMORY_FACTOR_MAX * options.limits.pendingBytesMax;
  }

  get state(): DeliveryState {
    return this.#pump.state;
  }

  get backlog(): Backlog {
    const memoryBytes = this.#memoryBytes();
    const inFiles = this.#assembler.bytesOpen - this.#assembler.bytesInMemory + this.#pump.fileBytes;
    const oldest = [this.#assembler.oldestReceivedAt, this.#pump.oldestReceivedAt].filter((at) => at !== null);
    return {
      bytes: memoryBytes + inFiles + this.#services.outbox.bytes,
      memoryBytes,
      messages: this.#messages,
      oldestReceivedAt: oldest.length === 0 ? null : Math.min(...oldest),
    };
  }

  async start(): Promise<void> {
    await this.#assembler.start();
    this.#pump.start();
  }

  accept(part: Part, settled: () => void): void {
    invariant(!this.#isClosed, 'a closed delivery accepts no parts');
    this.#emitted(part.messageCount);
    this.#assembler.accept(part, new Settlement(settled));
  }

  async whenRoom(): Promise<void> {
    while (!this.#isClosed && this.#memoryBytes() > this.#memoryBytesMax) await this.#pause.wait(ROOM_POLL_MS);
  }

  refreshMetrics(): void {
    const { metrics, outbox, clock } = this.#services;
    const labels = { action: this.#plan.id };
    const { bytes, messages, oldestReceivedAt } = this.backlog;
    this.#isUsed ||= bytes > 0;
    if (!this.#isUsed) return;
    metrics.actionInFlight.set(labels, messages);
    metrics.actionBacklogBytes.set(labels, bytes);
    metrics.actionOutboxBytes.set(labels, outbox.bytes);
    metrics.actionOldestSeconds.set(
      labels,
      oldestReceivedAt === null ? 0 : Math.max(0, clock() - oldestReceivedAt) / 1000,
    );
  }

  async flush(deadlineMs: number): Promise<void> {
    const work = this.#assembler.flush().then(() => this.#pump.drain());
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    try {
      await Promise.race([work, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(callMs = 0): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pause.close();
    await this.#assembler.close();
    await this.#pump.close(callMs);
  }

  #createAssembler({ assembly }: SinkOptions, files: ObjectFiles): Assembler {
    const { id, codec, form } = this.#plan;
    const services = this.#services;
    const emit = (bundle: Bundle) => this.#pump.push(bundle);
    switch (assembly.kind) {
      case 'each':
        return createEachAssembler(id, emit);
      case 'lines':
        return new LinesAssembler(id, assembly, { emit, gzip: (lines) => services.gzip(lines) });
      case 'objects':
        return new ContainerAssembler(assembly, {
          action: id,
          folder: join(services.objectsDir, id.replaceAll('/', '-')),
          files,
          header: (schemaId) => services.containerHeader(schemaId, codec),
          pack: (schemaId, count, records) =>
            form === 'container' ? services.packBlock(schemaId, codec, count, records) : services.gzip(records),
          emit,
          pause: (cause) => this.#pump.diskFailed(cause),
          lost: (cause) => {
            if (!this.#isClosed) services.events.deliveryFailing(id, 'held', cause);
          },
        });
    }
  }

  #memoryBytes(): number {
    return this.#assembler.bytesInMemory + this.#pump.memoryBytes;
  }

  #emitted(messageCount: number): void {
    const labels = { action: this.#plan.id };
    this.#isUsed = true;
    this.#messages += messageCount;
    this.#services.metrics.actionEmitted.inc(labels, messageCount);
    this.#services.metrics.actionInFlight.inc(labels, messageCount);
  }

  #finished({ messageCount }: Entry): void {
    this.#messages -= messageCount;
    this.#services.metrics.actionInFlight.dec({ action: this.#plan.id }, messageCount);
  }
}
