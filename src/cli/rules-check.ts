/** `headgate rules check`: every finding about rules, without the rest of a configuration. Opens and starts nothing. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { escapePath, globSync } from 'tinyglobby';
import { loadRules } from '../config.ts';
import { CodedError, type Finding, formatFinding } from '../errors.ts';
import { loadRuleSet } from '../rule-set.ts';
import type { Samples } from '../rules/sql/analysis/samples.ts';
import { readYaml } from '../yaml-document.ts';
import type { Host } from './host.ts';
import { readSamples } from './samples.ts';

export interface RulesCheckOptions {
  /** What rules are judged by: services, schemas; and, where no files are named, which rules. */
  readonly config?: string;
  readonly samples: readonly string[];
  readonly format: 'text' | 'json';
}

const CONFIG_DEFAULT = 'headgate.yaml';

/**
 * Checks the named files (folders stand for the YAML and JSON files in them), or the rules of the configuration. Findings go to standard
 * error as text, or to standard output as one JSON array. Exit code 1 on any error; throws a CodedError for samples or files that
 * cannot be read.
 */
export function checkRules(files: readonly string[], options: RulesCheckOptions, host: Host): number {
  const samples = options.samples.length === 0 ? undefined : readSamples(options.samples);
  const findings = load(expand(files), options.config, samples, host);
  const sorted = [...findings].sort(byPlace);
  const errors = sorted.filter(({ severity }) => severity === 'error').length;
  if (options.format === 'json') host.print(JSON.stringify(sorted, null, 2));
  else {
    for (const finding of sorted) host.complain(formatFinding(finding));
    host.print(`${counted(errors, 'error')}, ${counted(sorted.length - errors, 'warning')}.`);
  }
  return errors === 0 ? 0 : 1;
}

function load(
  files: readonly string[],
  config: string | undefined,
  samples: Samples | undefined,
  host: Host,
): readonly Finding[] {
  if (config !== undefined || (files.length === 0 && existsSync(CONFIG_DEFAULT))) {
    return loadRules(config ?? CONFIG_DEFAULT, host.env, { samples, rules: files.length === 0 ? null : files })
      .findings;
  }
  if (files.length === 0) {
    throw new CodedError('USAGE', `Name rule files, or a configuration with -c: there is no ${CONFIG_DEFAULT} here.`);
  }
  // A configuration that says nothing, so that places are shown as the files were named.
  const [nothing] = readYaml(CONFIG_DEFAULT, '{}').sources;
  if (nothing === undefined) throw new Error('An empty mapping is valid YAML.');
  const loaded = loadRuleSet(nothing, { baseDir: resolve('.'), rules: files, schemas: [], isAwsKnown: false, samples });
  // Schemas and services that a rule refers to are the configuration's, which nobody has shown.
  return loaded.findings.filter(({ code }) => code !== 'CONFIG_REFERENCE_UNKNOWN');
}

/** Patterns of the files, each of which is there. */
function expand(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const status = statSync(file, { throwIfNoEntry: false });
    if (status === undefined) throw new CodedError('CONFIG_FILE_UNREADABLE', `${file} does not exist.`);
    if (!status.isDirectory()) return [escapePath(resolve(file))];
    const inside = globSync('**/*.{yaml,yml,json}', { cwd: file, absolute: true });
    if (inside.length === 0) throw new CodedError('CONFIG_FILE_UNREADABLE', `${file} has no YAML or JSON files.`);
    return inside.sort().map((path) => escapePath(path));
  });
}

function byPlace(a: Finding, b: Finding): number {
  return a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
