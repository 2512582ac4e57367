/** One delivery per action of the rule set, each with its outbox and its sink. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compress } from './codec/compress.ts';
import type { Config } from './config.ts';
import { invariant } from './errors.ts';
import type { Events } from './events.ts';
import type { ActionPlan, Entry } from './message.ts';
import type { Metrics } from './metrics.ts';
import { outboxNames } from './progress-keys.ts';
import type { PlannedAction } from './rule-set.ts';
import type { SchemaCatalog } from './schema-catalog.ts';
import { createDelivery, type Delivery } from './sinks/delivery/delivery.ts';
import type { SinkServices } from './sinks/sink.ts';
import type { Spool } from './spool/api.ts';

export interface DeliveriesServices extends Pick<SinkServices, 'republish'> {
  readonly writeBytes: SinkServices['write'];
  readonly spool: Pick<Spool, 'outbox' | 'reportStrandedOutboxes' | 'deadLetters'>;
  readonly catalog: SchemaCatalog;
  readonly events: Events;
  readonly metrics: Metrics;
  /** Tells the rule's error action of a refused entry. True: it has been told everything, durably. */
  readonly reject: (entry: Entry, plan: ActionPlan, cause: Error) => Promise<boolean>;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Actions opened at once: each waits for the disk a few times. */
const OPENING_COUNT_MAX = 32;

/** In the order of the rule set's actions; every outbox is read and draining when it resolves. */
export async function openDeliveries(config: Config, services: DeliveriesServices): Promise<readonly Delivery[]> {
  const { spool, catalog, events, metrics, republish, writeBytes, reject, clock, random } = services;
  const objectsDir = join(config.dataDir, 'objects');
  // What an earlier run left open; the journal has its messages, also those of actions that are no longer configured.
  await rm(objectsDir, { recursive: true, force: true });
  const open = async ({ plan, options }: PlannedAction, outboxName: string): Promise<Delivery> => {
    const delivery = createDelivery(
      { plan, options },
      {
        gatewayId: config.gateway.id,
        lakeDir: config.lakeDir,
        objectsDir,
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
  };
  const { planned } = config.ruleSet;
  const names = outboxNames(planned.map(({ plan }) => plan));
  await spool.reportStrandedOutboxes(names);
  const deliveries: Delivery[] = [];
  for (let start = 0; start < planned.length; start += OPENING_COUNT_MAX) {
    const batch = planned.slice(start, start + OPENING_COUNT_MAX);
    deliveries.push(...(await Promise.all(batch.map((action, index) => open(action, names[start + index] ?? '')))));
  }
  return deliveries;
}

/** The delivery of a part's action. */
export function deliveryOf(deliveries: readonly Delivery[], action: number): Delivery {
  const delivery = deliveries[action];
  invariant(delivery !== undefined, `a lane emitted through action ${action}, which does not exist`);
  return delivery;
}
