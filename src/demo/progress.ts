/** What the demo shows while it runs: a compact screen on a terminal, a line elsewhere. Pure. */
import type { FleetCounts } from './fleet.ts';
import type { GatewayCounts } from './read-counts.ts';
import { formatBytes, formatCount } from './table.ts';

export interface Progress {
  readonly elapsedSeconds: number;
  readonly totalSeconds: number;
  readonly sensors: number;
  readonly fleet: FleetCounts;
  readonly acknowledged: number;
  readonly gateway: GatewayCounts;
  /** Messages received per second over the last interval. */
  readonly ratePerSecond: number;
  /** Share of one core that the process used over the last interval (0.35 = 35 %): gateway and fleet together. */
  readonly cpuShare: number;
  readonly residentBytes: number;
  readonly notices: number;
  readonly lastNotice: string;
}

const barWidth = 30;

/** Lines of one screen, always the same number of them. */
export function renderScreen(progress: Progress): readonly string[] {
  const { fleet, gateway } = progress;
  const share = Math.min(progress.elapsedSeconds / progress.totalSeconds, 1);
  const done = Math.round(share * barWidth);
  const fsyncMs = gateway.fsyncs === 0 ? 0 : (gateway.fsyncSeconds / gateway.fsyncs) * 1000;
  return [
    `Headgate demo  [${'#'.repeat(done)}${'.'.repeat(barWidth - done)}]  ${Math.floor(progress.elapsedSeconds)} of ${progress.totalSeconds} s`,
    '',
    row('sensors', `${progress.sensors} connected`, `${formatCount(progress.ratePerSecond)} messages/s`),
    row('messages in', formatCount(gateway.received), `${formatBytes(fleet.payloadBytes)} of JSON`),
    row(
      'acknowledged',
      formatCount(progress.acknowledged),
      `QoS 1 and 2, each after its fdatasync (mean ${fsyncMs.toFixed(1)} ms)`,
    ),
    row('matched', formatCount(gateway.matched), 'rule hits; one message may match several rules'),
    row('encoded', formatCount(gateway.emitted), 'records emitted by rules'),
    row('delivered', formatCount(gateway.delivered), `backlog ${formatCount(gateway.backlogMessages)}`),
    row('dead letters', formatCount(gateway.deadLettered), 'sensors that sent a word where a number belongs'),
    row(
      'alarms',
      formatCount(fleet.alarms),
      `${formatCount(progress.notices)} notices republished to local subscribers`,
    ),
    row('', '', progress.lastNotice),
    row(
      'CPU, memory',
      `${Math.round(progress.cpuShare * 100)} % of a core`,
      `${formatBytes(progress.residentBytes)} resident, fleet included`,
    ),
  ];
}

export function renderLine(progress: Progress): string {
  const { gateway } = progress;
  return [
    `${String(Math.floor(progress.elapsedSeconds)).padStart(3)} s`,
    `in ${formatCount(gateway.received)}`,
    `matched ${formatCount(gateway.matched)}`,
    `encoded ${formatCount(gateway.emitted)}`,
    `delivered ${formatCount(gateway.delivered)}`,
    `backlog ${formatCount(gateway.backlogMessages)}`,
    `${formatCount(progress.ratePerSecond)} msg/s`,
  ].join('  ');
}

function row(name: string, value: string, remark: string): string {
  return `  ${name.padEnd(14)}${value.padStart(14)}   ${remark}`.trimEnd();
}
