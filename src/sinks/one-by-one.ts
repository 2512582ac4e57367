/** Entries sent one call each, in order. */
import type { Entry } from '../message.ts';
import type { Outcome } from './sink.ts';

/**
 * At most `concurrency` calls at once; entries with the same `keyOf` never overtake one another. An entry that must be tried again
 * holds back the later ones of its key (of all keys when `concurrency` is 1): they are not sent and share its outcome.
 */
export async function deliverOneByOne(
  entries: readonly Entry[],
  concurrency: number,
  keyOf: (entry: Entry) => string,
  send: (entry: Entry) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = new Array(entries.length);
  const queues = new Map<string, number[]>();
  for (const [index, entry] of entries.entries()) {
    const key = concurrency === 1 ? '' : keyOf(entry);
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [index]);
    else queue.push(index);
  }
  const waiting = queues.values();
  const work = async () => {
    for (const queue of waiting) {
      let stopped: Outcome | null = null;
      for (const index of queue) {
        const entry = entries[index];
        if (entry === undefined) continue;
        const outcome: Outcome = stopped ?? (await send(entry));
        if (outcome.status === 'retry' || outcome.status === 'held') stopped = outcome;
        outcomes[index] = outcome;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, queues.size) }, work));
  return outcomes;
}
