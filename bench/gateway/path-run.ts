/** The whole gateway as a process of its own under load, until all that it took in has come out again and was counted. */
import { join } from 'node:path';
import type { CaseContext, CaseMeasurement, Tally } from '../case.ts';
import { SEQUENCE_FIRST } from '../load/payload.ts';
import type { LoadCounts } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import { loadServer } from '../measure/broker-run.ts';
import { SequenceTally } from '../measure/sequence-tally.ts';
import { freePort, type Server, startOnPort } from '../measure/server.ts';
import { cpuCost, idle, peakResidentBytes } from '../measure/threads.ts';
import { type GatewayFolder, writeGatewayFolder } from './folder.ts';
import { delivered, type GatewayFigures, readFigures, ready } from './metrics.ts';
import { readLake } from './read-lake.ts';

export const OTHER_RULES = 999;
const READY_SECONDS_MAX = 60;
const DRAIN_SECONDS_MAX = 120;
const PRIMING_RATE = 50_000;

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
  const tally = await countBack(workload, folder, measured);
  if (workload.qos === 1 && tally !== null && tally.missing > 0)
    throw new Error(`${tally.missing} of ${tally.expected} acknowledged messages are missing from the output.`);
  return { ...measured.measurement, tally };
}

interface PathMeasurement {
  readonly measurement: CaseMeasurement;
  readonly total: LoadCounts;
  readonly unacked: readonly number[];
  /** When nothing was in flight any more. */
  readonly figures: GatewayFigures;
}

/** CPU and time count until everything was evaluated: acknowledging early and working later is neither cheaper nor faster. */
async function underLoad(
  server: Server,
  adminPort: number,
  qos: 0 | 1,
  context: CaseContext,
): Promise<PathMeasurement> {
  const startMs = performance.now();
  await ready(adminPort, READY_SECONDS_MAX);
  const primed = await prime(server, adminPort, context);
  const primedSeconds = (performance.now() - startMs) / 1000;
  const marks: number[] = [];
  // Warm already, and with nothing left to do: all that is spent from here on is spent on this load.
  const load = { ...context.load, warmupSeconds: 0, sequenceFirst: SEQUENCE_FIRST + primed.sent };
  const run = await loadServer(server, qos, { ...context, load }, () => marks.push(performance.now()));
  const ackedAtMs = performance.now();
  const caughtUp = await evaluated(server.pid, adminPort);
  const rssPeakBytes = peakResidentBytes(server.pid);
  const figures = await delivered(adminPort, DRAIN_SECONDS_MAX);
  const { report } = run;
  const messages = report.total.acked;
  const cost = cpuCost(run.cpuBefore, caughtUp.cpu, messages);
  const ackedPerSecond = run.measurement.messagesPerSecond;
  const seconds = (caughtUp.atMs - (marks[0] ?? 0)) / 1000;
  const measurement = {
    ...run.measurement,
    messages,
    seconds,
    messagesPerSecond: Math.min(ackedPerSecond, messages / seconds),
    cpuUsPerMessage: cost.totalUs,
    threads: cost.threads,
    rssPeakBytes,
    extra: {
      ...run.measurement.extra,
      primedSeconds,
      ackedPerSecond,
      behindSeconds: Math.max(0, caughtUp.atMs - ackedAtMs) / 1000,
    },
  };
  const { sent, acked } = report.total;
  const total = { sent: sent + primed.sent, acked: acked + primed.acked };
  return { measurement, total, unacked: report.unacked, figures };
}

/** Idle, and by its own account because nothing is left: it might wait for the disk. */
async function evaluated(pid: number, adminPort: number): ReturnType<typeof idle> {
  const untilMs = performance.now() + DRAIN_SECONDS_MAX * 1000;
  for (;;) {
    const caughtUp = await idle(pid, DRAIN_SECONDS_MAX);
    const { notEvaluated } = await readFigures(adminPort);
    if (notEvaluated === 0) return caughtUp;
    if (performance.now() > untilMs)
      throw new Error(`${notEvaluated} messages were not evaluated in ${DRAIN_SECONDS_MAX} s.`);
  }
}

/** Some load through the whole path, so that its workers are up and its code is compiled: starting is another question than running. */
async function prime(server: Server, adminPort: number, context: CaseContext): Promise<LoadCounts> {
  const { warmupSeconds, rate } = context.load;
  const gentle = { rate: Math.min(rate ?? PRIMING_RATE, PRIMING_RATE), warmupSeconds: 0, seconds: warmupSeconds };
  const plan = { ...context.load, ...gentle, qos: 1, port: server.port } as const;
  const report = await runLoad(plan, { started() {}, ended() {} });
  await evaluated(server.pid, adminPort);
  return report.total;
}

/** The lake by its numbers; standard output, which went nowhere, by the gateway's own count. */
async function countBack(
  workload: PathWorkload,
  folder: GatewayFolder,
  measured: PathMeasurement,
): Promise<Tally | null> {
  const { total, unacked, figures } = measured;
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
      return { expected: total.acked, found, missing: total.acked - found, duplicates: figures.delivered - found };
    }
  }
}
