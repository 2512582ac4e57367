/** The demo's course: fleet in, progress out, until the time is up or somebody stops it; then the files are read back. */
import type { Metrics } from '../metrics.ts';
import { settle } from './account.ts';
import { ControlRoom } from './control-room.ts';
import { Fleet } from './fleet.ts';
import { planFleet } from './plan-fleet.ts';
import type { Progress } from './progress.ts';
import { readActionCounts, readCounts } from './read-counts.ts';
import { readLake } from './read-lake.ts';
import type { Report } from './report.ts';

const sampleMs = 250;
/** For what is in flight when the time is up. */
const fleetStopDeadlineMs = 10_000;
const gatewayStopDeadlineMs = 15_000;
const noticeFilter = 'notices/#';

/** What the demo needs of a gateway. */
interface DemoGateway {
  readonly listeners: readonly { readonly host: string; readonly port: number }[];
  readonly metrics: Metrics;
  refresh(): void;
  stop(deadlineMs: number): Promise<void>;
}

export interface PlayOptions {
  readonly gateway: DemoGateway;
  readonly seed: number;
  readonly seconds: number;
  /** Folder as it is shown to the reader. */
  readonly dir: string;
  readonly lakeDir: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Monotonic, ms. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Called once, between the last progress and the reading of files. */
  readonly onStopping: () => void;
}

/** Stops the gateway, whatever happens. */
export async function play(options: PlayOptions): Promise<Report> {
  const { gateway, clock } = options;
  let fleet: Fleet;
  let room: ControlRoom;
  try {
    const listener = gateway.listeners[0];
    if (listener === undefined) throw new Error('The gateway has no listener.');
    const { host, port } = listener;
    room = await ControlRoom.connect(host, port, noticeFilter);
    fleet = await Fleet.connect({ host, port, clock, sensors: planFleet(options.seed, options.now()) });
    fleet.start();
    await watch(options, fleet, room);
    options.onStopping();
    await fleet.stop(fleetStopDeadlineMs);
    await room.close();
  } finally {
    gateway.refresh();
    await gateway.stop(gatewayStopDeadlineMs);
  }
  const lake = await readLake(options.lakeDir);
  return {
    rows: lake.rows,
    actions: await readActionCounts(gateway.metrics),
    account: settle(fleet.acknowledged, lake.keys),
    fleet: fleet.counts(),
    notices: room.count,
    dir: options.dir,
  };
}

async function watch(options: PlayOptions, fleet: Fleet, room: ControlRoom): Promise<void> {
  const { gateway, clock, seconds, signal } = options;
  const startedAt = clock();
  let last = { at: startedAt, received: 0, cpuSeconds: await cpuSeconds(gateway) };
  while (!signal.aborted && clock() - startedAt < seconds * 1000) {
    await new Promise((resolve) => setTimeout(resolve, sampleMs));
    const at = clock();
    const counts = await readCountsNow(gateway);
    const cpu = await cpuSeconds(gateway);
    const elapsed = Math.max((at - last.at) / 1000, 0.001);
    options.onProgress({
      elapsedSeconds: (at - startedAt) / 1000,
      totalSeconds: seconds,
      sensors: fleet.size,
      fleet: fleet.counts(),
      acknowledged: fleet.acknowledged.length,
      gateway: counts,
      ratePerSecond: (counts.received - last.received) / elapsed,
      cpuShare: (cpu - last.cpuSeconds) / elapsed,
      residentBytes: await gaugeValue(gateway.metrics.processResidentBytes),
      notices: room.count,
      lastNotice: room.last,
    });
    last = { at, received: counts.received, cpuSeconds: cpu };
  }
}

function readCountsNow(gateway: DemoGateway): ReturnType<typeof readCounts> {
  gateway.refresh();
  return readCounts(gateway.metrics);
}

function cpuSeconds(gateway: DemoGateway): Promise<number> {
  gateway.refresh();
  return gaugeValue(gateway.metrics.processCpuSeconds);
}

async function gaugeValue(metric: {
  get(): Promise<{ values: readonly { readonly value: number }[] }>;
}): Promise<number> {
  return (await metric.get()).values[0]?.value ?? 0;
}
