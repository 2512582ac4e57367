/** A benchmark is a question with a name. Its file exports one `BenchCase`; `cases/index.ts` lists them. */
import type { LoadPlan } from './load/plan.ts';

export interface CaseContext {
  /** Measured time of one run. */
  readonly seconds: number;
  /** What the command line sets of the load; a case adds the port and its own needs. */
  readonly load: Omit<LoadPlan, 'port' | 'qos'>;
  /** A folder of this run's own, removed afterwards. */
  readonly directory: string;
  /** The project's folder: `dist/main.js` lies in it. */
  readonly projectDirectory: string;
}

export interface BenchCase {
  readonly name: string;
  readonly question: string;
  run(context: CaseContext): Promise<CaseOutcome>;
}

export interface ThreadCost {
  /** `main`, or the name the system gives the thread and its rank by cost. */
  readonly name: string;
  readonly usPerMessage: number;
}

/** What came out, counted against what went in. */
export interface Tally {
  /** Messages that were acknowledged (QoS 0: sent). */
  readonly expected: number;
  /** Distinct expected messages found in the output. */
  readonly found: number;
  readonly missing: number;
  readonly duplicates: number;
}

export interface CaseMeasurement {
  readonly status: 'measured';
  readonly messages: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  /** Of the server (or of this process, for a case that has none). */
  readonly cpuUsPerMessage: number;
  readonly threads: readonly ThreadCost[];
  /** Publish → PUBACK (journal: append → told that it is durable); null where nothing is acknowledged. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number } | null;
  readonly rssPeakBytes: number | null;
  readonly generatorUsPerMessage: number | null;
  readonly tally: Tally | null;
  /** Further figures by name, in the unit that the name ends in. */
  readonly extra: Readonly<Record<string, number>>;
}

/** `absent`: what the case needs is not on this machine. */
export type CaseOutcome = CaseMeasurement | { readonly status: 'absent' | 'failed'; readonly reason: string };
