/** `headgate rules test`: runs fixtures, messages with what rules are to make of them. Opens and starts nothing. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { CodedError, type Finding, formatFinding } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { FIXTURE_FILES } from '../rule-set.ts';
import { findingAt, validate, type YamlSource } from '../yaml-document.ts';
import { type FixtureCase, fixtureSchema } from './fixtures/fixture-schema.ts';
import { runCase, type Subject } from './fixtures/run-case.ts';
import type { Host } from './host.ts';
import { readSource } from './read-source.ts';
import { loadRuleFiles, type RuleFiles } from './rule-files.ts';

export interface RulesTestOptions {
  readonly config?: string;
  /** Rule files and folders, for fixtures that name none. */
  readonly rules: readonly string[];
}

/** Exit code 0 when there were cases, and all passed. @throws CodedError for files that are not there */
export async function testRules(files: readonly string[], options: RulesTestOptions, host: Host): Promise<number> {
  const runner = new Runner(options, host);
  for (const file of expand(files)) await runner.runFile(file);
  return runner.finish();
}

/** Folders stand for the fixtures in them. */
function expand(files: readonly string[]): readonly string[] {
  const within = (cwd: string) =>
    globSync(FIXTURE_FILES, { cwd, ignore: ['**/node_modules/**'] })
      .sort()
      .map((file) => join(cwd, file));
  if (files.length === 0) return within('.');
  return files.flatMap((file) => {
    if (!existsSync(file)) throw new CodedError('CONFIG_FILE_UNREADABLE', `${file} does not exist.`);
    return statSync(file).isDirectory() ? within(file) : [file];
  });
}

class Runner {
  readonly #options: RulesTestOptions;
  readonly #host: Host;
  readonly #isColored: boolean;
  readonly #loaded = new Map<string, RuleFiles>();
  #passed = 0;
  #failed = 0;
  #errors = 0;

  constructor(options: RulesTestOptions, host: Host) {
    this.#options = options;
    this.#host = host;
    this.#isColored = host.isTerminal && !host.env['NO_COLOR'];
  }

  async runFile(file: string): Promise<void> {
    const { sources, findings } = await readSource(file, this.#host);
    this.#complain(findings);
    for (const source of sources) {
      const parsed = validate(source, source.data ?? {}, fixtureSchema);
      this.#complain(parsed.findings);
      if (parsed.value === null) continue;
      const { rules, cases } = parsed.value;
      const needsRules = cases.some(({ rule }) => rule !== undefined);
      const loaded = needsRules ? this.#rulesOf(source, rules) : null;
      if (needsRules && loaded === null) continue;
      for (const [index, test] of cases.entries()) this.#runCase(source, test, index, loaded);
    }
  }

  finish(): number {
    const count = this.#passed + this.#failed;
    const errors = this.#errors === 0 ? '' : ` ${this.#errors} mistake${this.#errors === 1 ? '' : 's'} in files.`;
    this.#host.print(
      count === 0 ? `There is no case to run.${errors}` : `${this.#passed} passed, ${this.#failed} failed.${errors}`,
    );
    return count === 0 || this.#failed > 0 || this.#errors > 0 ? 1 : 0;
  }

  #runCase(source: YamlSource, test: FixtureCase, index: number, loaded: RuleFiles | null): void {
    const at = ['cases', index];
    const subject = this.#subjectOf(source, test, at, loaded);
    if (subject === null) return;
    const problem = runCase(test, source, at, subject);
    const { line } = findingAt(source, at, 'CONFIG_VALUE_INVALID', '');
    const place = `${source.file}:${line} ${test.name}`;
    if (problem.length === 0) {
      this.#passed++;
      this.#host.print(`${this.#paint(32, 'ok')}   ${place}`);
      return;
    }
    this.#failed++;
    this.#host.print(`${this.#paint(31, 'FAIL')} ${place}`);
    for (const text of problem) this.#host.print(`     ${this.#paintChange(text)}`);
  }

  #subjectOf(
    source: YamlSource,
    test: FixtureCase,
    at: readonly PropertyKey[],
    loaded: RuleFiles | null,
  ): Subject | null {
    if (test.sql !== undefined) {
      const version = test.awsIotSqlVersion ?? '2016-03-23';
      const bare = { actions: [], errorAction: null, descriptors: undefined };
      return { ruleName: 'rule', sql: test.sql, version, ...bare };
    }
    const rules = loaded?.rules ?? [];
    const found = rules.find(({ document }) => document.ruleName === test.rule);
    if (found === undefined) {
      const names = rules.map(({ document }) => document.ruleName);
      const guess = nearest(test.rule ?? '', names);
      const hint = guess === null ? `There are ${names.join(', ') || 'none'}.` : `Did you mean ${guess}?`;
      const message = `No rule is named ${test.rule}. ${hint}`;
      this.#complain([findingAt(source, [...at, 'rule'], 'CONFIG_REFERENCE_UNKNOWN', message)]);
      return null;
    }
    const { document, version, actions, errorAction } = found;
    const { ruleName, sql } = document;
    return { ruleName, sql, version, actions, errorAction, descriptors: loaded?.descriptors };
  }

  /** null: they have mistakes, which are named. `rules`: relative to the fixture. */
  #rulesOf(source: YamlSource, rules: readonly string[] | undefined): RuleFiles | null {
    const dir = dirname(source.file);
    const files = rules?.map((file) => relative('.', resolve(dir, file)));
    const missing = (files ?? []).flatMap((file, index) => (existsSync(file) ? [] : [{ file, index }]));
    for (const { file, index } of missing) {
      const message = `${file} does not exist. Paths are relative to this file.`;
      this.#complain([findingAt(source, ['rules', index], 'CONFIG_FILE_UNREADABLE', message)]);
    }
    if (missing.length > 0) return null;
    const named = files ?? this.#options.rules;
    const key = JSON.stringify(named);
    const before = this.#loaded.get(key);
    const loaded = before ?? loadRuleFiles(named, { config: this.#options.config }, this.#host);
    this.#loaded.set(key, loaded);
    const errors = loaded.findings.filter(({ severity }) => severity === 'error');
    if (before === undefined) this.#complain(errors);
    return errors.length === 0 ? loaded : null;
  }

  #complain(findings: readonly Finding[]): void {
    for (const finding of findings) this.#host.complain(formatFinding(finding));
    this.#errors += findings.filter(({ severity }) => severity === 'error').length;
  }

  #paintChange(text: string): string {
    if (text.startsWith('- ')) return this.#paint(31, text);
    return text.startsWith('+ ') ? this.#paint(32, text) : text;
  }

  /** `color`: of ANSI, on a terminal only. */
  #paint(color: number, text: string): string {
    return this.#isColored ? `\u001b[${color}m${text}\u001b[0m` : text;
  }
}
