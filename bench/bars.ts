/** What the project promises of its speed, as ratios within one interleaved run: absolute figures differ from machine to machine. */
import type { CaseMeasurement, CaseOutcome } from './case.ts';
import { type Bar, type CaseRounds, medianOf } from './result.ts';

const WHOLE_PATH = 'path-qos1-file';
const YARDSTICK = 'mosquitto';
/** Of the generator: no server. */
const CEILING = 'generator';
const RATE_RATIO_MIN = 1;
const RSS_BYTES_MAX = 300e6;

/** Of cases that carry their yardstick with them: the largest that the named figure of `extra` may be. */
const figuresMax: readonly { readonly name: string; readonly figure: string; readonly max: number }[] = [
  { name: 'sql-projection', figure: 'jsonParseRatio', max: 0.5 },
  { name: 'sql-nested', figure: 'jsonParseRatio', max: 2 },
  { name: 'sql-rules', figure: 'oneRuleRatio', max: 1.1 },
];

/** Bars of the cases that ran. */
export function judgeBars(cases: readonly CaseRounds[]): Bar[] {
  return [...figureBars(cases), ...pathBars(cases)];
}

function figureBars(cases: readonly CaseRounds[]): Bar[] {
  return figuresMax.flatMap(({ name, figure, max }) => {
    const rounds = cases.find((candidate) => candidate.name === name);
    if (rounds === undefined) return [];
    const value = medianOf(rounds, (round) => round.extra[figure] ?? null);
    return [bar(`${figure} of ${name}`, value, `≤ ${max}`, (reached) => reached <= max)];
  });
}

function pathBars(cases: readonly CaseRounds[]): Bar[] {
  const path = cases.find((rounds) => rounds.name === WHOLE_PATH);
  const yardstick = cases.find((rounds) => rounds.name === YARDSTICK);
  if (path === undefined) return [];
  const rate = ratio(path, yardstick, (round) => round.messagesPerSecond);
  const rss = medianOf(path, (round) => round.rssPeakBytes);
  return [
    bar(`messages/s of ${WHOLE_PATH} ÷ ${YARDSTICK}`, rate, `≥ ${RATE_RATIO_MIN}`, (value) => value >= RATE_RATIO_MIN),
    bar(
      `peak RSS of ${WHOLE_PATH}, MB`,
      rss === null ? null : rss / 1e6,
      `< ${RSS_BYTES_MAX / 1e6}`,
      (value) => value < RSS_BYTES_MAX / 1e6,
    ),
  ];
}

/** Ratios that are reported and not judged: of the servers that the same load was put on. */
export function compare(cases: readonly CaseRounds[]): { readonly name: string; readonly ratio: number }[] {
  const yardstick = cases.find((rounds) => rounds.name === YARDSTICK);
  const isServer = (round: CaseOutcome) =>
    round.status === 'measured' && round.latencyMs !== null && round.generatorUsPerMessage !== null;
  return cases
    .filter(({ name, rounds }) => name !== YARDSTICK && name !== CEILING && rounds.some(isServer))
    .flatMap((rounds) => [
      {
        name: `messages/s of ${rounds.name} ÷ ${YARDSTICK}`,
        ratio: ratio(rounds, yardstick, (round) => round.messagesPerSecond),
      },
      {
        name: `CPU per message of ${rounds.name} ÷ ${YARDSTICK}`,
        ratio: ratio(rounds, yardstick, (round) => round.cpuUsPerMessage),
      },
    ])
    .flatMap(({ name, ratio: value }) => (value === null ? [] : [{ name, ratio: value }]));
}

function ratio(
  over: CaseRounds,
  under: CaseRounds | undefined,
  figure: (round: CaseMeasurement) => number | null,
): number | null {
  const upper = medianOf(over, figure);
  const lower = under === undefined ? null : medianOf(under, figure);
  return upper === null || lower === null || lower === 0 ? null : upper / lower;
}

function bar(name: string, value: number | null, limit: string, isMet: (value: number) => boolean): Bar {
  if (value === null) return { name, value, limit, verdict: 'not measured' };
  return { name, value, limit, verdict: isMet(value) ? 'pass' : 'fail' };
}
