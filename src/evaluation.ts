/** From committed slabs to sinks: lanes evaluate and encode, settlement hands what they made to the deliveries. */
import { join } from 'node:path';
import type { Books } from './books.ts';
import { openFrozenSchemas } from './codec/avro/frozen-schemas.ts';
import type { Config } from './config.ts';
import { type DeliveriesServices, deliveryOf, openDeliveries } from './deliveries.ts';
import { ErrorActions } from './error-actions.ts';
import type { Events } from './events.ts';
import { LanePool } from './lanes/pool.ts';
import type { Metrics } from './metrics.ts';
import { progressKeys } from './progress-keys.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { Settlement } from './settlement.ts';
import type { Delivery } from './sinks/delivery/delivery.ts';
import type { Spool } from './spool/api.ts';

export interface EvaluationOptions extends Pick<DeliveriesServices, 'republish' | 'writeBytes'> {
  readonly config: Config;
  readonly spool: Spool;
  readonly laneCount: number;
  readonly workerUrl: URL;
  readonly books: Books;
  readonly events: Events;
  readonly metrics: Metrics;
  /** A lane has answered. */
  readonly onProgress: () => void;
}

export interface Evaluation {
  readonly lanes: LanePool;
  readonly deliveries: readonly Delivery[];
}

/** Lanes have compiled their rules, outboxes drain and what the journal holds is being evaluated when it resolves. */
export async function startEvaluation(options: EvaluationOptions): Promise<Evaluation> {
  const { config, spool, laneCount, books, events, metrics } = options;
  const { ruleSet } = config;
  const plans = ruleSet.planned.map((planned) => planned.plan);
  const frozen = await openFrozenSchemas(join(config.dataDir, 'schemas'));
  const catalog = new SchemaCatalog({ frozen, events });
  catalog.use(ruleSet.schemas, plans);
  const setups = () =>
    Array.from({ length: laneCount }, (_, lane) => ({
      gatewayId: config.gateway.id,
      lane,
      rules: ruleSet.rules,
      actions: catalog.plans,
      schemas: catalog.schemas,
    }));
  const lanes = new LanePool({ laneCount, workerUrl: options.workerUrl, setups: setups(), events, metrics });
  const errorActions = new ErrorActions();
  const opening = openDeliveries(config, {
    ...options,
    catalog,
    clock: Date.now,
    random: Math.random,
    reject: (entry, plan, cause) => errorActions.reject(entry, plan, cause),
  });
  const deliveries = await whenStarted(lanes, opening);
  // Asked for every part: looked up, not searched for among the rules.
  const errorActionByAction = new Map(
    ruleSet.rules.flatMap(({ actions, errorAction }) => actions.map((action) => [action, errorAction])),
  );
  const settlement = new Settlement({
    actionIds: plans.map((plan) => plan.id),
    progressKeys: progressKeys(plans),
    ruleNames: ruleSet.rules.map((rule) => rule.name),
    errorActionOf: (action) => errorActionByAction.get(action) ?? null,
    firstSequence: spool.firstSequence,
    books,
    events,
    metrics,
    deadLetters: spool.deadLetters,
    progress: spool.progress,
    accept: (part, settled) => deliveryOf(deliveries, part.action).accept(part, settled),
    whenRoom: (action) => deliveryOf(deliveries, action).whenRoom(),
    freeze: async (inferred) => {
      await catalog.freeze(inferred);
      await lanes.configure(setups());
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  errorActions.start({
    laneCount,
    run: (lane, task) => lanes.run(lane, task),
    accept: (part, settled) => deliveryOf(deliveries, part.action).accept(part, settled),
    keepDeadLetters: (letters) => settlement.keepDeadLetters(letters),
    freeze: (inferred) => settlement.freeze(inferred),
  });
  spool.startFeeds({
    evaluate: (lane, task) => lanes.run(lane, task),
    onResult: (_lane, slab, _task, result) => {
      options.onProgress();
      return settlement.onResult(slab, result);
    },
    onPoisoned: (_lane, slab, letter) => settlement.onPoisoned(slab, letter),
    onRuleSet: async () => {},
  });
  return { lanes, deliveries };
}

/** The workers compile the rules while this thread opens the outboxes. A start that fails leaves nothing running. */
async function whenStarted(lanes: LanePool, opening: Promise<readonly Delivery[]>): Promise<readonly Delivery[]> {
  const [started, opened] = await Promise.allSettled([lanes.start(), opening]);
  if (started.status === 'fulfilled' && opened.status === 'fulfilled') return opened.value;
  if (opened.status === 'fulfilled') await Promise.all(opened.value.map((delivery) => delivery.close()));
  await lanes.close();
  throw started.status === 'rejected' ? started.reason : (opened as PromiseRejectedResult).reason;
}
