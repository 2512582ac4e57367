/** Chance from a seed: the same seed gives the same fleet and the same readings. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Normally distributed around 0 with the given standard deviation. */
  noise(deviation: number): number;
  /** An independent stream; sensors do not disturb each other's numbers. */
  fork(): Random;
}

/** mulberry32: 32 bits of state are plenty for a simulated factory, and it needs no library. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    // Box and Muller; 1 - next() is never 0, whose logarithm would be infinite.
    noise: (deviation) => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    fork: () => createRandom(Math.floor(next() * 0x1_0000_0000)),
  };
}
