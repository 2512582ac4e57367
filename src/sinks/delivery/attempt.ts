/** One call of `sink.deliver`, with a deadline and its measurements. */
import { asError } from '../../errors.ts';
import type { ActionPlan, Entry } from '../../message.ts';
import type { Metrics } from '../../metrics.ts';
import { bodyBytes, type Outcome, type Sink } from '../sink.ts';

const ATTEMPT_MS_MIN = 15_000;
/** The slowest uplink that still gets a large batch through: the deadline grows with the bytes. */
const UPLINK_BYTES_PER_MS_MIN = 64;

function attemptMsMax(entries: readonly Entry[]): number {
  const bytes = entries.reduce((sum, entry) => sum + bodyBytes(entry), 0);
  return ATTEMPT_MS_MIN + Math.ceil(bytes / UPLINK_BYTES_PER_MS_MIN);
}

/** Outcomes in the order of entries, always as many. A sink that throws, or ignores its deadline, has delivered nothing it admits to. */
export async function attempt(
  entries: readonly Entry[],
  services: { readonly sink: Sink; readonly plan: ActionPlan; readonly metrics: Metrics; readonly clock: () => number },
  stop: AbortSignal,
): Promise<readonly Outcome[]> {
  const { metrics, plan, clock } = services;
  const startedAt = clock();
  const outcomes = await deliver(entries, services.sink, stop);
  metrics.actionDeliverySeconds.observe({ action: plan.id }, Math.max(0, clock() - startedAt) / 1000);
  for (const { status } of outcomes) metrics.actionAttempts.inc({ action: plan.id, outcome: status });
  return outcomes;
}

async function deliver(entries: readonly Entry[], sink: Sink, stop: AbortSignal): Promise<readonly Outcome[]> {
  const controller = new AbortController();
  const ms = attemptMsMax(entries);
  const failAll = (cause: Error): readonly Outcome[] => entries.map(() => ({ status: 'retry', cause }));
  let end = () => {};
  const ended = new Promise<readonly Outcome[]>((resolve) => {
    const abort = (cause: Error) => {
      controller.abort(cause);
      resolve(failAll(cause));
    };
    const onStop = () => abort(asError(stop.reason));
    const timer = setTimeout(() => abort(new Error(`No answer within ${ms} ms.`)), ms);
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
    };
  });
  try {
    const outcomes = await Promise.race([sink.deliver(entries, controller.signal), ended]);
    if (outcomes.length === entries.length) return outcomes;
    return failAll(new Error(`The sink gave ${outcomes.length} outcomes for ${entries.length} entries.`));
  } catch (thrown) {
    return failAll(asError(thrown));
  } finally {
    end();
  }
}
