import { describe, expect, it } from 'vitest';
import { createDisplay } from '../../src/demo/display.ts';
import type { Progress } from '../../src/demo/progress.ts';

const at = (elapsedSeconds: number): Progress => ({
  elapsedSeconds,
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
});

describe('the display', () => {
  it('redraws its screen in place on a terminal', () => {
    const written: string[] = [];
    const display = createDisplay(true, (text) => written.push(text));
    display.show(at(1));
    display.show(at(1.25));
    const height = written[0]?.split('\n').length ?? 0;
    expect(written[0]?.startsWith('\u001b[2KHeadgate demo')).toBe(true);
    expect(written[1]?.startsWith(`\u001b[${height - 1}A`)).toBe(true);
  });

  it('writes a line every two seconds elsewhere, without control characters', () => {
    const written: string[] = [];
    const display = createDisplay(false, (text) => written.push(text));
    for (let quarter = 1; quarter <= 20; quarter++) display.show(at(quarter / 4));
    expect(written.map((line) => line.slice(0, 5))).toEqual(['  2 s', '  4 s']);
    expect(written.join('')).not.toContain('\u001b');
  });
});
