/** Cuts entries into the batches of single calls. */
import type { Outcome, PumpLimits } from '../sink.ts';
import type { Bundle } from './settlement.ts';

/** How many bundles from the front make one batch; at least one. */
export function batchLength(bundles: readonly Bundle[], limits: PumpLimits): number {
  let bytes = 0;
  let count = 0;
  for (const { entry } of bundles) {
    bytes += limits.batchBytesOf(entry);
    if (count > 0 && (count >= limits.batchCountMax || bytes > limits.batchBytesMax)) break;
    count++;
  }
  return count;
}

/** Batches that agree in their group and are within the limits; in order within each group. */
export function cutBatches(bundles: readonly Bundle[], limits: PumpLimits): Bundle[][] {
  const groups = new Map<string, Bundle[]>();
  for (const bundle of bundles) {
    const key = limits.groupOf(bundle.entry);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [bundle]);
    else group.push(bundle);
  }
  const batches: Bundle[][] = [];
  for (const group of groups.values()) {
    for (let rest = group; rest.length > 0; ) {
      const length = batchLength(rest, limits);
      batches.push(rest.slice(0, length));
      rest = rest.slice(length);
    }
  }
  return batches;
}

/** The call was refused and nothing tells which entry is to blame: all outcomes have the very same cause. */
export function isRefusedWhole(outcomes: readonly Outcome[]): boolean {
  const [first] = outcomes;
  if (outcomes.length < 2 || first?.status !== 'rejected') return false;
  return outcomes.every((outcome) => outcome.status === 'rejected' && outcome.cause === first.cause);
}

export function halves(batch: readonly Bundle[]): Bundle[][] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}
