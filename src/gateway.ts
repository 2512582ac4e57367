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
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { type Admin, openAdmin } from './admin.ts';
import { Books } from './books.ts';
import { type Broker, createBroker } from './broker/broker.ts';
import type { Host } from './cli/host.ts';
import type { Config } from './config.ts';
import { ConfigsInUse } from './configs-in-use.ts';
import { type ConnectorsOptions, openConnectors } from './connectors/connectors.ts';
import { startEvaluation } from './evaluation.ts';
import { createEvents, type Events } from './events.ts';
import { refreshGauges } from './gauges.ts';
import { createIntake } from './intake.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Connectors } from './ports.ts';
import { openProcessMetrics } from './process-metrics.ts';
import { progressKeys } from './progress-keys.ts';
import { Readiness } from './readiness.ts';
import type { ReloadOutcome } from './reloader.ts';
import { Router } from './router.ts';
import { routesOf } from './routes.ts';
import { shutDown } from './shutdown.ts';
import type { Republication } from './sinks/sink.ts';
import { nodeFiles } from './spool/files.ts';
import { openSpool } from './spool/spool.ts';
import { systemClock } from './system-clock.ts';
import { createConfigTaker } from './take-config.ts';

/** A start that fails has nothing to drain but what an earlier run left. */
const FAILED_START_DEADLINE_MS = 1_000;

export interface GatewayOptions {
  readonly log: Logger;
  readonly host: Pick<Host, 'process' | 'version' | 'writeBytes'>;
  /** The lanes' worker script: JavaScript, also when this runs from TypeScript. */
  readonly workerUrl?: URL;
}

export interface Gateway {
  readonly listeners: readonly { readonly type: string; readonly host: string; readonly port: number }[];
  readonly admin: { readonly host: string; readonly port: number };
  readonly metrics: Metrics;
  readonly events: Events;
  /** Brings `metrics` up to date; a scrape does so by itself. */
  refresh(): void;
  /**
   * Takes another configuration of the same gateway into use: rules, schemas, connectors, AWS settings and users. What is acknowledged
   * from when it resolves on is evaluated under it, what was acknowledged before under the one before. Rejects when the disk refuses, or
   * the gateway stops; nothing has changed then.
   */
  reload(config: Config): Promise<ReloadOutcome>;
  /** Stops accepting, drains what was acknowledged as far as the deadline allows, closes. What is left is in the spool. */
  stop(deadlineMs: number): Promise<void>;
}

/** @throws CodedError LISTEN_FAILED, SPOOL_LOCKED, SPOOL_FORMAT_NEWER, SPOOL_UNUSABLE */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const metrics = createMetrics();
  const events = createEvents(options.log, metrics);
  const books = new Books(metrics);
  const laneCount = config.lanes.count ?? Math.max(1, availableParallelism() - 1);

  // The spool: journal, progress, outboxes, dead letters. Recovers what the last run left.
  const spool = await openSpool({
    dir: join(config.dataDir, 'spool'),
    laneCount,
    ruleSet: { hash: config.ruleSet.hash, text: config.ruleSet.text },
    actionIds: progressKeys(config.ruleSet.planned.map((planned) => planned.plan)),
    files: nodeFiles(),
    clock: systemClock,
    events,
    metrics,
    tuning: {
      pendingBytesMax: config.journal.pendingBytesMax,
      disk: config.journal.disk,
    },
  });
  const readiness = new Readiness(spool, Date.now);

  // From the spool to the sinks. The broker opens after it, so a republish looks it up when it happens.
  let broker: Broker | null = null;
  const configs = new ConfigsInUse(config, events);
  const evaluation = await startEvaluation({
    config,
    spool,
    laneCount,
    workerUrl: options.workerUrl ?? new URL('./lanes/lane.js', import.meta.url),
    books,
    events,
    metrics,
    republish: (message) => republishLocally(broker, message),
    writeBytes: (bytes) => options.host.writeBytes(bytes),
    openConnectors: (used) =>
      connectorsOf(used, { events, metrics, retained: (topic) => broker?.retained(topic) ?? null }),
    configOf: (hash, text) => configs.take(hash, text),
    onProgress: () => readiness.progressed(),
  }).catch(async (error: unknown) => {
    await spool.close();
    throw error;
  });

  // Clients in, last: nothing is acknowledged before the path behind it stands.
  const router = new Router(routesOf(config));
  const mqtt = createBroker({
    listeners: config.listeners,
    auth: config.auth,
    loadUsers: () => Promise.resolve(configs.newest.users),
    readFile: (path) => readFile(path),
    intake: createIntake({ spool, router, books, events, laneCount, clock: Date.now }),
    events,
    metrics,
    clock: Date.now,
    isFastPathOn: true,
  });
  broker = mqtt;

  // Watching: metrics are brought up to date when somebody reads them.
  const processMetrics = openProcessMetrics(metrics, options.host.version, options.host.process);
  const refresh = () => {
    processMetrics.refresh();
    books.carry();
    metrics.ready.set(readiness.reasons().length === 0 ? 1 : 0);
    refreshGauges(metrics, { spool, deliveries: evaluation.deliveries });
  };
  let admin: Admin | null = null;
  const taker = createConfigTaker({ configs, spool, router, broker: mqtt });
  const stop = async (deadlineMs: number) => {
    readiness.stopping();
    await taker.end();
    await shutDown({ broker: mqtt, spool, evaluation, admin }, deadlineMs, Date.now);
    refresh();
    processMetrics.close();
  };
  try {
    await mqtt.open();
    admin = await openAdmin({ ...config.admin, metrics, refresh, reasonsNotReady: () => readiness.reasons() });
  } catch (error) {
    await stop(FAILED_START_DEADLINE_MS);
    throw error;
  }
  metrics.reloadSuccessful.set(1);
  readiness.opened();
  const listeners = mqtt.addresses();
  return { listeners, admin: admin.address, metrics, events, refresh, reload: taker.take, stop };
}

function connectorsOf(
  { connectors, aws, file }: Config,
  services: Pick<ConnectorsOptions, 'events' | 'metrics' | 'retained'>,
): Connectors {
  const baseDir = dirname(file);
  return openConnectors({ ...services, config: connectors, aws: aws ?? null, baseDir, clock: systemClock });
}

async function republishLocally(broker: Broker | null, message: Republication): Promise<void> {
  if (broker === null) throw new Error('The broker is not open yet.');
  const { topic, payload, qos, hops } = message;
  await broker.publish({ topic, payload, qos, hops, isRetained: false });
}
