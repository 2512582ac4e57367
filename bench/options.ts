/** The command line of `npm run bench -- …`. */
import { parseArgs } from 'node:util';
import { defaultLoad } from './load/plan.ts';

export interface BenchOptions {
  /** Cases to run, in the list's order; empty = all. */
  readonly names: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly topics: number;
  readonly window: number;
  /** Messages per second, open loop; null = closed loop. */
  readonly rate: number | null;
  readonly isJson: boolean;
  readonly save: string | null;
  /** Name of a saved result to print as Markdown instead of running anything. */
  readonly report: string | null;
}

export const usage = `npm run bench -- [CASE…] [--seconds N] [--rounds N] [--connections N] [--topics N] [--window N] [--rate N] [--json] [--save NAME]
npm run bench -- --report NAME

  CASE…          cases to run, or what their names begin with (sql = sql, sql-nested, …; default: all); --list names them
  --seconds      measured time of a case (default ${defaultLoad.seconds}), after ${defaultLoad.warmupSeconds} s of warm-up
  --rounds       rounds of all cases in turn; medians are reported (default 1)
  --connections  clients (default ${defaultLoad.connections})      --topics  topics in use (default ${defaultLoad.topics})
  --window       unacknowledged messages per client (default ${defaultLoad.window})
  --rate         messages/s over all clients, open loop (default: as fast as acknowledgements allow)
  --json         print the result as JSON
  --save NAME    keep it as bench/results/NAME.json      --report NAME  print a kept one as Markdown`;

export function parseOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      connections: { type: 'string' },
      topics: { type: 'string' },
      window: { type: 'string' },
      rate: { type: 'string' },
      json: { type: 'boolean' },
      save: { type: 'string' },
      report: { type: 'string' },
    },
  });
  return {
    names: positionals.flatMap((name) => casesNamed(name, known)),
    seconds: positive('seconds', values.seconds, defaultLoad.seconds),
    rounds: whole('rounds', values.rounds, 1),
    connections: whole('connections', values.connections, defaultLoad.connections),
    topics: whole('topics', values.topics, defaultLoad.topics),
    window: whole('window', values.window, defaultLoad.window),
    rate: values.rate === undefined ? null : positive('rate', values.rate, 0),
    isJson: values.json ?? false,
    save: fileName(values.save),
    report: fileName(values.report),
  };
}

/** The case of that name, and its family: `sql` stands for `sql-nested` too. */
function casesNamed(name: string, known: readonly string[]): readonly string[] {
  const found = known.filter((candidate) => candidate === name || candidate.startsWith(`${name}-`));
  if (found.length === 0) throw new Error(`There is no case ${name}; there are: ${known.join(', ')}.`);
  return found;
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} takes a number above 0, not ${text}.`);
  return value;
}

function whole(name: string, text: string | undefined, fallback: number): number {
  const value = positive(name, text, fallback);
  if (!Number.isInteger(value)) throw new Error(`--${name} takes a whole number, not ${text}.`);
  return value;
}

function fileName(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!/^[\w.-]+$/.test(text))
    throw new Error(`A result's name has letters, digits, dots and dashes only, not ${text}.`);
  return text;
}
