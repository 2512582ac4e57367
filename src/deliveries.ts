/**
 * One delivery per action of the rule set in force, each with its outbox and its sink.
 *
 * Another rule set keeps the deliveries of actions that are the same in both. What a leaving one has is made durable in its outbox, or
 * delivered, before it goes; where its outbox belongs to no action any more it stays until that is empty.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compress } from './codec/compress.ts';
import type { Config } from './config.ts';
import { asError, invariant } from './errors.ts';
import type { Events } from './events.ts';
import type { ActionPlan, Entry } from './message.ts';
import type { Metrics } from './metrics.ts';
import type { Handover } from './ports.ts';
import { outboxNames } from './progress-keys.ts';
import type { PlannedAction } from './rule-set.ts';
import type { SchemaCatalog } from './schema-catalog.ts';
import { createDelivery, type Delivery } from './sinks/delivery/delivery.ts';
import type { SinkServices } from './sinks/sink.ts';
import type { Spool } from './spool/api.ts';

export interface DeliveriesServices extends Pick<SinkServices, 'republish'> {
  readonly config: Pick<Config, 'dataDir' | 'lakeDir' | 'gateway'>;
  readonly writeBytes: SinkServices['write'];
  readonly spool: Pick<Spool, 'outbox' | 'reportStrandedOutboxes' | 'deadLetters'>;
  readonly catalog: SchemaCatalog;
  readonly events: Events;
  readonly metrics: Metrics;
  /** Tells the rule's error action of a refused entry; null: a dead letter is needed. */
  readonly reject: (entry: Entry, plan: ActionPlan, cause: Error) => Promise<Handover | null>;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Actions opened at once: each waits for the disk a few times. */
const OPENING_COUNT_MAX = 32;
/** A leaving delivery takes the time it needs: what it has is safe in the journal meanwhile. The longest that a timer can wait. */
const LEAVING_MS_MAX = 2_147_483_647;
const RETIRED_POLL_MS = 1_000;
/** What the call of a sink that is under way gets when another delivery takes its place: aborted, it might be made twice. */
const CALL_MS_MAX = 5_000;

interface Opened {
  /** Id of the action. */
  readonly id: string;
  readonly outboxName: string;
  /** Equal texts are the same delivery. */
  readonly identity: string;
  readonly delivery: Delivery;
}

interface Wanted extends Omit<Opened, 'delivery' | 'id'> {
  readonly action: PlannedAction;
}

export class Deliveries {
  readonly #services: DeliveriesServices;
  /** Those in force, by outbox. */
  readonly #open = new Map<string, Opened>();
  /** Those whose action is gone, while their outbox is not empty; by outbox. */
  readonly #retired = new Map<string, Opened>();
  #byAction: readonly Delivery[] = [];
  #changing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(services: DeliveriesServices) {
    this.#services = services;
  }

  /** For the first rule set: every outbox is read and draining when it resolves. */
  async start(planned: readonly PlannedAction[]): Promise<void> {
    // What an earlier run left open; the journal has its messages, also those of actions that are no longer configured.
    await rm(this.#objectsDir, { recursive: true, force: true });
    const wanted = wantedOf(planned);
    await this.#services.spool.reportStrandedOutboxes(wanted.map(({ outboxName }) => outboxName));
    await this.#changeTo(wanted);
  }

  /** Makes what the deliveries have that another rule set has no use for durable. */
  async flushLeaving(planned: readonly PlannedAction[]): Promise<void> {
    await Promise.all(this.#leaving(wantedOf(planned)).map(({ delivery }) => delivery.flush(LEAVING_MS_MAX)));
  }

  /**
   * For another rule set, after `flushLeaving`. Nothing must be accepted while it runs. When it rejects nothing is lost: call it again,
   * unless it was closed.
   */
  async use(planned: readonly PlannedAction[]): Promise<void> {
    await this.#changeTo(wantedOf(planned));
  }

  /** The delivery of an action, by its index in the rule set in force. */
  of(action: number): Delivery {
    const delivery = this.#byAction[action];
    invariant(delivery !== undefined, `a lane emitted through action ${action}, which does not exist`);
    return delivery;
  }

  /** Retired ones included. */
  all(): readonly Delivery[] {
    return [...this.#open.values(), ...this.#retired.values()].map(({ delivery }) => delivery);
  }

  /** A change under way ends first, and no other begins. Calls of sinks that are under way get `callMs`. */
  async close(callMs = 0): Promise<void> {
    this.#isClosed = true;
    await this.#changing.catch(() => {});
    await Promise.all(this.all().map((delivery) => delivery.close(callMs)));
  }

  async #changeTo(wanted: readonly Wanted[]): Promise<void> {
    invariant(!this.#isClosed, 'deliveries that are closed take no other rule set');
    this.#changing = this.#change(wanted);
    await this.#changing;
  }

  async #change(wanted: readonly Wanted[]): Promise<void> {
    const names = new Set(wanted.map(({ outboxName }) => outboxName));
    await Promise.all(this.#leaving(wanted).map((opened) => this.#leave(opened, names.has(opened.outboxName))));
    const missing = wanted.filter(({ outboxName }) => !this.#open.has(outboxName));
    for (let start = 0; start < missing.length; start += OPENING_COUNT_MAX) {
      const opening = await Promise.allSettled(
        missing.slice(start, start + OPENING_COUNT_MAX).map((action) => this.#add(action)),
      );
      for (const result of opening) if (result.status === 'rejected') throw asError(result.reason);
    }
    this.#byAction = wanted.map(({ outboxName }) => (this.#open.get(outboxName) as Opened).delivery);
  }

  #leaving(wanted: readonly Wanted[]): readonly Opened[] {
    const identities = new Map(wanted.map(({ outboxName, identity }) => [outboxName, identity]));
    return [...this.#open.values()].filter(({ outboxName, identity }) => identities.get(outboxName) !== identity);
  }

  async #leave(opened: Opened, isReplaced: boolean): Promise<void> {
    this.#open.delete(opened.outboxName);
    if (isReplaced) await this.#closeReplaced(opened);
    else {
      this.#retired.set(opened.outboxName, opened);
      void this.#closeWhenEmpty(opened);
    }
  }

  /** Looked at now and then: nobody waits for it. */
  async #closeWhenEmpty(opened: Opened): Promise<void> {
    for (;;) {
      if (this.#isClosed || this.#retired.get(opened.outboxName) !== opened) return;
      const { bytes, messages } = opened.delivery.backlog;
      if (bytes === 0 && messages === 0) break;
      await new Promise((resolve) => setTimeout(resolve, RETIRED_POLL_MS).unref());
    }
    this.#retired.delete(opened.outboxName);
    await opened.delivery.close();
  }

  async #add({ action, outboxName, identity }: Wanted): Promise<void> {
    const retired = this.#retired.get(outboxName);
    this.#retired.delete(outboxName);
    if (retired !== undefined) await this.#closeReplaced(retired);
    const delivery = await this.#openDelivery(action, outboxName);
    this.#open.set(outboxName, { id: action.plan.id, outboxName, identity, delivery });
  }

  /** Whoever takes the outbox over counts what is in it as emitted once more, under its own id. */
  async #closeReplaced({ id, delivery }: Opened): Promise<void> {
    await delivery.close(CALL_MS_MAX);
    const { messages } = delivery.backlog;
    const { metrics } = this.#services;
    metrics.actionInFlight.dec({ action: id }, messages);
    if (messages > 0) metrics.actionDropped.inc({ action: id, reason: 'handed-over' }, messages);
  }

  async #openDelivery({ plan, options }: PlannedAction, outboxName: string): Promise<Delivery> {
    const { config, spool, catalog, events, metrics, republish, writeBytes, reject, clock, random } = this.#services;
    const delivery = createDelivery(
      { plan, options },
      {
        gatewayId: config.gateway.id,
        lakeDir: config.lakeDir,
        objectsDir: this.#objectsDir,
        outbox: await spool.outbox(outboxName),
        deadLetters: spool.deadLetters,
        events,
        metrics,
        clock,
        random,
        containerHeader: (schemaId, codec) => catalog.header(schemaId, codec),
        packBlock: (schemaId, codec, count, records) => catalog.block(schemaId, codec, count, records),
        gzip: (bytes) => compress('gzip', bytes),
        onRejected: (entry, cause) => reject(entry, plan, cause),
        republish,
        write: writeBytes,
      },
    );
    await delivery.start();
    return delivery;
  }

  get #objectsDir(): string {
    return join(this.#services.config.dataDir, 'objects');
  }
}

function wantedOf(planned: readonly PlannedAction[]): readonly Wanted[] {
  const names = outboxNames(planned.map(({ plan }) => plan));
  return planned.map((action, index) => ({
    action,
    outboxName: names[index] ?? '',
    identity: JSON.stringify([action.plan, action.fingerprint]),
  }));
}
