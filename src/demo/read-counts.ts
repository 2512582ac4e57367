/** The gateway's own metrics as one row of numbers for the screen and the final table. */
import type { Metrics } from '../metrics.ts';

export interface GatewayCounts {
  readonly received: number;
  readonly unmatched: number;
  readonly evaluated: number;
  readonly dropped: number;
  readonly matched: number;
  readonly emitted: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly backlogMessages: number;
  readonly fsyncs: number;
  readonly fsyncSeconds: number;
}

export interface ActionCounts {
  readonly action: string;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly rawBytes: number;
  readonly encodedBytes: number;
}

interface Readable {
  get(): Promise<{
    values: readonly {
      readonly value: number;
      readonly labels: Readonly<Record<string, string | number | undefined>>;
      readonly metricName?: string;
    }[];
  }>;
}

export async function readCounts(metrics: Metrics): Promise<GatewayCounts> {
  const [received, unmatched, evaluated, dropped, matched, emitted, delivered, deadLettered] = await Promise.all(
    [
      metrics.messagesReceived,
      metrics.messagesUnmatched,
      metrics.messagesEvaluated,
      metrics.messagesDropped,
      metrics.ruleMatched,
      metrics.actionEmitted,
      metrics.actionDelivered,
      metrics.actionDeadLettered,
    ].map((metric) => total(metric)),
  );
  return {
    received: received ?? 0,
    unmatched: unmatched ?? 0,
    evaluated: evaluated ?? 0,
    dropped: dropped ?? 0,
    matched: matched ?? 0,
    emitted: emitted ?? 0,
    delivered: delivered ?? 0,
    deadLettered: deadLettered ?? 0,
    backlogMessages: (emitted ?? 0) - (delivered ?? 0) - (deadLettered ?? 0) - (await total(metrics.actionDropped)),
    fsyncs: await total(metrics.journalCommitSeconds, 'headgate_journal_fsync_seconds_count'),
    fsyncSeconds: await total(metrics.journalCommitSeconds, 'headgate_journal_fsync_seconds_sum'),
  };
}

export async function readActionCounts(metrics: Metrics): Promise<readonly ActionCounts[]> {
  const [delivered, deadLettered, rawBytes, encodedBytes] = await Promise.all(
    [metrics.actionDelivered, metrics.actionDeadLettered, metrics.actionRawBytes, metrics.actionEncodedBytes].map(
      (metric) => byAction(metric),
    ),
  );
  const actions = new Set([...(delivered?.keys() ?? []), ...(deadLettered?.keys() ?? [])]);
  return [...actions].sort().map((action) => ({
    action,
    delivered: delivered?.get(action) ?? 0,
    deadLettered: deadLettered?.get(action) ?? 0,
    rawBytes: rawBytes?.get(action) ?? 0,
    encodedBytes: encodedBytes?.get(action) ?? 0,
  }));
}

/** `name` picks one series of a histogram. */
async function total(metric: Readable, name?: string): Promise<number> {
  const { values } = await metric.get();
  return values.reduce((sum, entry) => (name === undefined || entry.metricName === name ? sum + entry.value : sum), 0);
}

async function byAction(metric: Readable): Promise<ReadonlyMap<string, number>> {
  const { values } = await metric.get();
  return new Map(values.map(({ labels: { action }, value }) => [String(action ?? ''), value]));
}
