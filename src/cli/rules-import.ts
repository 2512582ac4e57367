/** `headgate rules import FILE…`: rules as tools of AWS write them become rule files; every action is judged. */
import { basename, join } from 'node:path';
import { asError, type Finding, formatFinding } from '../errors.ts';
import { findRules } from '../rule-documents/find-rules.ts';
import { type ImportedRule, importRule, type JudgedAction } from '../rule-documents/import-rule.ts';
import { ruleYaml } from '../rule-documents/rule-yaml.ts';
import { writeRuleFile } from '../rule-documents/write-rule-file.ts';
import type { Host } from './host.ts';
import { readSource } from './read-source.ts';

export interface RulesImportOptions {
  /** Folder of the rule files. */
  readonly out: string;
  /** Replace rule files. */
  readonly force: boolean;
  /** Write rules without the actions that do not run here. */
  readonly partial: boolean;
  /** For a rule without a name; default: after its file. */
  readonly name?: string | undefined;
  /** `Name=Value` for values of a template. */
  readonly parameter: readonly string[];
}

type ImportHost = Pick<Host, 'print' | 'complain' | 'readBytes' | 'process'>;

/** Resolves with the exit code: 1 when anything was not imported, 2 when the command line is wrong. */
export async function importRules(
  files: readonly string[],
  options: RulesImportOptions,
  host: ImportHost,
): Promise<number> {
  const parameters = parametersOf(options.parameter);
  if (typeof parameters === 'string') {
    host.complain(`--parameter ${parameters}: write Name=Value. [USAGE]`);
    return 2;
  }
  const run = new ImportRun(options, host);
  for (const file of files) {
    const read = await readSource(file, host);
    run.report(read.findings, read.findings.length);
    if (read.sources.length === 0 && read.findings.length === 0) run.fail(`${read.file}: The file is empty.`);
    for (const source of read.sources) {
      const found = findRules(source, parameters);
      run.report(found.findings, found.failed);
      const name = options.name ?? nameAfter(file);
      for (const rule of found.rules) {
        await run.add(importRule(rule, { name, isPartial: options.partial }), read.file);
      }
    }
  }
  return run.end();
}

/** What a run has written and what it could not. */
class ImportRun {
  readonly #options: RulesImportOptions;
  readonly #host: ImportHost;
  /** File of each rule, by name. */
  readonly #names = new Map<string, string>();
  #imported = 0;
  #failed = 0;

  constructor(options: RulesImportOptions, host: ImportHost) {
    this.#options = options;
    this.#host = host;
  }

  report(findings: readonly Finding[], failed: number): void {
    for (const finding of findings) this.#host.complain(formatFinding(finding));
    this.#failed += failed;
  }

  fail(why: string): void {
    this.#host.complain(why);
    this.#failed++;
  }

  async add(rule: ImportedRule, file: string): Promise<void> {
    for (const finding of rule.findings) this.#host.complain(formatFinding(finding));
    for (const action of rule.actions) this.#reportAction(action, file);
    if (rule.document === null) {
      const isMissing = rule.findings.every(({ severity }) => severity !== 'error');
      const hint = isMissing ? ' --partial imports it without the actions that are not supported.' : '';
      this.fail(`${file}: ${rule.ruleName || 'The rule'} is not imported.${hint}`);
      return;
    }
    const earlier = this.#names.get(rule.ruleName);
    if (earlier !== undefined) {
      this.fail(`${file}: ${rule.ruleName} is not imported; a rule of that name is in ${earlier}. [CONFIG_DUPLICATE]`);
      return;
    }
    this.#names.set(rule.ruleName, file);
    await this.#write(rule.ruleName, ruleYaml(rule.document), file);
  }

  end(): number {
    const { print } = this.#host;
    print(`${this.#imported} rule${this.#imported === 1 ? '' : 's'} imported, ${this.#failed} not.`);
    return this.#failed === 0 ? 0 : 1;
  }

  #reportAction(action: JudgedAction, file: string): void {
    for (const finding of action.findings) {
      const isLeftOut = this.#options.partial;
      this.#host.complain(formatFinding(isLeftOut ? { ...finding, severity: 'warning' } : finding));
    }
    const verdict = action.verdict === 'unsupported' ? 'not supported' : action.verdict;
    const line = `${file}:${action.line}:${action.column} ${action.path} ${action.type || '(none)'}: ${verdict}.`;
    this.#host.print([line, ...action.notes].join(' '));
  }

  async #write(ruleName: string, text: string, file: string): Promise<void> {
    const name = `${ruleName}.yaml`;
    const target = join(this.#options.out, name);
    const uniqueId = String(this.#host.process.pid);
    try {
      const outcome = await writeRuleFile(this.#options.out, name, text, { isForced: this.#options.force, uniqueId });
      if (outcome === 'exists') {
        this.fail(
          `${target}: ${ruleName} is not imported; the file exists. Pass --force to replace it. [RULE_FILE_EXISTS]`,
        );
        return;
      }
      this.#imported++;
      this.#host.print(
        `${file}: ${ruleName} ${outcome === 'written' ? 'is written to' : 'is unchanged in'} ${target}.`,
      );
    } catch (thrown) {
      this.fail(`${target}: ${ruleName} is not imported: ${asError(thrown).message}`);
    }
  }
}

/** The part that is not `Name=Value`, if there is one. */
function parametersOf(given: readonly string[]): ReadonlyMap<string, string> | string {
  const parameters = new Map<string, string>();
  for (const pair of given) {
    const at = pair.indexOf('=');
    if (at <= 0) return pair;
    parameters.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return parameters;
}

/** A rule's name after its file's; null for standard input, and where nothing is left of it. */
function nameAfter(file: string): string | null {
  const name = basename(file)
    .replace(/\.(json|ya?ml|template)$/i, '')
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .slice(0, 128);
  return file === '-' || name === '' ? null : name;
}
