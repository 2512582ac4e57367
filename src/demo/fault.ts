/**
 * What real sensors do wrong, as a small state machine in front of each value:
 *
 * ```
 *            ┌── stuck: the same value again and again
 * healthy ───┼── spike: one value far off
 *    ▲       ├── silent: nothing at all
 *    │       └── text: the word ERR where a number belongs (it fits no schema: a dead letter)
 *    └── after the fault's time
 * ```
 */
import type { Random } from './random.ts';

export type FaultKind = 'stuck' | 'spike' | 'silent' | 'text';

/** null = the sensor sends nothing this time. */
export type Faulty = { readonly value: number | string; readonly fault: FaultKind | null } | null;

export interface FaultRates {
  /** Mean healthy time between two faults. */
  readonly meanSecondsBetween: number;
  /** How far a spike is off. */
  readonly spike: number;
}

const TEXT_FAULT = 'ERR';
const durationSeconds = { stuck: [1, 3], spike: [0, 0], silent: [0.5, 2], text: [0, 0.1] } as const;

export function createFaults(random: Random, rates: FaultRates): (seconds: number, value: number) => Faulty {
  let fault: FaultKind | null = null;
  let faultEnds = 0;
  let nextFault = waitSeconds(random, rates);
  let held = 0;
  return (seconds, value) => {
    if (fault !== null && seconds >= faultEnds) {
      fault = null;
      nextFault = seconds + waitSeconds(random, rates);
    }
    if (fault === null && seconds >= nextFault) {
      fault = pickFault(random);
      const [low, high] = durationSeconds[fault];
      faultEnds = seconds + random.between(low, high);
      held = value;
    }
    switch (fault) {
      case null:
        return { value, fault };
      case 'stuck':
        return { value: held, fault };
      case 'spike':
        return { value: value + rates.spike, fault };
      case 'silent':
        return null;
      case 'text':
        return { value: TEXT_FAULT, fault };
    }
  };
}

function pickFault(random: Random): FaultKind {
  const roll = random.next();
  if (roll < 0.3) return 'stuck';
  if (roll < 0.6) return 'spike';
  if (roll < 0.8) return 'silent';
  return 'text';
}

/** Exponential: faults are independent of each other. */
function waitSeconds(random: Random, rates: FaultRates): number {
  return -Math.log(1 - random.next()) * rates.meanSecondsBetween;
}
