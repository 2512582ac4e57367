/** Measures a part that runs in this process: the same step again and again. */
import type { CaseContext, CaseMeasurement } from '../case.ts';
import { cpuCost, sampleCpu } from './threads.ts';

const WARMUP_SHARE = 0.3;

/** `step` does some work and returns how many messages that was; a step should take around a millisecond. */
export function measureLoop(context: CaseContext, step: () => number): CaseMeasurement {
  runFor(context.seconds * WARMUP_SHARE, step);
  const before = sampleCpu(process.pid);
  const { messages, seconds } = runFor(context.seconds, step);
  const cost = cpuCost(before, sampleCpu(process.pid), messages);
  return {
    status: 'measured',
    messages,
    seconds,
    messagesPerSecond: messages / seconds,
    cpuUsPerMessage: cost.totalUs,
    threads: cost.threads,
    latencyMs: null,
    rssPeakBytes: null,
    generatorUsPerMessage: null,
    tally: null,
    extra: {},
  };
}

function runFor(secondsMin: number, step: () => number): { readonly messages: number; readonly seconds: number } {
  const startMs = performance.now();
  let messages = 0;
  let seconds = 0;
  while (seconds < secondsMin) {
    messages += step();
    seconds = (performance.now() - startMs) / 1000;
  }
  return { messages, seconds };
}
