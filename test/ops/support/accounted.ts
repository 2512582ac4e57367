import { recordsIn } from '../../support/avro-records.ts';
import type { GatewayProcess } from '../../support/gateway-process.ts';
import { until } from '../../support/until.ts';

export interface Account {
  /** Acknowledged and not in the lake: lost. */
  readonly lost: readonly string[];
  /** In the lake and never published. */
  readonly unknown: readonly string[];
  /** In the lake more than once; a crash may cause that. */
  readonly duplicateCount: number;
}

/** Compares what was acknowledged with the Avro files below `lakeDir`. */
export async function accountFor(
  lakeDir: string,
  published: Iterable<string>,
  acknowledged: Iterable<string>,
): Promise<Account> {
  const records = await recordsIn<{ id: string }>(lakeDir);
  const written = new Set(records.map((record) => record.id));
  const known = new Set(published);
  return {
    lost: [...acknowledged].filter((id) => !written.has(id)),
    unknown: [...written].filter((id) => !known.has(id)),
    duplicateCount: records.length - written.size,
  };
}

/** Resolves when nothing that the journal or an outbox holds is still to be delivered. */
export async function drained(gateway: Pick<GatewayProcess, 'metric'>): Promise<void> {
  await until(
    'the gateway to have delivered everything',
    async () => {
      const waiting = [
        'headgate_messages_in_flight',
        'headgate_journal_backlog_messages{class="normal"}',
        'headgate_action_in_flight{action="ids/0"}',
      ];
      const counts = await Promise.all(waiting.map((line) => gateway.metric(line)));
      return counts.every((count) => count === 0);
    },
    60_000,
  );
}
