/** https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("full jitter") */
const BASE_MS = 100;
export const BACKOFF_MS_MAX = 60_000;

/** How long to wait before the next attempt after `failures` (≥ 1) in a row. `random` lies in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(BACKOFF_MS_MAX, BASE_MS * 2 ** Math.min(failures, 30)));
}
