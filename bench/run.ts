/** `npm run bench`: runs the cases in turn, round after round, so that what the machine does meanwhile falls on all alike. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, judgeBars } from './bars.ts';
import type { BenchCase, CaseOutcome } from './case.ts';
import { cases } from './cases/index.ts';
import { defaultLoad } from './load/plan.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { renderBenchTable } from './report.ts';
import { type BenchResult, type CaseRounds, describeCommit, describeMachine } from './result.ts';

/** Compiled, this file lies in dist-bench/bench. */
const projectDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const resultsDirectory = join(projectDirectory, 'bench', 'results');
/** On the project's own disk, not in a memory file system: the journal is to meet a real fdatasync. */
const scratchDirectory = join(projectDirectory, 'data');

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('--list')) {
    console.log(usage);
    for (const { name, question } of cases) console.log(`  ${name.padEnd(20)} ${question}`);
    return 0;
  }
  const options = parseOptions(
    argv,
    cases.map(({ name }) => name),
  );
  if (options.report !== null) {
    const text = readFileSync(join(resultsDirectory, `${options.report}.json`), 'utf8');
    process.stdout.write(renderBenchTable(JSON.parse(text) as BenchResult));
    return 0;
  }
  const result = await runAll(options);
  if (options.isJson) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else print(result);
  if (options.save !== null) {
    mkdirSync(resultsDirectory, { recursive: true });
    writeFileSync(join(resultsDirectory, `${options.save}.json`), `${JSON.stringify(result, null, 2)}\n`);
  }
  return result.cases.some(({ rounds }) => rounds.some(({ status }) => status === 'failed')) ? 1 : 0;
}

async function runAll(options: BenchOptions): Promise<BenchResult> {
  const startedAt = new Date().toISOString();
  const chosen = cases.filter(({ name }) => options.names.length === 0 || options.names.includes(name));
  const outcomes = new Map<string, CaseOutcome[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= options.rounds; round++)
    for (const benchCase of chosen) {
      console.error(`${benchCase.name} (round ${round} of ${options.rounds}): ${benchCase.question}`);
      const outcome = await runCase(benchCase, options);
      outcomes.get(benchCase.name)?.push(outcome);
      console.error(`  ${inOneLine(outcome)}`);
    }
  const rounds: CaseRounds[] = chosen.map(({ name, question }) => ({
    name,
    question,
    rounds: outcomes.get(name) ?? [],
  }));
  const { seconds, connections, topics, window, rate } = options;
  return {
    formatVersion: 1,
    startedAt,
    commit: describeCommit(projectDirectory),
    node: process.versions.node,
    machine: describeMachine(),
    settings: { seconds, rounds: options.rounds, connections, topics, window, rate },
    cases: rounds,
    bars: judgeBars(rounds),
  };
}

/** A case that throws has failed; the others go on. */
async function runCase(benchCase: BenchCase, options: BenchOptions): Promise<CaseOutcome> {
  mkdirSync(scratchDirectory, { recursive: true });
  const directory = mkdtempSync(join(scratchDirectory, 'bench-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const { seconds, connections, topics, window, rate } = options;
  const load = { ...defaultLoad, seconds, connections, topics, window, rate };
  try {
    return await benchCase.run({ seconds, load, directory, projectDirectory });
  } catch (error) {
    return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    process.off('exit', remove);
    remove();
  }
}

function inOneLine(outcome: CaseOutcome): string {
  if (outcome.status !== 'measured') return `${outcome.status}: ${outcome.reason}`;
  const threads = outcome.threads.map(({ name, usPerMessage }) => `${name} ${usPerMessage.toFixed(2)}`).join(', ');
  const parts = [
    `${Math.round(outcome.messagesPerSecond)} messages/s`,
    `${outcome.cpuUsPerMessage.toFixed(2)} µs of CPU each (${threads})`,
  ];
  if (outcome.generatorUsPerMessage !== null) parts.push(`generator ${outcome.generatorUsPerMessage.toFixed(2)} µs`);
  for (const [name, value] of Object.entries(outcome.extra)) parts.push(`${name} ${value.toFixed(2)}`);
  return parts.join('; ');
}

function print(result: BenchResult): void {
  process.stdout.write(`\n${renderBenchTable(result)}`);
  const ratios = compare(result.cases);
  if (ratios.length > 0) process.stdout.write('\n');
  for (const { name, ratio } of ratios) process.stdout.write(`${name} = ${ratio.toFixed(2)}\n`);
}

// Exits in the ordinary way, so that servers under test are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  return 1;
});
