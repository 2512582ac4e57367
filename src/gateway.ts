/**
 * READ FIRST. The main thread, put together: this file is its table of contents.
 *
 * ```
 * sensor ─▶ broker ─▶ intake ─▶ spool journal ─ fdatasync ─▶ PUBACK
 *                                   │ slabs
 *                                   ▼
 *                    spool feeds ─▶ lanes (rules, Avro) ─▶ settlement ─▶ deliveries ─▶ sinks
 *                                                              └─▶ progress ─▶ segments freed
 * ```
 *
 * Parts do not know one another: what one needs of another is handed in here.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { openAdmin } from './admin.ts';
import { Books } from './books.ts';
import { createBroker } from './broker/broker.ts';
import { openFrozenSchemas } from './codec/avro/frozen-schemas.ts';
import type { Config } from './config.ts';
import { CodedError, invariant } from './errors.ts';
import { createEvents } from './events.ts';
import { createIntake } from './intake.ts';
import type { LaneSetup } from './lane-protocol.ts';
import { LanePool } from './lanes/pool.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openProcessMetrics } from './process-metrics.ts';
import { Router } from './router.ts';
import { matchesFilter } from './rules/topic-filter.ts';
import { TopicIndex } from './rules/topic-index.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { Settlement } from './settlement.ts';
import { openSpool } from './spool/spool.ts';

export interface GatewayOptions {
  readonly log: Logger;
  readonly version: string;
  /** Standard output, for the `stdout` action. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** The lanes' worker script: JavaScript, also when this runs from TypeScript. */
  readonly workerUrl: URL;
  /** Default lane count where the configuration names none. */
  readonly cores: number;
  readonly process: NodeJS.Process;
}

export interface Gateway {
  readonly listeners: readonly { readonly type: string; readonly host: string; readonly port: number }[];
  readonly admin: { readonly host: string; readonly port: number };
  readonly metrics: Metrics;
  /** Brings `metrics` up to date; a scrape does so by itself. */
  refresh(): void;
  /** Stops accepting, drains what was acknowledged as far as the deadline allows, closes. What is left is in the spool. */
  stop(deadlineMs: number): Promise<void>;
}

/** @throws CodedError LISTEN_FAILED, SPOOL_LOCKED, SPOOL_FORMAT_NEWER, SPOOL_UNUSABLE */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { ruleSet } = config;
  const metrics = createMetrics();
  const events = createEvents(options.log, metrics);
  const books = new Books(metrics);
  const laneCount = config.lanes.count ?? Math.max(1, options.cores - 1);
  const plans = ruleSet.planned.map((planned) => planned.plan);
  const actionIds = plans.map((plan) => plan.id);

  // The spool: journal, progress, outboxes, dead letters. Recovers what the last run left.
  const spool = await openSpool({
    dir: join(config.dataDir, 'spool'),
    laneCount,
    actionIds,
    ruleSetHash: ruleSet.hash,
    files: realFiles,
    clock: systemClock,
    events,
    metrics,
  });
  const frozen = await openFrozenSchemas(join(config.dataDir, 'schemas'));
  const catalog = new SchemaCatalog({ configured: ruleSet.schemas, frozen, plans, events });

  // Lanes: worker threads that evaluate rules and encode.
  const laneSetup = (lane: number): LaneSetup => ({
    gatewayId: config.gateway.id,
    lane,
    rules: ruleSet.rules,
    actions: catalog.plans,
    schemas: catalog.schemas,
  });
  const laneSetups = () => Array.from({ length: laneCount }, (_, lane) => laneSetup(lane));
  const lanes = new LanePool({ laneCount, workerUrl: options.workerUrl, setups: laneSetups(), events, metrics });

  // Deliveries: one per action, each with its sink. The broker comes last, so a republish finds it only when asked.
  let broker: Broker | null = null;
  const republish = (message: Republication) => republishLocally(broker, message);
  const deliveries = await openDeliveries(config, { spool, catalog, events, metrics, republish, write: options.write });
  const readiness = new Readiness(spool, Date.now);
  const settlement = new Settlement({
    actionIds,
    ruleNames: ruleSet.rules.map((rule) => rule.name),
    firstSequence: spool.firstSequence,
    books,
    events,
    metrics,
    deadLetters: spool.deadLetters,
    progress: spool.progress,
    accept: (part, settled) => deliveryOf(deliveries, part.action).accept(part, settled),
    freeze: async (inferred) => {
      await catalog.freeze(inferred);
      await lanes.configure(laneSetups());
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  spool.startFeeds({
    evaluate: (lane, task) => lanes.run(lane, task),
    onResult: (_lane, slab, _task, result) => settlement.onResult(slab, result),
    onPoisoned: (_lane, slab, letter) => settlement.onPoisoned(slab, letter),
  });

  // The broker: clients in. Opens last, so that nothing is acknowledged before the path behind it stands.
  broker = createBroker({
    listeners: config.listeners,
    auth: config.auth,
    loadUsers: () => Promise.resolve(config.users),
    readFile: (path) => readFile(path),
    intake: createIntake({ spool, router: createRouter(config), books, laneCount, clock: Date.now }),
    events,
    metrics,
    clock: Date.now,
    isFastPathOn: true,
  });
  await broker.open();

  // Watching: metrics are brought up to date when somebody reads them.
  const processMetrics = openProcessMetrics(metrics, options.version, options.process);
  const refresh = () => {
    processMetrics.refresh();
    books.carry();
    metrics.ready.set(readiness.reasons().length === 0 ? 1 : 0);
    refreshGauges(metrics, { spool, deliveries, actionIds }, Date.now());
  };
  const admin = await openAdmin({ ...config.admin, metrics, refresh, reasonsNotReady: () => readiness.reasons() });
  readiness.opened();
  const parts = { broker, spool, lanes, deliveries, admin };
  return {
    listeners: broker.addresses(),
    admin: admin.address,
    metrics,
    refresh,
    stop: async (deadlineMs) => {
      readiness.stopping();
      await shutDown(parts, deadlineMs, Date.now);
      processMetrics.close();
    },
  };
}
