import { describe, expect, it } from 'vitest';
import { sumOf } from '../../../bench/gateway/metrics.ts';

const text = `# HELP headgate_messages_received_total PUBLISH packets
# TYPE headgate_messages_received_total counter
headgate_messages_received_total{qos="0"} 5
headgate_messages_received_total{qos="1"} 1.5e3
headgate_messages_received_total_bytes 7
headgate_ready 1
`;

describe('sumOf', () => {
  it('adds up a metric over its labels, and no other metric that begins alike', () => {
    expect(sumOf(text, 'headgate_messages_received_total')).toBe(1505);
  });

  it('reads a metric without labels', () => {
    expect(sumOf(text, 'headgate_ready')).toBe(1);
  });

  it('is zero for a metric that is not there', () => {
    expect(sumOf(text, 'headgate_absent')).toBe(0);
  });
});
