/** A whole bench run as data: what `--json` prints, `--save` keeps and the report is made from. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { CaseMeasurement, CaseOutcome } from './case.ts';

export interface Machine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
}

export interface CaseRounds {
  readonly name: string;
  readonly question: string;
  readonly rounds: readonly CaseOutcome[];
}

export interface Bar {
  readonly name: string;
  /** The figure reached; null when a case it needs was not measured. */
  readonly value: number | null;
  readonly limit: string;
  readonly verdict: 'pass' | 'fail' | 'not measured';
}

export interface BenchResult {
  readonly formatVersion: 1;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Git commit; `+` at its end when files differed from it. Empty outside a repository. */
  readonly commit: string;
  readonly node: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | null>>;
  readonly cases: readonly CaseRounds[];
  readonly bars: readonly Bar[];
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpuModel: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
  };
}

export function describeCommit(directory: string): string {
  const git = (...parameters: string[]) =>
    execFileSync('git', parameters, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
    );
  } catch {
    // No git, or an unpacked archive: the result then names no commit.
    return '';
  }
}

/** The median over the measured rounds; null when none was measured. */
export function medianOf(rounds: CaseRounds, figure: (round: CaseMeasurement) => number | null): number | null {
  const values = rounds.rounds
    .flatMap((round) => (round.status === 'measured' ? [figure(round)] : []))
    .filter((value) => value !== null);
  return median(values);
}

/** The middle value, or of the two middle ones their mean; null when there is none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
