/** Sets parts that run in this process against each other: many short rounds, all parts in each, medians over the rounds. */
import type { CaseContext, CaseMeasurement } from '../case.ts';
import { median } from '../result.ts';

const WARMUP_SHARE = 0.3;

/** One of the things compared. Each call works through as many messages as the others' do, and around 0.1 ms of them. */
export type Part = () => void;

export interface Interleaved {
  readonly rounds: number;
  /** Of each part, in milliseconds; as many as there were rounds. */
  readonly roundMs: readonly (readonly number[])[];
}

/**
 * What the machine does meanwhile falls on all parts alike. Every other round runs backwards, so that none always meets the garbage
 * and the cold caches that the same other one leaves behind.
 */
export function interleave(
  parts: readonly Part[],
  secondsMin: number,
  nowMs: () => number = () => performance.now(),
): Interleaved {
  const roundMs = parts.map((): number[] => []);
  const forwards = parts.map((_, index) => index);
  const backwards = [...forwards].reverse();
  const startMs = nowMs();
  let rounds = 0;
  do {
    for (const index of rounds % 2 === 0 ? forwards : backwards) {
      const partStartMs = nowMs();
      parts[index]?.();
      roundMs[index]?.push(nowMs() - partStartMs);
    }
    rounds++;
  } while (nowMs() - startMs < secondsMin * 1000);
  return { rounds, roundMs };
}

/** How many times as long as its yardstick, by name: the median of the one over the median of the other. */
export function measureAgainst(
  context: CaseContext,
  messagesPerRound: number,
  comparison: { readonly measured: Part; readonly yardstick: Part; readonly ratioName: string },
): CaseMeasurement {
  const parts = [comparison.yardstick, comparison.measured];
  interleave(parts, context.seconds * WARMUP_SHARE);
  return compared(interleave(parts, context.seconds), messagesPerRound, comparison.ratioName);
}

/** The first part is the yardstick, the second is what was measured. Both keep one thread busy: time is CPU time. */
export function compared(interleaved: Interleaved, messagesPerRound: number, ratioName: string): CaseMeasurement {
  const [yardstickMs = [], measuredMs = []] = interleaved.roundMs;
  const usPerMessage = (ms: readonly number[]) => ((median(ms) ?? 0) * 1000) / messagesPerRound;
  const measuredUs = usPerMessage(measuredMs);
  const yardstickUs = usPerMessage(yardstickMs);
  return {
    status: 'measured',
    messages: interleaved.rounds * messagesPerRound,
    seconds: measuredMs.reduce((sum, ms) => sum + ms, 0) / 1000,
    messagesPerSecond: 1e6 / measuredUs,
    cpuUsPerMessage: measuredUs,
    threads: [{ name: 'main', usPerMessage: measuredUs }],
    latencyMs: null,
    rssPeakBytes: null,
    generatorUsPerMessage: null,
    tally: null,
    extra: { [ratioName]: measuredUs / yardstickUs, yardstickUs },
  };
}
