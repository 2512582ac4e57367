/** What the process itself costs: CPU, memory, event loop delay. Read at each scrape, so an idle gateway does nothing for it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

const RESOLUTION_MS = 20;
const LAG_PERCENTILE = 99;

export interface ProcessMetrics {
  refresh(): void;
  close(): void;
}

export function openProcessMetrics(metrics: Metrics, version: string, process: NodeJS.Process): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.buildInfo.set({ version, node: process.version }, 1);
  metrics.startTime.set(Date.now() / 1000 - process.uptime());
  let cpuMicroseconds = 0;
  return {
    refresh() {
      const { user, system } = process.cpuUsage();
      metrics.processCpuSeconds.inc((user + system - cpuMicroseconds) / 1e6);
      cpuMicroseconds = user + system;
      metrics.processResidentBytes.set(process.memoryUsage.rss());
      const lagMs = Math.max(0, delay.percentile(LAG_PERCENTILE) / 1e6 - RESOLUTION_MS);
      metrics.eventLoopLagSeconds.set(Number.isFinite(lagMs) ? lagMs / 1000 : 0);
      delay.reset();
    },
    close: () => delay.disable(),
  };
}
