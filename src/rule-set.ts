/**
 * The rule files and Avro schemas that a configuration names, checked as a whole: shape, SQL, substitution templates, and what each
 * action can do with what it is asked to deliver. Pure but for reading the files.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { z } from 'zod';
import { parseSchema } from './codec/avro/schema.ts';
import type { Finding } from './errors.ts';
import type { LaneSchema } from './lane-protocol.ts';
import { type RuleSet, RuleSetBuilder, type RuleSetContext } from './rule-set-builder.ts';
import { finish, type Steps } from './steps.ts';
import { findingAt, readYaml, validate, type YamlSource } from './yaml-document.ts';

export type { CheckedRule, PlannedAction, RuleSet } from './rule-set-builder.ts';

export interface RuleSetSources extends RuleSetContext {
  readonly baseDir: string;
  readonly rules: readonly string[];
  readonly schemas: readonly string[];
}

/** A stored rule set is as large as all rule files together. */
const STORED_CHARACTERS_MAX = 256 * 1024 * 1024;

/** Fixtures of `headgate rules test` stand beside the rules that they test; patterns and folders of rule files pass them over. */
export const FIXTURE_FILES = '**/*.test.{yaml,yml}';

/** A rule set and what was found in it. */
interface Loaded {
  readonly ruleSet: RuleSet;
  readonly findings: readonly Finding[];
}

export function loadRuleSet(config: YamlSource, sources: RuleSetSources): Loaded {
  return finish(ruleSetSteps(config, sources));
}

/** A step per rule. */
export function* ruleSetSteps(config: YamlSource, sources: RuleSetSources): Steps<Loaded> {
  const findings: Finding[] = [];
  const schemas = loadSchemas(config, sources, findings);
  const builder = new RuleSetBuilder(sources, schemas, findings);
  for (const file of expand(config, sources.baseDir, 'rules', sources.rules, findings)) {
    const shown = shownPath(config, sources.baseDir, file);
    const read = readYaml(shown, readFileSync(file, 'utf8'));
    findings.push(...read.findings);
    if (read.findings.length === 0 && read.sources.every(({ data }) => isEmpty(data))) {
      const message = 'The file has no rule in it.';
      const place = { file: shown, line: 1, column: 1, path: '' };
      findings.push({ severity: 'warning', code: 'CONFIG_FILE_UNREADABLE', ...place, message });
    }
    for (const source of read.sources) {
      const list = Array.isArray(source.data)
        ? source.data.map((data, index) => ({ data, path: [index] }))
        : [{ data: source.data, path: [] }];
      for (const { data, path } of list) {
        if (data !== null) builder.add(source, data, path);
        yield;
      }
    }
  }
  return { ruleSet: builder.build(), findings };
}

const storedSchema = z.strictObject({
  rules: z.array(z.unknown()),
  schemas: z.array(z.strictObject({ name: z.string(), text: z.string() })),
});

/** A rule set from the text that an earlier one left. Judged by today's configuration: its credentials, its connectors. */
export function loadStoredRuleSet(name: string, text: string, context: RuleSetContext): Loaded {
  const read = readYaml(name, text, STORED_CHARACTERS_MAX);
  const findings: Finding[] = [...read.findings];
  const [source] = read.sources;
  const parsed = source === undefined ? null : validate(source, source.data, storedSchema);
  findings.push(...(parsed?.findings ?? []));
  const { rules, schemas } = parsed?.value ?? { rules: [], schemas: [] };
  const builder = new RuleSetBuilder(context, schemas, findings);
  for (const [index, data] of rules.entries()) if (source !== undefined) builder.add(source, data, ['rules', index]);
  return { ruleSet: builder.build(), findings };
}

function loadSchemas(config: YamlSource, sources: RuleSetSources, findings: Finding[]): readonly LaneSchema[] {
  const schemas: LaneSchema[] = [];
  for (const file of expand(config, sources.baseDir, 'schemas', sources.schemas, findings)) {
    const name = basename(file).replace(/\.avsc$/, '');
    const shown = shownPath(config, sources.baseDir, file);
    if (schemas.some((schema) => schema.name === name)) {
      const message = `Two schema files are named "${name}". Rename one.`;
      findings.push({
        severity: 'error',
        code: 'CONFIG_DUPLICATE',
        file: shown,
        line: 0,
        column: 0,
        path: '',
        message,
      });
      continue;
    }
    const text = readFileSync(file, 'utf8');
    const parsed = parseSchema(text, shown);
    findings.push(...parsed.findings);
    if (parsed.schema !== null) schemas.push({ name, text });
  }
  return schemas;
}

/** The files that patterns name, sorted, each once. */
function expand(
  config: YamlSource,
  baseDir: string,
  key: 'rules' | 'schemas',
  patterns: readonly string[],
  findings: Finding[],
): readonly string[] {
  const files = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    const isGlob = isDynamicPattern(pattern);
    const ignore = isGlob && key === 'rules' ? [FIXTURE_FILES] : [];
    const found = globSync([pattern], { cwd: baseDir, absolute: true, expandDirectories: false, ignore }).sort();
    if (found.length === 0) {
      const message = isGlob ? `No file matches ${pattern}.` : `The file ${pattern} does not exist.`;
      const code = 'CONFIG_FILE_UNREADABLE';
      findings.push(
        findingAt(
          config,
          [key, index],
          code,
          `${message} Paths are relative to the configuration file.`,
          isGlob ? 'warning' : 'error',
        ),
      );
    }
    for (const file of found) files.add(resolve(baseDir, file));
  }
  return [...files];
}

function isEmpty(data: unknown): boolean {
  return data === null || (Array.isArray(data) && data.length === 0);
}

/** A file's path as the operator would write it: from where the configuration file was named. */
function shownPath(config: YamlSource, baseDir: string, file: string): string {
  return join(dirname(config.file), relative(baseDir, file));
}
