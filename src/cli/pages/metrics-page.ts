import type { Metrics } from '../../metrics.ts';
import { code, page, table } from './markdown.ts';

/** docs/reference/metrics.md, in the order of declaration. */
export async function metricsPage({ registry }: Metrics): Promise<string> {
  const declared = await registry.getMetricsAsJSON();
  const rows = declared.map(({ name, type, help }) => {
    const labels = labelNames(registry.getSingleMetric(name)).map(code).join(', ');
    return [code(name), String(type), labels, help];
  });
  const introduction = [
    "Served as `GET /metrics` at the address under `admin:`, in Prometheus' text format. Labels come from the configuration or from fixed sets, never from a topic, a",
    'client or a payload. Two balances hold at any time, and an alert of `deploy/prometheus` watches them:',
    '',
    '- messages: received = unmatched + evaluated + dropped + in flight',
    '- per action: emitted = delivered + in flight + dead-lettered + dropped',
  ].join('\n');
  return page('Metrics', introduction, [table(['name', 'type', 'labels', 'meaning'], rows)]);
}

/** prom-client keeps label names on the metric, though its types do not say so. */
function labelNames(metric: unknown): readonly string[] {
  const names = (metric as { readonly labelNames?: unknown } | undefined)?.labelNames;
  return Array.isArray(names) ? names.map(String) : [];
}
