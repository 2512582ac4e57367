/** Whether an action of AWS runs here, and how: by its key, then by the schema, plan and templates that will run it. */
import { CodedError, type Finding } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { compileTemplate } from '../rules/template.ts';
import { sinkDefinitions } from '../sinks/index.ts';
import type { AnySinkDefinition } from '../sinks/sink.ts';
import { findingAt, type Path } from '../yaml-document.ts';
import { type AwsAction, awsActionOf, awsActions } from './aws-actions.ts';
import type { FoundRule } from './found-rule.ts';
import { isPlainObject, ownValue, type PlainObject } from './rule-object.ts';
import { placeTextFindings } from './text-findings.ts';

export interface ActionJudgement {
  /** The action's key; '' where it has none. */
  readonly type: string;
  readonly verdict: 'supported' | 'mapped' | 'unsupported';
  /** What to know about how it runs, or what to do instead. */
  readonly notes: readonly string[];
  /** What is wrong with it, each at its place. */
  readonly findings: readonly Finding[];
}

export interface JudgeContext {
  readonly found: FoundRule;
  readonly sql: string;
  readonly version: string;
}

/** `at`: where the action stands in the rule, `['actions', 0]`. */
export function judgeAction(action: unknown, at: Path, context: JudgeContext): ActionJudgement {
  const keys = isPlainObject(action) ? Object.keys(action) : [];
  const [key = ''] = keys;
  const refuse = (message: string, path: Path = at) => refusal(key, [complaint(context, path, message)]);
  if (!isPlainObject(action) || keys.length !== 1) {
    const own = keys.includes('delivery') ? ' delivery is of this gateway: such a file is a rule file already.' : '';
    return refuse(`An action of AWS is an object with exactly one key.${own}`);
  }
  const row = awsActionOf(key);
  const definition = sinkDefinitions.find(({ type }) => type === key);
  if (row === null) return refuse(unknownAction(key, definition !== undefined), [...at, key]);
  if (row.support === 'unsupported' || definition === undefined) {
    return { type: key, verdict: 'unsupported', notes: [row.how], findings: [] };
  }
  return judgeFields(row, definition, ownValue(action, key), at, context);
}

function unknownAction(key: string, isOurs: boolean): string {
  if (isOurs) return `${key} is an action of this gateway, not of AWS: such a file is a rule file already.`;
  const guess = nearest(
    key,
    awsActions.map((action) => action.key),
  );
  return guess === null ? `AWS has no action "${key}".` : `AWS has no action "${key}". Did you mean "${guess}"?`;
}

function judgeFields(
  row: AwsAction,
  definition: AnySinkDefinition,
  fields: unknown,
  at: Path,
  context: JudgeContext,
): ActionJudgement {
  const result = definition.plan(fields, {}, { aws: null, isAwsKnown: false, schemaNames: [] });
  const findings = result.problems
    .filter((problem) => problem.severity !== 'warning')
    .map((problem) => complaint(context, [...at, ...problem.path], problem.message));
  for (const [field, text] of Object.entries(result.plan?.destination ?? {})) {
    findings.push(...templateFindings(text, [...at, row.key, ...field.split('.')], context));
  }
  if (findings.length > 0) return refusal(row.key, findings);
  const warnings = result.problems.map((problem) => problem.message);
  return { type: row.key, verdict: row.support, notes: [row.how, ...warnings, ...roleNote(fields)], findings: [] };
}

function templateFindings(text: string, path: Path, { found, sql, version }: JudgeContext): readonly Finding[] {
  try {
    compileTemplate(text, { version, sql, file: found.source.file });
    return [];
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return placeTextFindings(error.findings, found.source, found.placeOf(path), text);
  }
}

function roleNote(fields: unknown): readonly string[] {
  const hasRole = isPlainObject(fields) && Object.hasOwn(fields satisfies PlainObject, 'roleArn');
  return hasRole ? ['roleArn is kept and not used.'] : [];
}

function complaint({ found }: JudgeContext, path: Path, message: string): Finding {
  return findingAt(found.source, found.placeOf(path), 'RULE_ACTION_UNSUPPORTED', message);
}

function refusal(type: string, findings: readonly Finding[]): ActionJudgement {
  return { type, verdict: 'unsupported', notes: [], findings };
}
