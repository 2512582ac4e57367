import { describe, expect, it } from 'vitest';
import { compare, judgeBars } from '../../bench/bars.ts';
import type { CaseMeasurement, CaseOutcome } from '../../bench/case.ts';
import { renderBenchTable } from '../../bench/report.ts';
import { type BenchResult, type CaseRounds, medianOf } from '../../bench/result.ts';

const base: CaseMeasurement = {
  status: 'measured',
  messages: 1000,
  seconds: 1,
  messagesPerSecond: 1000,
  cpuUsPerMessage: 3,
  threads: [
    { name: 'main', usPerMessage: 2.25 },
    { name: 'node#1', usPerMessage: 0.75 },
  ],
  latencyMs: { p50: 1, p99: 12.34, p999: 20 },
  rssPeakBytes: 110e6,
  generatorUsPerMessage: 0.2,
  tally: null,
  extra: {},
};

function rounds(
  name: string,
  ...outcomes: (Partial<CaseMeasurement> | { status: 'absent'; reason: string })[]
): CaseRounds {
  return {
    name,
    question: '?',
    rounds: outcomes.map(
      (outcome): CaseOutcome => (outcome.status === 'absent' ? outcome : { ...base, ...outcome }) as CaseOutcome,
    ),
  };
}

function result(cases: readonly CaseRounds[]): BenchResult {
  return {
    formatVersion: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    commit: 'abc1234',
    node: '20.20.2',
    machine: { cpuModel: 'Test CPU', cores: 2, memoryBytes: 4 * 2 ** 30, system: 'linux 6 x64' },
    settings: { seconds: 5, rounds: 1, rate: null },
    cases,
    bars: judgeBars(cases),
  };
}

describe('medianOf', () => {
  it('is the middle round, or the mean of the two middle ones', () => {
    const speeds = (...values: number[]) => rounds('a', ...values.map((messagesPerSecond) => ({ messagesPerSecond })));
    const median = (of: CaseRounds) => medianOf(of, (round) => round.messagesPerSecond);
    expect(median(speeds(9, 1, 5))).toBe(5);
    expect(median(speeds(9, 1, 5, 7))).toBe(6);
    expect(median(rounds('a', { status: 'absent', reason: '' }))).toBeNull();
  });
});

describe('judgeBars', () => {
  const verdicts = (...cases: CaseRounds[]) => judgeBars(cases).map(({ verdict }) => verdict);

  it('passes at the yardstick and fails below it', () => {
    const yardstick = rounds('mosquitto', { messagesPerSecond: 1000 });
    expect(verdicts(rounds('path-qos1-file', { messagesPerSecond: 1000 }), yardstick)).toEqual(['pass', 'pass']);
    expect(verdicts(rounds('path-qos1-file', { messagesPerSecond: 999 }), yardstick)).toEqual(['fail', 'pass']);
  });

  it('compares the medians of rounds', () => {
    const path = rounds(
      'path-qos1-file',
      { messagesPerSecond: 3000 },
      { messagesPerSecond: 100 },
      { messagesPerSecond: 2000 },
    );
    const yardstick = rounds(
      'mosquitto',
      { messagesPerSecond: 900 },
      { messagesPerSecond: 1000 },
      { messagesPerSecond: 9000 },
    );
    expect(judgeBars([path, yardstick])[0]?.value).toBe(2);
  });

  it('fails at 300 MB of memory', () => {
    const yardstick = rounds('mosquitto', {});
    expect(verdicts(rounds('path-qos1-file', { rssPeakBytes: 299_999_999 }), yardstick)[1]).toBe('pass');
    expect(verdicts(rounds('path-qos1-file', { rssPeakBytes: 300_000_000 }), yardstick)[1]).toBe('fail');
  });

  it('never passes what was not measured', () => {
    expect(verdicts(rounds('path-qos1-file', {}), rounds('mosquitto', { status: 'absent', reason: 'x' }))).toEqual([
      'not measured',
      'pass',
    ]);
    expect(verdicts(rounds('mosquitto', {}))).toEqual([]);
  });
});

describe('judgeBars of cases that carry their yardstick', () => {
  const verdict = (name: string, extra: Record<string, number>) => judgeBars([rounds(name, { extra })]);

  it.each([
    ['sql-projection', 'jsonParseRatio', 0.5],
    ['sql-nested', 'jsonParseRatio', 2],
    ['sql-rules', 'oneRuleRatio', 1.1],
  ])('passes %s up to its limit and not beyond', (name, figure, max) => {
    const limit = { name: `${figure} of ${name}`, limit: `≤ ${max}` };
    expect(verdict(name, { [figure]: max })).toEqual([{ ...limit, value: max, verdict: 'pass' }]);
    expect(verdict(name, { [figure]: max + 0.01 })).toEqual([{ ...limit, value: max + 0.01, verdict: 'fail' }]);
    expect(verdict(name, { other: 0 })).toEqual([{ ...limit, value: null, verdict: 'not measured' }]);
  });

  it('takes the median over rounds, and says nothing of cases that did not run', () => {
    const extras = [0.1, 0.9, 0.3].map((jsonParseRatio) => ({ extra: { jsonParseRatio } }));
    expect(judgeBars([rounds('sql-projection', ...extras)])).toMatchObject([{ value: 0.3, verdict: 'pass' }]);
  });
});

describe('compare', () => {
  it('sets cases with acknowledgements against the yardstick', () => {
    const cases = [
      rounds('mosquitto', { cpuUsPerMessage: 6 }),
      rounds('broker', {}),
      rounds('sql', { latencyMs: null }),
      rounds('journal', { generatorUsPerMessage: null }),
      rounds('generator', {}),
    ];
    expect(compare(cases)).toEqual([
      { name: 'messages/s of broker ÷ mosquitto', ratio: 1 },
      { name: 'CPU per message of broker ÷ mosquitto', ratio: 0.5 },
    ]);
  });
});

describe('renderBenchTable', () => {
  const tally = { expected: 5000, found: 5000, missing: 0, duplicates: 0 };

  it('has a row for each case, and says what was absent, what was counted and where it ran', () => {
    const cases = [
      rounds('mosquitto', { status: 'absent', reason: 'mosquitto is not installed' }),
      rounds('path-qos1-file', { messagesPerSecond: 257_000, tally }),
    ];
    expect(renderBenchTable(result(cases))).toBe(
      [
        '| case           | messages/s | CPU µs/message | of it on the main thread | acked p50 ms | acked p99 ms | peak RSS MB |   counted back |',
        '| -------------- | ---------: | -------------: | -----------------------: | -----------: | -----------: | ----------: | -------------: |',
        '| mosquitto      |          – |              – |                        – |            – |            – |           – |              – |',
        '| path-qos1-file |    257,000 |           3.00 |                     2.25 |          1.0 |         12.3 |         110 | 5,000 of 5,000 |',
        '',
        '- **not measured**: messages/s of path-qos1-file ÷ mosquitto = – (≥ 1)',
        '- **pass**: peak RSS of path-qos1-file, MB = 110.00 (< 300)',
        '',
        '- mosquitto absent: mosquitto is not installed',
        '',
        'Test CPU, 2 cores, 4 GiB, linux 6 x64, Node.js 20.20.2, commit abc1234, 2026-01-02T03:04:05.000Z; seconds 5, rounds 1; generator on the same machine.',
        '',
      ].join('\n'),
    );
  });

  it('adds up what was counted back over all rounds, duplicates too', () => {
    const twice = { ...tally, duplicates: 7 };
    expect(renderBenchTable(result([rounds('path-qos1-file', { tally }, { tally: twice })]))).toContain(
      '10,000 of 10,000, 7 twice',
    );
  });
});
