/** The rules that a command is about: those of the files named, or of a configuration. Opens and starts nothing. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { escapePath, globSync } from 'tinyglobby';
import { loadRules } from '../config.ts';
import { CodedError, type Finding } from '../errors.ts';
import type { LaneDescriptor } from '../lane-protocol.ts';
import { type CheckedRule, FIXTURE_FILES, loadRuleSet } from '../rule-set.ts';
import type { Samples } from '../rules/sql/analysis/samples.ts';
import { readYaml } from '../yaml-document.ts';
import type { Host } from './host.ts';

export interface RuleFiles {
  /** In the order of the files, the disabled ones too. */
  readonly rules: readonly CheckedRule[];
  readonly findings: readonly Finding[];
  /** For decode(…, 'proto', …); undefined while no configuration is shown. */
  readonly descriptors: readonly LaneDescriptor[] | undefined;
}

export interface RuleFilesOptions {
  /** What rules are judged by, and, where no files are named, which rules. */
  readonly config?: string | undefined;
  readonly samples?: Samples | undefined;
}

const CONFIG_DEFAULT = 'headgate.yaml';

/** Folders stand for the YAML and JSON files in them, test fixtures aside. @throws CodedError for what cannot be read */
export function loadRuleFiles(files: readonly string[], options: RuleFilesOptions, host: Pick<Host, 'env'>): RuleFiles {
  const rules: CheckedRule[] = [];
  const { samples } = options;
  const inspect = (rule: CheckedRule): void => void rules.push(rule);
  const patterns = expand(files);
  if (options.config !== undefined || (files.length === 0 && existsSync(CONFIG_DEFAULT))) {
    const config = options.config ?? CONFIG_DEFAULT;
    const loaded = loadRules(config, host.env, { samples, inspect, rules: files.length === 0 ? null : patterns });
    return { rules, findings: loaded.findings, descriptors: loaded.descriptors };
  }
  if (files.length === 0) {
    throw new CodedError('USAGE', `Name rule files, or a configuration with -c: there is no ${CONFIG_DEFAULT} here.`);
  }
  // A configuration that says nothing, so that places are shown as the files were named.
  const [nothing] = readYaml(CONFIG_DEFAULT, '{}').sources;
  if (nothing === undefined) throw new Error('An empty mapping is valid YAML.');
  // Schemas and services that a rule refers to are the configuration's, which nobody has shown.
  const unknown = { isAwsKnown: false, areSchemasKnown: false };
  const sources = { baseDir: resolve('.'), rules: patterns, schemas: [], samples, inspect, ...unknown };
  return { rules, findings: loadRuleSet(nothing, sources).findings, descriptors: undefined };
}

/** Patterns of the files, each of which is there. */
function expand(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const status = statSync(file, { throwIfNoEntry: false });
    if (status === undefined) throw new CodedError('CONFIG_FILE_UNREADABLE', `${file} does not exist.`);
    if (!status.isDirectory()) return [escapePath(resolve(file))];
    const options = { cwd: file, absolute: true, ignore: [FIXTURE_FILES] };
    const inside = globSync('**/*.{yaml,yml,json}', options);
    if (inside.length === 0) throw new CodedError('CONFIG_FILE_UNREADABLE', `${file} has no YAML or JSON files.`);
    return inside.sort().map((path) => escapePath(path));
  });
}
