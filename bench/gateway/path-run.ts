/** The whole gateway as a process of its own under load, until all that it took in has come out again and was counted. */
import { join } from 'node:path';
import type { CaseContext, CaseMeasurement, Tally } from '../case.ts';
import { SEQUENCE_FIRST } from '../load/payload.ts';
import { type BrokerRun, loadServer } from '../measure/broker-run.ts';
import { SequenceTally } from '../measure/sequence-tally.ts';
import { freePort, type Server, startOnPort } from '../measure/server.ts';
import { cpuCost, peakResidentBytes, sampleCpu } from '../measure/threads.ts';
import { type GatewayFolder, writeGatewayFolder } from './folder.ts';
import { delivered, evaluated, type GatewayFigures, readFigures, ready } from './metrics.ts';
import { readLake } from './read-lake.ts';

export const OTHER_RULES = 999;
const READY_SECONDS_MAX = 20;
const DRAIN_SECONDS_MAX = 120;

export interface PathWorkload {
  readonly qos: 0 | 1;
  readonly action: 'file' | 'stdout' | null;
  readonly otherRules: number;
}

/** Throws when anything acknowledged is missing from the output. */
export async function runPath(context: CaseContext, workload: PathWorkload): Promise<CaseMeasurement> {
  const { directory, projectDirectory } = context;
  const port = await freePort();
  const adminPort = await freePort();
  const folder = writeGatewayFolder(directory, { ...workload, port, adminPort });
  const main = join(projectDirectory, 'dist', 'main.js');
  // Where messages go to standard output, logs go with them.
  const stdout = workload.action === 'stdout' ? 'ignored' : 'kept';
  const server = await startOnPort(process.execPath, [main, 'run', '--config', folder.config], port, stdout);
  const measured = await underLoad(server, adminPort, workload.qos, context).catch(async (error: Error) => {
    const { output } = await server.stop();
    throw new Error(`${error.message} ${output}`, { cause: error });
  });
  const { code, output } = await server.stop();
  if (code !== 0) throw new Error(`The gateway ended with code ${code}: ${output}`);
  const { measurement, run, figures } = measured;
  const tally = await countBack(workload, folder, run, figures);
  if (workload.qos === 1 && tally !== null && tally.missing > 0)
    throw new Error(`${tally.missing} of ${tally.expected} acknowledged messages are missing from the output.`);
  return { ...measurement, tally };
}

interface PathMeasurement {
  readonly measurement: CaseMeasurement;
  readonly run: BrokerRun;
  /** When nothing was in flight any more. */
  readonly figures: GatewayFigures;
}

/** CPU counts until everything has come out: acknowledging early and working later is not cheaper. */
async function underLoad(
  server: Server,
  adminPort: number,
  qos: 0 | 1,
  context: CaseContext,
): Promise<PathMeasurement> {
  await ready(adminPort, READY_SECONDS_MAX);
  const scrapes: Promise<GatewayFigures>[] = [];
  const run = await loadServer(server, qos, context, () => scrapes.push(readFigures(adminPort)));
  const endedAtMs = performance.now();
  const [before, after] = await Promise.all(scrapes);
  if (before === undefined || after === undefined) throw new Error('The gateway was not scraped.');
  const caughtUp = await evaluated(adminPort, DRAIN_SECONDS_MAX);
  const figures = await delivered(adminPort, DRAIN_SECONDS_MAX);
  const { report } = run;
  const messages = report.total.acked - report.warmup.acked;
  const cost = cpuCost(run.cpuBefore, sampleCpu(server.pid), messages);
  const measurement = {
    ...run.measurement,
    messagesPerSecond: Math.min(run.measurement.messagesPerSecond, evaluatedPerSecond(before, caughtUp)),
    cpuUsPerMessage: cost.totalUs,
    threads: cost.threads,
    rssPeakBytes: peakResidentBytes(server.pid),
    extra: {
      ...run.measurement.extra,
      ackedPerSecond: run.measurement.messagesPerSecond,
      evaluatedUnderLoadPerSecond: evaluatedPerSecond(before, after),
      behindSeconds: (caughtUp.atMs - endedAtMs) / 1000,
    },
  };
  return { measurement, run, figures };
}

/** A gateway that acknowledges faster than it works is as fast as it works: measured until the last message was evaluated. */
function evaluatedPerSecond(from: GatewayFigures, to: GatewayFigures): number {
  const messages = to.received - to.notEvaluated - (from.received - from.notEvaluated);
  return messages / ((to.atMs - from.atMs) / 1000);
}

/** The lake by its numbers; standard output, which went nowhere, by the gateway's own count. */
async function countBack(
  workload: PathWorkload,
  folder: GatewayFolder,
  run: BrokerRun,
  figures: GatewayFigures,
): Promise<Tally | null> {
  const { total, unacked } = run.report;
  switch (workload.action) {
    case null:
      return null;
    case 'file': {
      const tally = new SequenceTally(SEQUENCE_FIRST, total.sent);
      await readLake(folder.lake, tally);
      return tally.result(unacked);
    }
    case 'stdout': {
      const found = Math.min(figures.delivered, total.acked);
      const duplicates = figures.delivered - found;
      return { expected: total.acked, found, missing: total.acked - found, duplicates };
    }
  }
}
