/**
 * The check at the end: is every acknowledged message in the files? Compared by identity (sensor and sequence), not by count, so
 * that a duplicate cannot hide a loss.
 */
import type { Acknowledged } from './fleet.ts';

export interface Account {
  readonly acknowledged: number;
  /** Acknowledged and found in the files. */
  readonly found: number;
  /** Acknowledged, not a number on purpose, not in the files: they must be in the dead letters. */
  readonly deadLettered: number;
  /** Acknowledged and nowhere: a loss. At most `lostShownMax` are named. */
  readonly lost: number;
  readonly lostNamed: readonly string[];
  /** Records found more than once (at-least-once delivery may repeat; it did not have to here). */
  readonly repeated: number;
}

const lostShownMax = 10;

export function messageKey(sensor: string, seq: number): string {
  return `${sensor}/${seq}`;
}

/** `recordKeys`: of every record of the rules that keep everything, repeats included. */
export function settle(acknowledged: readonly Acknowledged[], recordKeys: Iterable<string>): Account {
  const keys = new Set<string>();
  let records = 0;
  for (const key of recordKeys) {
    keys.add(key);
    records++;
  }
  let found = 0;
  let deadLettered = 0;
  let lost = 0;
  const lostNamed: string[] = [];
  for (const { sensor, seq, isPoison } of acknowledged) {
    const key = messageKey(sensor, seq);
    if (keys.has(key)) found++;
    else if (isPoison) deadLettered++;
    else {
      lost++;
      if (lostNamed.length < lostShownMax) lostNamed.push(key);
    }
  }
  return { acknowledged: acknowledged.length, found, deadLettered, lost, lostNamed, repeated: records - keys.size };
}
