import { describe, expect, it } from 'vitest';
import { type Progress, renderLine, renderScreen } from '../../src/demo/progress.ts';

const empty: Progress = {
  elapsedSeconds: 0,
  totalSeconds: 20,
  sensors: 50,
  fleet: { published: [0, 0, 0], payloadBytes: 0, alarms: 0, poison: 0, inFlight: 0, failed: 0 },
  acknowledged: 0,
  gateway: {
    received: 0,
    unmatched: 0,
    evaluated: 0,
    dropped: 0,
    matched: 0,
    emitted: 0,
    delivered: 0,
    deadLettered: 0,
    backlogMessages: 0,
    fsyncs: 0,
    fsyncSeconds: 0,
  },
  ratePerSecond: 0,
  cpuShare: 0,
  residentBytes: 0,
  notices: 0,
  lastNotice: '',
};

const busy: Progress = {
  ...empty,
  elapsedSeconds: 10.4,
  gateway: {
    ...empty.gateway,
    received: 12_345,
    matched: 20_000,
    emitted: 19_990,
    delivered: 18_990,
    backlogMessages: 1000,
  },
  ratePerSecond: 1187,
  lastNotice: 'notify/line-1/3: Oven zone too hot.',
};

describe('the progress of the demo', () => {
  it('keeps the height of its screen, so that it can be redrawn in place', () => {
    expect(renderScreen(busy)).toHaveLength(renderScreen(empty).length);
  });

  it('shows messages in, matched, encoded, delivered, backlog and rate', () => {
    const screen = renderScreen(busy).join('\n');
    for (const text of ['12,345', '20,000', '19,990', '18,990', 'backlog 1,000', '1,187 messages/s', '10 of 20 s']) {
      expect(screen).toContain(text);
    }
    expect(screen).toContain('Oven zone too hot.');
  });

  it('says the same in one line where there is no terminal', () => {
    expect(renderLine(busy)).toBe(
      ' 10 s  in 12,345  matched 20,000  encoded 19,990  delivered 18,990  backlog 1,000  1,187 msg/s',
    );
  });

  it('does not overfill its bar', () => {
    expect(renderScreen({ ...busy, elapsedSeconds: 25 })[0]).toContain(`[${'#'.repeat(30)}]`);
  });
});
