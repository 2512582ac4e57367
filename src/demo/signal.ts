/** What measured values are made of. Each returns a function of elapsed seconds; calls come with rising time. */
import type { Random } from './random.ts';

export type Signal = (seconds: number) => number;

/** Wanders slowly and is pulled back to 0: wear, ambient temperature, a filter that clogs. */
export function drift(random: Random, deviation: number, returnSeconds: number): Signal {
  let value = random.noise(deviation);
  let last = 0;
  return (seconds) => {
    const elapsed = Math.min(Math.max(seconds - last, 0), returnSeconds);
    last = seconds;
    const pull = elapsed / returnSeconds;
    value += -value * pull + random.noise(deviation * Math.sqrt(2 * pull));
    return value;
  };
}

/** A sine of the given period, at a phase of its own: heating cycles, shifts, days. */
export function wave(random: Random, amplitude: number, periodSeconds: number): Signal {
  const phase = random.between(0, 2 * Math.PI);
  return (seconds) => amplitude * Math.sin((2 * Math.PI * seconds) / periodSeconds + phase);
}

/** A machine stroke: rises fast to 1, falls back, rests at 0. */
export function stroke(random: Random, periodSeconds: number): Signal {
  const phase = random.next();
  return (seconds) => {
    const position = (seconds / periodSeconds + phase) % 1;
    if (position < 0.15) return position / 0.15;
    if (position < 0.4) return 1 - (position - 0.15) / 0.25;
    return 0;
  };
}

/** Fills and empties between `low` and `high`: a tank with a pump on level control. */
export function sawtooth(random: Random, low: number, high: number, periodSeconds: number): Signal {
  const phase = random.next();
  return (seconds) => {
    const position = (seconds / periodSeconds + phase) % 1;
    const share = position < 0.7 ? position / 0.7 : 1 - (position - 0.7) / 0.3;
    return low + share * (high - low);
  };
}

export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
