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
  readonly notices: number;
  readonly dir: string;
}

/** The rule that keeps every reading; a message that fits no schema is missing there and must be among its dead letters. */
const archiveRule = 'readings';

/** Everything acknowledged is in the files, or among the dead letters because it fits no schema; nothing is unaccounted for. */
export function isAccountedFor({ account, fleet, actions }: Report): boolean {
  const deadLettered = sumOf(actions, archiveRule, (action) => action.deadLettered);
  // Between what was acknowledged at QoS 1 and 2, and what was published at all: nobody knows of each QoS 0 message if it arrived.
  const isPoisonKept = account.deadLettered <= deadLettered && deadLettered <= fleet.poison;
  return account.lost === 0 && fleet.inFlight === 0 && fleet.failed === 0 && isPoisonKept;
}

export function renderReport(report: Report): string {
  return [renderFiles(report), '', ...renderAccount(report), '', ...renderNext(report.dir)].join('\n');
}

function renderFiles({ rows, actions }: Report): string {
  const rawBytesOf = ({ rule }: LakeRow): number => sumOf(actions, rule, (action) => action.rawBytes);
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
    [...rows.map((row) => line(row, rawBytesOf(row))), line(all, sum(rawBytesOf))],
  );
}

function renderAccount(report: Report): readonly string[] {
  const { account, fleet, actions } = report;
  const deadLettered = actions.reduce((total, action) => total + action.deadLettered, 0);
  const [qos0, qos1, qos2] = fleet.published;
  const verdict = isAccountedFor(report) ? 'Accounted for' : 'NOT ACCOUNTED FOR';
  return [
    `Published: ${formatCount(qos0)} at QoS 0, ${formatCount(qos1)} at QoS 1, ${formatCount(qos2)} at QoS 2; ${formatCount(report.notices)} notices came back to a local subscriber.`,
    `${verdict}: ${formatCount(account.acknowledged)} acknowledged at QoS 1 and 2 = ${formatCount(account.found)} found in the files, one by one` +
      ` + ${formatCount(account.deadLettered)} that fit no schema + ${formatCount(account.lost)} lost.`,
    `Dead letters: ${formatCount(deadLettered)}, made by ${formatCount(fleet.poison)} messages in which a sensor said ERR instead of a number.`,
    ...(account.repeated > 0
      ? [`Repeated: ${formatCount(account.repeated)} records stand in the files more than once.`]
      : []),
    ...(fleet.inFlight + fleet.failed > 0
      ? [`Not acknowledged: ${formatCount(fleet.inFlight + fleet.failed)}. Nothing is promised about these.`]
      : []),
    ...account.lostNamed.map((name) => `  lost: ${name}`),
  ];
}

function sumOf(actions: readonly ActionCounts[], rule: string, pick: (action: ActionCounts) => number): number {
  return actions.reduce((total, action) => (action.action.startsWith(`${rule}/`) ? total + pick(action) : total), 0);
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
