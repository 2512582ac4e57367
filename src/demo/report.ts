/** What the demo prints at its end. Pure. */
import type { Account } from './account.ts';
import type { FleetCounts } from './fleet.ts';
import type { ActionCounts } from './read-counts.ts';
import type { LakeRow } from './read-lake.ts';
import { formatBytes, formatCount, formatRatio, renderTable } from './table.ts';

export interface Report {
  readonly rows: readonly LakeRow[];
  readonly actions: readonly ActionCounts[];
  readonly account: Account;
  readonly fleet: FleetCounts;
  /** Dead letters by the gateway's own books. */
  readonly deadLettered: number;
  readonly notices: number;
  readonly dir: string;
}

/** Everything acknowledged is in the files, or in the dead letters because it fits no schema; and nothing is unaccounted for. */
export function isAccountedFor(report: Report): boolean {
  const { account, fleet, deadLettered } = report;
  // Poison of QoS 0 lands there as well, so that only a lower bound is exact.
  return account.lost === 0 && fleet.inFlight === 0 && fleet.failed === 0 && account.deadLettered <= deadLettered;
}

export function renderReport(report: Report): string {
  return [renderFiles(report), '', ...renderAccount(report), '', ...renderNext(report.dir)].join('\n');
}

function renderFiles({ rows, actions }: Report): string {
  const rawBytes = new Map<string, number>();
  for (const { action, rawBytes: bytes } of actions) {
    const rule = action.split('/')[0] ?? action;
    rawBytes.set(rule, (rawBytes.get(rule) ?? 0) + bytes);
  }
  const line = (row: LakeRow, raw: number): readonly string[] => [
    row.rule,
    formatCount(row.files),
    formatCount(row.records),
    formatBytes(raw),
    formatBytes(row.avroBytes),
    formatRatio(raw, row.avroBytes),
    formatBytes(row.fileBytes),
    formatRatio(raw, row.fileBytes),
  ];
  const sum = (pick: (row: LakeRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  const all: LakeRow = {
    rule: 'all',
    files: sum((row) => row.files),
    records: sum((row) => row.records),
    avroBytes: sum((row) => row.avroBytes),
    fileBytes: sum((row) => row.fileBytes),
  };
  return renderTable(
    ['rule', '>files', '>records', '>raw JSON', '>Avro', '>smaller', '>compressed files', '>smaller'],
    [
      ...rows.map((row) => line(row, rawBytes.get(row.rule) ?? 0)),
      line(
        all,
        sum((row) => rawBytes.get(row.rule) ?? 0),
      ),
    ],
  );
}

function renderAccount(report: Report): readonly string[] {
  const { account, fleet, deadLettered } = report;
  const [qos0, qos1, qos2] = fleet.published;
  const verdict = isAccountedFor(report) ? 'Accounted for' : 'NOT ACCOUNTED FOR';
  return [
    `Published: ${formatCount(qos0)} at QoS 0, ${formatCount(qos1)} at QoS 1, ${formatCount(qos2)} at QoS 2; ${formatCount(report.notices)} notices came back to a local subscriber.`,
    `${verdict}: ${formatCount(account.acknowledged)} acknowledged at QoS 1 and 2 = ${formatCount(account.found)} found in the files, one by one` +
      ` + ${formatCount(account.deadLettered)} that fit no schema + ${formatCount(account.lost)} lost.`,
    `Dead letters: ${formatCount(deadLettered)}, of ${formatCount(fleet.poison)} messages in which a sensor said ERR instead of a number; nothing else failed with them.`,
    ...(account.repeated > 0
      ? [`Repeated: ${formatCount(account.repeated)} records stand in the files more than once.`]
      : []),
    ...(fleet.inFlight + fleet.failed > 0
      ? [`Not acknowledged: ${formatCount(fleet.inFlight + fleet.failed)}. Nothing is promised about these.`]
      : []),
    ...account.lostNamed.map((name) => `  lost: ${name}`),
  ];
}

function renderNext(dir: string): readonly string[] {
  return [
    'Where to look next',
    `  ${dir}/lake                 the Avro files; any Avro tool reads them`,
    `  ${dir}/headgate.yaml        the configuration, with rules/ and schemas/ beside it: edit them, then`,
    `  npx headgate check --config ${dir}/headgate.yaml`,
    `  npm start -- --config ${dir}/headgate.yaml`,
    `  ${dir}/metrics.txt          the gateway's metrics at the end, as /metrics serves them`,
    `  npx headgate dlq list --data-dir ${dir}/data`,
    '  README.md, "A real configuration", for the way to AWS',
  ];
}
