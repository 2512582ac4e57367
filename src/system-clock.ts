/** The real clock, for parts that take time as a parameter. */
import type { SpoolClock } from './spool/api.ts';

export const systemClock: SpoolClock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
