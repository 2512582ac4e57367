/** Loads a server and measures it: the part that all cases with a server share. */
import type { CaseContext, CaseMeasurement } from '../case.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadReport } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import type { Server } from './server.ts';
import { type CpuSample, cpuCost, peakResidentBytes, sampleCpu } from './threads.ts';

export interface BrokerRun {
  readonly measurement: CaseMeasurement;
  readonly report: LoadReport;
  /** The server's CPU when the measured time began. */
  readonly cpuBefore: CpuSample;
}

/** The server stays up. `onMark` runs as the measured time begins and as it ends. Throws when a client was cut off or an acknowledgement was missing or out of order. */
export async function loadServer(
  server: Server,
  qos: 0 | 1,
  context: CaseContext,
  onMark: () => void = () => {},
): Promise<BrokerRun> {
  const samples: CpuSample[] = [];
  const take = () => {
    samples.push(sampleCpu(server.pid));
    onMark();
  };
  const report = await runLoad({ ...context.load, qos, port: server.port }, { started: take, ended: take });
  const [before, after] = samples;
  if (before === undefined || after === undefined) throw new Error('The generator did not mark the measured time.');
  if (report.errors.length > 0) throw new Error(report.errors.join('; '));
  if (report.unacked.length > 0) throw new Error(`${report.unacked.length} messages were never acknowledged.`);
  const messages = report.measured.acked;
  const cost = cpuCost(before, after, messages);
  const measurement: CaseMeasurement = {
    status: 'measured',
    messages,
    seconds: report.measuredSeconds,
    messagesPerSecond: messages / report.measuredSeconds,
    cpuUsPerMessage: cost.totalUs,
    threads: cost.threads,
    latencyMs: qos === 0 ? null : latencyOf(report),
    rssPeakBytes: peakResidentBytes(server.pid),
    generatorUsPerMessage: (report.cpuSeconds * 1e6) / messages,
    tally: null,
    extra: context.load.rate === null ? {} : { behindMsMax: report.behindMsMax },
  };
  return { measurement, report, cpuBefore: before };
}

function latencyOf(report: LoadReport): CaseMeasurement['latencyMs'] {
  const histogram = Histogram.from(report.latency);
  const ms = (share: number) => (histogram.percentileUs(share) ?? Number.NaN) / 1000;
  return { p50: ms(0.5), p99: ms(0.99), p999: ms(0.999) };
}
