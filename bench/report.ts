/** A result as Markdown. Pure: the README's figures are generated from a committed result with it. */
import type { CaseMeasurement } from './case.ts';
import { type BenchResult, type CaseRounds, medianOf } from './result.ts';

const ABSENT = '–';

interface Column {
  readonly title: string;
  cell(rounds: CaseRounds): string;
}

const columns: readonly Column[] = [
  { title: 'case', cell: (rounds) => rounds.name },
  { title: 'messages/s', cell: (rounds) => figure(rounds, (round) => round.messagesPerSecond, 0) },
  { title: 'CPU µs/message', cell: (rounds) => figure(rounds, (round) => round.cpuUsPerMessage, 2) },
  { title: 'of it on the main thread', cell: (rounds) => figure(rounds, mainThreadUs, 2) },
  { title: 'acked p50 ms', cell: (rounds) => figure(rounds, (round) => round.latencyMs?.p50 ?? null, 1) },
  { title: 'acked p99 ms', cell: (rounds) => figure(rounds, (round) => round.latencyMs?.p99 ?? null, 1) },
  { title: 'peak RSS MB', cell: (rounds) => figure(rounds, (round) => megabytes(round.rssPeakBytes), 0) },
  { title: 'counted back', cell: tallyText },
];

/** One row per case, medians over its rounds; then the bars, then where and with what it ran. Ends with a line break. */
export function renderBenchTable(result: BenchResult): string {
  const rows = result.cases.map((rounds) => columns.map((column) => column.cell(rounds)));
  const table = markdownTable(
    columns.map((column) => column.title),
    rows,
  );
  const bars = result.bars.map(
    (bar) =>
      `- **${bar.verdict}**: ${bar.name} = ${bar.value === null ? ABSENT : grouped(bar.value, 2)} (${bar.limit})`,
  );
  const notes = result.cases.flatMap((rounds) => rounds.rounds.flatMap((round) => noteOf(rounds.name, round)));
  return [table, ...section(bars), ...section([...new Set(notes)]), '', provenance(result), ''].join('\n');
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function noteOf(name: string, round: CaseRounds['rounds'][number]): string[] {
  return round.status === 'measured' ? [] : [`- ${name} ${round.status}: ${round.reason}`];
}

function provenance(result: BenchResult): string {
  const { machine, settings } = result;
  const memory = `${grouped(machine.memoryBytes / 2 ** 30, 0)} GiB`;
  const set = Object.entries(settings)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`);
  const commit = result.commit === '' ? '' : `, commit ${result.commit}`;
  return `${machine.cpuModel}, ${machine.cores} cores, ${memory}, ${machine.system}, Node.js ${result.node}${commit}, ${result.startedAt}; ${set.join(', ')}; generator on the same machine.`;
}

function tallyText(rounds: CaseRounds): string {
  const tallies = rounds.rounds.flatMap((round) => (round.status === 'measured' && round.tally ? [round.tally] : []));
  if (tallies.length === 0) return ABSENT;
  const sum = (part: (tally: (typeof tallies)[number]) => number) =>
    tallies.reduce((total, tally) => total + part(tally), 0);
  const found = `${grouped(
    sum((tally) => tally.found),
    0,
  )} of ${grouped(
    sum((tally) => tally.expected),
    0,
  )}`;
  const duplicates = sum((tally) => tally.duplicates);
  return duplicates === 0 ? found : `${found}, ${grouped(duplicates, 0)} twice`;
}

function mainThreadUs(round: CaseMeasurement): number | null {
  return round.threads.find((thread) => thread.name === 'main')?.usPerMessage ?? null;
}

function figure(rounds: CaseRounds, of: (round: CaseMeasurement) => number | null, places: number): string {
  const value = medianOf(rounds, of);
  return value === null ? ABSENT : grouped(value, places);
}

function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1e6;
}

function grouped(value: number, places: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Padded, so that it reads as well in a terminal. Figures stand to the right. */
function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(titles), line(rule), ...rows.map(line)].join('\n');
}
