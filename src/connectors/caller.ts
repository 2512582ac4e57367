/**
 * The machinery around one connector: a place among the calls that run, the time limit, one repetition, the cache, the counts.
 *
 *   parameters ── cache ── flight of an equal call ── place ── attempt ── [pause, second attempt] ── answer
 *
 * The time limit covers all of it, so that nothing hangs. A place is free again when its call is answered, even where the service
 * has not noticed yet that nobody listens.
 */
import { asError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { ExternalAnswer } from '../external-call.ts';
import type { Metrics } from '../metrics.ts';
import { Cache } from './cache.ts';
import { type Connector, type ConnectorClock, failed, type Question, type Reply, refused } from './connector.ts';
import { Health } from './health.ts';
import { arrayItems } from './json-slices.ts';
import { Limiter } from './limiter.ts';

/** Calls that wait for a place, per connector. */
const WAITING_MAX = 1_024;
const CACHE_ENTRIES_MAX = 10_000;
const CACHE_BYTES_MAX = 16 * 1024 * 1024;
/** An equal call fails again without asking for so long; longer would keep messages from a service that is back. */
const FAILURE_MS = 1_000;
/**
 * Before the second attempt. Together with the places it also bounds how often a service is asked that refuses at once: 16 places
 * make 640 attempts a second.
 */
const REPEAT_PAUSE_MS = 50;
/** With less time left a second attempt has no chance. */
const REPEAT_MS_MIN = 50;
/** A place that becomes free as the last moment passes is no use: the request would only disturb a service that is slow already. */
const ASK_MS_MIN = 2;

const STOPPING = failed('The gateway is stopping.', false);

export interface CallerServices {
  readonly events: Pick<Events, 'connectorFailing' | 'connectorRecovered'>;
  readonly metrics: Pick<Metrics, 'connectorCalls' | 'connectorSeconds' | 'connectorCacheHits'>;
  readonly clock: ConnectorClock;
}

export class Caller {
  readonly #connector: Connector;
  readonly #metrics: CallerServices['metrics'];
  readonly #clock: ConnectorClock;
  readonly #limiter: Limiter;
  readonly #health: Health;
  readonly #cache: Cache<Reply>;
  readonly #flights = new Map<string, Promise<Reply>>();
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor(connector: Connector, services: CallerServices) {
    const { events, metrics, clock } = services;
    const now = () => clock.now();
    this.#connector = connector;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#limiter = new Limiter(connector.concurrency, WAITING_MAX);
    this.#health = new Health(connector.function, events, now);
    this.#cache = new Cache(CACHE_ENTRIES_MAX, CACHE_BYTES_MAX, now);
  }

  /** Calls that run at the same time; more would wait here, within their time limit. */
  get concurrency(): number {
    return this.#connector.concurrency;
  }

  /** Never rejects, and answers within the connector's time limit. */
  async answer(parameters: string): Promise<ExternalAnswer> {
    const name = this.#connector.function;
    const kept = this.#cache.get(parameters);
    if (kept !== undefined) {
      this.#metrics.connectorCacheHits.inc({ function: name });
      this.#metrics.connectorCalls.inc({ function: name, outcome: kept.status });
      return this.#answerOf(kept);
    }
    const startedAt = this.#clock.now();
    const reply = await this.#reply(parameters);
    this.#metrics.connectorCalls.inc({ function: name, outcome: reply.status });
    this.#metrics.connectorSeconds.observe({ function: name }, (this.#clock.now() - startedAt) / 1000);
    return this.#answerOf(reply);
  }

  /** What runs fails at once; so does what is asked from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const controller of this.#running) controller.abort(STOPPING);
    await this.#connector.close();
  }

  #answerOf(reply: Reply): ExternalAnswer {
    if (reply.status === 'answered') return { isOk: true, text: reply.text };
    return { isOk: false, reason: `${this.#connector.function}: ${reply.reason}` };
  }

  #reply(parameters: string): Promise<Reply> {
    const { cacheMs } = this.#connector;
    const isShared = cacheMs !== null && cacheMs > 0;
    const flight = isShared ? this.#flights.get(parameters) : undefined;
    if (flight !== undefined) return flight;
    if (this.#isClosed) return Promise.resolve(STOPPING);
    const question = this.#question(parameters);
    // Nobody is asked: that says nothing about the service.
    if ('status' in question) return Promise.resolve(question);
    const started = this.#ask(question).then((reply) => {
      this.#flights.delete(parameters);
      this.#note(parameters, reply);
      return reply;
    });
    if (isShared) this.#flights.set(parameters, started);
    return started;
  }

  #note(parameters: string, reply: Reply): void {
    if (reply === STOPPING) return;
    if (reply.status === 'failed') this.#health.failed(reply.reason);
    else this.#health.worked();
    const { cacheMs } = this.#connector;
    if (cacheMs === null) return;
    if (reply.status === 'answered') this.#cache.put(parameters, reply, reply.text.length, cacheMs);
    else {
      // Where every call has to ask, one that was refused is asked again; a service that does not work is left in peace.
      const forMs = reply.status === 'refused' ? Math.min(cacheMs, FAILURE_MS) : FAILURE_MS;
      this.#cache.put(parameters, reply, reply.reason.length, forMs);
    }
  }

  async #ask(question: Question): Promise<Reply> {
    const { timeoutMs } = this.#connector;
    const controller = new AbortController();
    const deadline = this.#clock.now() + timeoutMs;
    const cancel = this.#clock.after(timeoutMs, () => {
      const reason = `${question.resource} did not answer within ${timeoutMs} ms. Look at the service and the way to it.`;
      controller.abort(failed(reason, false));
    });
    this.#running.add(controller);
    try {
      return await this.#askInTurn(question, controller.signal, deadline);
    } finally {
      cancel();
      this.#running.delete(controller);
    }
  }

  #question(parameters: string): Question | Reply {
    try {
      const items = arrayItems(parameters);
      return items === null ? refused('The parameters are not an array.') : this.#connector.question(items);
    } catch (error) {
      return failed(`The parameters could not be read: ${asError(error).message}`, false);
    }
  }

  async #askInTurn(question: Question, signal: AbortSignal, deadline: number): Promise<Reply> {
    const entrance = await this.#limiter.enter(signal);
    if (entrance !== 'entered') return this.#turnedAway(question, entrance, signal);
    try {
      if (this.#clock.now() + ASK_MS_MIN > deadline) return this.#turnedAway(question, 'aborted', signal);
      return await Promise.race([this.#attempts(question, signal, deadline), whenAborted(signal)]);
    } finally {
      this.#limiter.leave();
    }
  }

  #turnedAway(question: Question, why: 'full' | 'aborted', signal: AbortSignal): Reply {
    if (signal.reason === STOPPING) return STOPPING;
    const { concurrency, timeoutMs } = this.#connector;
    const what = why === 'full' ? `${WAITING_MAX} calls wait already` : `no place became free within ${timeoutMs} ms`;
    const reason = `${question.resource} was not asked: ${concurrency} calls run and ${what}. Raise \`cacheSeconds\` or \`concurrency\`, or make the service faster.`;
    return failed(reason, false);
  }

  async #attempts(question: Question, signal: AbortSignal, deadline: number): Promise<Reply> {
    const first = await attempt(question, signal);
    const isRepeated = first.status === 'failed' && first.isTransient;
    if (!isRepeated || this.#clock.now() + REPEAT_PAUSE_MS + REPEAT_MS_MIN > deadline) return first;
    await new Promise<void>((resolve) => {
      this.#clock.after(REPEAT_PAUSE_MS, resolve);
    });
    return signal.aborted ? first : await attempt(question, signal);
  }
}

async function attempt(question: Question, signal: AbortSignal): Promise<Reply> {
  try {
    return await question.ask(signal);
  } catch (error) {
    return failed(`${question.resource} could not be asked: ${asError(error).message}`, false);
  }
}

/** Resolves with the reply that the signal was aborted with. */
function whenAborted(signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve) => {
    const onAbort = () => resolve(signal.reason as Reply);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
