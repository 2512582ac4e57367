import { describe, expect, it } from 'vitest';
import { isAccountedFor, type Report, renderReport } from '../../src/demo/report.ts';

const good: Report = {
  rows: [
    { rule: 'energy', files: 2, records: 100, avroBytes: 5_000, fileBytes: 1_000 },
    { rule: 'readings', files: 3, records: 1_000, avroBytes: 70_000, fileBytes: 20_000 },
  ],
  actions: [
    { action: 'alarm_notices/0', delivered: 4, deadLettered: 0, rawBytes: 800, encodedBytes: 400 },
    { action: 'energy/0', delivered: 100, deadLettered: 0, rawBytes: 20_000, encodedBytes: 5_000 },
    { action: 'readings/0', delivered: 1_000, deadLettered: 2, rawBytes: 140_000, encodedBytes: 70_000 },
  ],
  account: { acknowledged: 802, found: 801, deadLettered: 1, lost: 0, lostNamed: [], repeated: 0 },
  fleet: { published: [200, 700, 102], payloadBytes: 140_000, alarms: 4, poison: 2, inFlight: 0, failed: 0 },
  notices: 4,
  dir: 'demo-data',
};

describe('the report of the demo', () => {
  it('has a row per rule and a sum, raw against Avro against files', () => {
    const lines = renderReport(good).split('\n');
    expect(lines[2]?.split(/ {2,}/)).toEqual(['energy', '2', '100', '19.5 KiB', '4.88 KiB', '4.0x', '1000 B', '20.0x']);
    expect(lines[4]?.split(/ {2,}/)).toEqual(['all', '5', '1,100', '156 KiB', '73.2 KiB', '2.1x', '20.5 KiB', '7.6x']);
  });

  it('says that everything acknowledged is accounted for', () => {
    expect(isAccountedFor(good)).toBe(true);
    expect(renderReport(good)).toContain('Accounted for: 802 acknowledged at QoS 1 and 2 = 801 found');
  });

  it.each([
    ['a message is lost', { account: { ...good.account, found: 800, lost: 1, lostNamed: ['oven-01/7'] } }],
    ['a message was never acknowledged', { fleet: { ...good.fleet, inFlight: 1 } }],
    ['a publish failed', { fleet: { ...good.fleet, failed: 1 } }],
    ['a message is said to be a dead letter and the gateway has none', { actions: [] }],
  ])('does not say so when %s', (_, change) => {
    const bad = { ...good, ...change };
    expect(isAccountedFor(bad)).toBe(false);
    expect(renderReport(bad)).toContain('NOT ACCOUNTED FOR');
  });

  it('names what is lost', () => {
    const account = { ...good.account, found: 800, lost: 1, lostNamed: ['oven-01/7'] };
    expect(renderReport({ ...good, account })).toContain('lost: oven-01/7');
  });

  it('says where to look next', () => {
    for (const text of ['demo-data/lake', 'headgate check', 'metrics.txt', 'README.md']) {
      expect(renderReport(good)).toContain(text);
    }
  });
});
