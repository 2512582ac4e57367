/** From committed slabs to sinks: lanes evaluate and encode, settlement hands what they made to the deliveries. */
import { join } from 'node:path';
import type { Books } from './books.ts';
import { openFrozenSchemas } from './codec/avro/frozen-schemas.ts';
import type { Config } from './config.ts';
import { Deliveries, type DeliveriesServices } from './deliveries.ts';
import { ErrorActions } from './error-actions.ts';
import type { Events } from './events.ts';
import { ExternalStage } from './external-stage.ts';
import type { LaneSetup } from './lane-protocol.ts';
import { LanePool } from './lanes/pool.ts';
import type { Metrics } from './metrics.ts';
import type { Connectors } from './ports.ts';
import { progressKeys } from './progress-keys.ts';
import type { RuleSet } from './rule-set.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { Settlement, type SettlementTables } from './settlement.ts';
import type { Spool } from './spool/api.ts';

export interface EvaluationOptions extends Pick<DeliveriesServices, 'republish' | 'writeBytes'> {
  readonly config: Config;
  readonly spool: Spool;
  readonly laneCount: number;
  readonly workerUrl: URL;
  readonly books: Books;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly openConnectors: (config: Config) => Connectors;
  /** The configuration to evaluate under from now on; `text`: see `FeedHandlers.onRuleSet`. */
  readonly configOf: (hash: string, text: string | null) => Config;
  /** A lane has answered. */
  readonly onProgress: () => void;
}

/** Lanes have compiled their rules, outboxes drain and what the journal holds is being evaluated when it resolves. */
export async function startEvaluation(options: EvaluationOptions): Promise<Evaluation> {
  const { config, spool, events } = options;
  const frozen = await openFrozenSchemas(join(config.dataDir, 'schemas'));
  const evaluation = new Evaluation(options, new SchemaCatalog({ frozen, events }));
  await evaluation.start();
  spool.startFeeds(evaluation.handlers);
  return evaluation;
}

export class Evaluation {
  readonly lanes: LanePool;
  readonly deliveries: Deliveries;
  readonly external: ExternalStage;
  readonly #options: EvaluationOptions;
  readonly #catalog: SchemaCatalog;
  readonly #errorActions = new ErrorActions();
  readonly #settlement: Settlement;
  #inForce: Config;
  #connectors: Connectors;
  #changing: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(options: EvaluationOptions, catalog: SchemaCatalog) {
    const { config, spool, laneCount, workerUrl, events, metrics } = options;
    this.#options = options;
    this.#catalog = catalog;
    this.#inForce = config;
    this.#connectors = options.openConnectors(config);
    catalog.use(config.ruleSet.schemas, plansOf(config.ruleSet));
    this.lanes = new LanePool({ laneCount, workerUrl, setups: this.#setups(), events, metrics });
    this.deliveries = new Deliveries({
      ...options,
      catalog,
      clock: Date.now,
      random: Math.random,
      reject: (entry, plan, cause) => this.#errorActions.reject(entry, plan, cause),
    });
    const settlement = this.#createSettlement();
    this.#settlement = settlement;
    this.external = new ExternalStage({
      laneCount,
      run: (lane, task) => this.lanes.run(lane, task),
      connectors: () => this.#connectors,
      recorded: spool.answers,
      onResult: (slab, result) => settlement.onDeferredResult(slab, result),
      onPoisoned: (_slab, letter) => settlement.keepDeadLetters([letter]),
      onFinished: (slab) => settlement.onDeferredFinished(slab),
      events,
      sleep,
    });
  }

  /** The workers compile the rules while this thread opens the outboxes. A start that fails leaves nothing running. */
  async start(): Promise<void> {
    const { config, laneCount, events } = this.#options;
    const [started, opened] = await Promise.allSettled([
      this.lanes.start(),
      this.deliveries.start(config.ruleSet.planned),
    ]);
    if (started.status === 'rejected' || opened.status === 'rejected') {
      await Promise.allSettled([this.deliveries.close(), this.lanes.close(), this.#connectors.close()]);
      throw started.status === 'rejected' ? started.reason : (opened as PromiseRejectedResult).reason;
    }
    this.#errorActions.start({
      laneCount,
      run: (lane, task) => this.lanes.run(lane, task),
      accept: (part, settled) => this.deliveries.of(part.action).accept(part, settled),
      keepDeadLetters: (letters) => this.#settlement.keepDeadLetters(letters),
      freeze: (inferred) => this.#settlement.freeze(inferred),
    });
    events.ruleSetInForce(config.ruleSet.hash, config.ruleSet.rules.length);
  }

  get handlers(): Parameters<Spool['startFeeds']>[0] {
    const { onProgress, configOf } = this.#options;
    return {
      evaluate: (lane, task) => this.lanes.run(lane, task),
      onResult: (lane, slab, task, result) => {
        onProgress();
        return this.#settlement.onResult(lane, slab, task, result);
      },
      onPoisoned: (_lane, slab, letter) => this.#settlement.onPoisoned(slab, letter),
      onRuleSet: (hash, text) => {
        this.#changing = this.#use(configOf(hash, text));
        return this.#changing;
      },
    };
  }

  /**
   * Ends what asks services; what was deferred and not evaluated comes again from the journal. A change of the rule set goes no further
   * than to the end of its step.
   */
  async closeServices(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.external.stop(), this.#connectors.close()]);
  }

  /** After `closeServices`: nothing is handed over any more, and no change of the rule set is under way when it resolves. */
  async closeDeliveries(callMs: number): Promise<void> {
    await this.deliveries.close(callMs);
    await this.#changing.catch(() => {});
  }

  /**
   * Another rule set: called when no slab is with a lane. Whatever was evaluated under the old set is handed over first, and
   * nothing is evaluated until it has taken its place. When it rejects it is called again, unless the gateway stops.
   */
  async #use(config: Config): Promise<void> {
    const { spool, openConnectors, events } = this.#options;
    const { ruleSet } = config;
    await this.external.hurry();
    await this.deliveries.flushLeaving(ruleSet.planned);
    await this.#errorActions.hold();
    // What error actions were told since.
    await this.deliveries.flushLeaving(ruleSet.planned);
    if (this.#isStopping) return;
    await this.deliveries.use(ruleSet.planned);
    if (this.#isStopping) return;
    this.#catalog.use(ruleSet.schemas, plansOf(ruleSet));
    const former = this.#connectors;
    this.#connectors = openConnectors(config);
    this.#inForce = config;
    await this.lanes.configure(this.#setups());
    this.#settlement.use(tablesOf(ruleSet));
    spool.setActionIds(progressKeys(plansOf(ruleSet)));
    this.#errorActions.release();
    await former.close();
    events.ruleSetInForce(ruleSet.hash, ruleSet.rules.length);
  }

  #setups(): readonly LaneSetup[] {
    const { gateway, ruleSet, descriptors } = this.#inForce;
    return Array.from({ length: this.#options.laneCount }, (_, lane) => ({
      gatewayId: gateway.id,
      lane,
      rules: ruleSet.rules,
      actions: this.#catalog.plans,
      schemas: this.#catalog.schemas,
      descriptors,
    }));
  }

  #createSettlement(): Settlement {
    const { spool, books, events, metrics, config } = this.#options;
    return new Settlement({
      tables: tablesOf(config.ruleSet),
      firstSequence: spool.firstSequence,
      books,
      events,
      metrics,
      deadLetters: spool.deadLetters,
      progress: spool.progress,
      accept: (part, settled) => this.deliveries.of(part.action).accept(part, settled),
      whenRoom: (action) => this.deliveries.of(action).whenRoom(),
      freeze: async (inferred) => {
        await this.#catalog.freeze(inferred);
        await this.lanes.configure(this.#setups());
      },
      defer: (lane, slab, task, result) => this.external.defer(lane, slab, task, result),
      whenDeferredRoom: (lane) => this.external.whenRoom(lane),
      sleep,
    });
  }
}

function plansOf(ruleSet: RuleSet) {
  return ruleSet.planned.map((planned) => planned.plan);
}

function tablesOf(ruleSet: RuleSet): SettlementTables {
  const plans = plansOf(ruleSet);
  // Asked for every part: looked up, not searched for among the rules.
  const errorActions = new Map(
    ruleSet.rules.flatMap(({ actions, errorAction }) => actions.map((action) => [action, errorAction])),
  );
  return {
    actionIds: plans.map((plan) => plan.id),
    progressKeys: progressKeys(plans),
    ruleNames: ruleSet.rules.map((rule) => rule.name),
    errorActionOf: (action) => errorActions.get(action) ?? null,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
