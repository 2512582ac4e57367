import { describe, expect, it } from 'vitest';
import { Books } from '../src/books.ts';
import { createMetrics } from '../src/metrics.ts';

async function readMetric(
  metric: { get(): Promise<{ values: readonly { value: number; labels: object }[] }> },
  labels: object = {},
): Promise<number> {
  const { values } = await metric.get();
  return values.find((row) => JSON.stringify(row.labels) === JSON.stringify(labels))?.value ?? 0;
}

describe('Books', () => {
  it('balance: received = unmatched + evaluated + dropped + in flight', async () => {
    const metrics = createMetrics();
    const books = new Books(metrics);
    for (let i = 0; i < 10; i++) books.received(1, 100, i < 7);
    for (let i = 0; i < 6; i++) books.journaled();
    books.dropped('unauthorized');
    books.evaluated(4);
    expect(books.inFlight).toBe(2);
    books.carry();
    expect(await readMetric(metrics.messagesReceived, { qos: '1' })).toBe(10);
    expect(await readMetric(metrics.messagesUnmatched)).toBe(3);
    expect(await readMetric(metrics.messagesEvaluated)).toBe(4);
    expect(await readMetric(metrics.messagesDropped, { reason: 'unauthorized' })).toBe(1);
    expect(await readMetric(metrics.messagesInFlight)).toBe(2);
    expect(await readMetric(metrics.messagesReceivedBytes)).toBe(1000);
  });

  it('carries each count once, however often the metrics are read', async () => {
    const metrics = createMetrics();
    const books = new Books(metrics);
    books.received(0, 5, true);
    books.carry();
    books.carry();
    books.received(0, 5, true);
    books.carry();
    expect(await readMetric(metrics.messagesReceived, { qos: '0' })).toBe(2);
  });
});
