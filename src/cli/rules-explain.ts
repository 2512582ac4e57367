/** `headgate rules explain`: what rules do, in plain words. Opens and starts nothing. */
import { CodedError, formatFinding } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { CheckedRule } from '../rule-set.ts';
import { compileStatement } from '../rules/sql/statement.ts';
import { explainRule } from './explain/explain-rule.ts';
import type { RuleExplanation } from './explain/explanation.ts';
import { printExplanation } from './explain/print-explanation.ts';
import type { Host } from './host.ts';
import { loadRuleFiles } from './rule-files.ts';

export interface RulesExplainOptions {
  readonly config?: string;
  /** Rule files and folders. */
  readonly rules: readonly string[];
  readonly sql?: string;
  /** `awsIotSqlVersion` of `sql`. */
  readonly version: string;
  readonly format: 'text' | 'json';
}

/** Exit code 1 where a rule has mistakes: these are named, and the rule is not explained. @throws CodedError for unknown names */
export function explainRules(names: readonly string[], options: RulesExplainOptions, host: Host): number {
  const { sql, version, format } = options;
  const { rules, errors } = sql === undefined ? chosen(names, options, host) : single(sql, version, names);
  const explanations: RuleExplanation[] = rules.flatMap((rule) => (rule.isSound ? [explainRule(rule)] : []));
  for (const error of errors) host.complain(error);
  if (format === 'json') host.print(JSON.stringify(explanations, null, 2));
  else if (explanations.length > 0) host.print(explanations.map(printExplanation).join('\n\n'));
  return errors.length > 0 || explanations.length === 0 ? 1 : 0;
}

interface Chosen {
  readonly rules: readonly CheckedRule[];
  readonly errors: readonly string[];
}

function chosen(names: readonly string[], options: RulesExplainOptions, host: Host): Chosen {
  const { rules, findings } = loadRuleFiles(options.rules, { config: options.config }, host);
  const known = rules.map(({ document }) => document.ruleName);
  for (const name of names) {
    if (known.includes(name)) continue;
    const guess = nearest(name, known);
    const hint = guess === null ? `There are ${known.join(', ') || 'none'}.` : `Did you mean ${guess}?`;
    throw new CodedError('CONFIG_REFERENCE_UNKNOWN', `No rule is named ${name}. ${hint}`);
  }
  const wanted = names.length === 0 ? rules : rules.filter(({ document }) => names.includes(document.ruleName));
  const files = new Set(wanted.filter(({ isSound }) => !isSound).map(({ file }) => file));
  // Files that could not be read as rules at all count when nobody has said which rules are meant.
  const errors = findings.filter(
    ({ severity, file }) => severity === 'error' && (names.length === 0 || files.has(file)),
  );
  return { rules: wanted, errors: errors.map(formatFinding) };
}

function single(sql: string, version: string, names: readonly string[]): Chosen {
  if (names.length > 0) throw new CodedError('USAGE', 'Give names of rules or --sql, not both.');
  compileStatement(sql, { version, file: '--sql' });
  const document = { ruleName: 'rule', sql, ruleDisabled: false, actions: [] };
  const rule = { document, version, file: '', line: 0, isSound: true, actions: [], errorAction: null };
  return { rules: [rule], errors: [] };
}
