/** `headgate rules check`: every finding about rules, without the rest of a configuration. Opens and starts nothing. */
import { type Finding, formatFinding } from '../errors.ts';
import type { Host } from './host.ts';
import { loadRuleFiles } from './rule-files.ts';
import { readSamples } from './samples.ts';

export interface RulesCheckOptions {
  /** What rules are judged by: services, schemas; and, where no files are named, which rules. */
  readonly config?: string;
  readonly samples: readonly string[];
  readonly format: 'text' | 'json';
}

/**
 * Checks the named files (folders stand for the YAML and JSON files in them), or the rules of the configuration. Findings go to standard
 * error as text, or to standard output as one JSON array. Exit code 1 on any error; throws a CodedError for samples or files that
 * cannot be read.
 */
export function checkRules(files: readonly string[], options: RulesCheckOptions, host: Host): number {
  const samples = options.samples.length === 0 ? undefined : readSamples(options.samples);
  const { findings } = loadRuleFiles(files, { config: options.config, samples }, host);
  const sorted = [...findings].sort(byPlace);
  const errors = sorted.filter(({ severity }) => severity === 'error').length;
  if (options.format === 'json') host.print(JSON.stringify(sorted, null, 2));
  else {
    for (const finding of sorted) host.complain(formatFinding(finding));
    host.print(`${counted(errors, 'error')}, ${counted(sorted.length - errors, 'warning')}.`);
  }
  return errors === 0 ? 0 : 1;
}

function byPlace(a: Finding, b: Finding): number {
  return a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
