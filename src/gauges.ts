/** Gauges that are read off the parts at each scrape, rather than kept up to date all the time. */

import type { Deliveries } from './deliveries.ts';
import type { MessageClass } from './message.ts';
import type { Metrics } from './metrics.ts';
import type { Spool } from './spool/api.ts';

const CLASSES: readonly MessageClass[] = ['normal', 'alarm'];

export interface GaugeSources {
  readonly spool: Pick<Spool, 'stats'>;
  readonly deliveries: Pick<Deliveries, 'all'>;
}

export function refreshGauges(metrics: Metrics, { spool, deliveries }: GaugeSources): void {
  const stats = spool.stats();
  for (const name of CLASSES) {
    metrics.journalBytes.set({ class: name }, stats.classes[name].bytes);
    metrics.journalBacklogMessages.set({ class: name }, stats.classes[name].backlogMessages);
  }
  metrics.deadLetterBytes.set(stats.deadLetterBytes);
  for (const [lane, bytes] of stats.laneBacklogBytes.entries())
    metrics.laneBacklogBytes.set({ lane: String(lane) }, bytes);
  for (const delivery of deliveries.all()) delivery.refreshMetrics();
}
