/**
 * A rule of AWS made a rule file of this gateway. Nothing of it is lost: what does not run here is kept under `aws`, from where
 * `exportRule` gives it back.
 */
import { z } from 'zod';
import { CodedError, type Finding } from '../errors.ts';
import { createRuleSchema } from '../rules/rule.ts';
import { compileStatement, firstVersion } from '../rules/sql/statement.ts';
import { findingAt } from '../yaml-document.ts';
import type { FoundRule } from './found-rule.ts';
import { type ActionJudgement, judgeAction } from './judge-action.ts';
import { ownValue, type PlainObject } from './rule-object.ts';
import { placeTextFindings } from './text-findings.ts';

export interface ImportOptions {
  /** For a rule that has no name of its own; null = there is none to give. */
  readonly name: string | null;
  /** Write a rule without the actions that do not run here. */
  readonly isPartial: boolean;
}

export interface JudgedAction extends ActionJudgement {
  /** Where it stands in the rule: `actions.0`, `errorAction`. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export interface ImportedRule {
  /** '' when it has none. */
  readonly ruleName: string;
  /** The rule file's content, keys in the order they are written; null when the rule is not to be written. */
  readonly document: PlainObject | null;
  readonly actions: readonly JudgedAction[];
  readonly findings: readonly Finding[];
}

const schema = createRuleSchema(z.unknown());
const KNOWN_KEYS = ['ruleName', 'description', 'awsIotSqlVersion', 'ruleDisabled', 'sql', 'actions', 'errorAction'];

export function importRule(found: FoundRule, options: ImportOptions): ImportedRule {
  const ruleName = ownValue(found.fields, 'ruleName') ?? options.name ?? undefined;
  const shown = typeof ruleName === 'string' ? ruleName : '';
  const fields = { ...found.fields, ...(ruleName === undefined ? {} : { ruleName }) };
  const findings = shapeFindings(found, fields);
  const parsed = schema.safeParse(fields);
  if (findings.length > 0 || !parsed.success) return { ruleName: shown, document: null, actions: [], findings };
  const rule = parsed.data;
  const version = rule.awsIotSqlVersion ?? firstVersion;
  if (rule.awsIotSqlVersion === undefined) {
    const why = `awsIotSqlVersion is absent, which means ${firstVersion} as in AWS; that is what is written.`;
    findings.push(findingAt(found.source, found.placeOf(['sql']), 'SQL_VERSION', why, 'warning'));
  }
  findings.push(...sqlFindings(found, rule.sql, version));
  const context = { found, sql: rule.sql, version };
  const actions = rule.actions.map((action, index) =>
    judged(found, `actions.${index}`, () => judgeAction(action, ['actions', index], context)),
  );
  if (rule.errorAction !== undefined) {
    actions.push(judged(found, 'errorAction', () => judgeAction(rule.errorAction, ['errorAction'], context)));
  }
  const isWhole = actions.every(({ verdict }) => verdict !== 'unsupported');
  const isRight = findings.every(({ severity }) => severity !== 'error');
  const document = isRight && (isWhole || options.isPartial) ? documentOf(found, fields, version, actions) : null;
  return { ruleName: shown, document, actions, findings };
}

function shapeFindings(found: FoundRule, fields: PlainObject): Finding[] {
  const { source } = found;
  const unknown = Object.keys(fields).filter((key) => !KNOWN_KEYS.includes(key));
  const findings = unknown.map((key) => {
    const why = `A TopicRulePayload has no key "${key}". Known keys: ${KNOWN_KEYS.join(', ')}.`;
    return findingAt(source, found.placeOf([key]), 'CONFIG_KEY_UNKNOWN', why);
  });
  if (!Object.hasOwn(fields, 'ruleName')) {
    findings.push(findingAt(source, found.placeOf([]), 'RULE_INVALID', 'The rule has no name. Pass --name NAME.'));
  }
  const parsed = schema.safeParse({
    ruleName: 'unnamed',
    ...Object.fromEntries(Object.entries(fields).filter(([key]) => KNOWN_KEYS.includes(key))),
  });
  for (const issue of parsed.error?.issues ?? []) {
    findings.push(findingAt(source, found.placeOf(issue.path), 'RULE_INVALID', `${issue.message}.`));
  }
  return findings;
}

function sqlFindings(found: FoundRule, sql: string, version: string): readonly Finding[] {
  const place = found.placeOf(['sql']);
  try {
    const { warnings } = compileStatement(sql, { version, file: found.source.file });
    return placeTextFindings(warnings, found.source, place, sql);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return placeTextFindings(error.findings, found.source, place, sql);
  }
}

function judged(found: FoundRule, path: string, judge: () => ActionJudgement): JudgedAction {
  const { line, column } = findingAt(found.source, found.placeOf(path.split('.')), 'RULE_ACTION_UNSUPPORTED', '');
  return { ...judge(), path, line, column };
}

function documentOf(
  found: FoundRule,
  fields: PlainObject,
  version: string,
  actions: readonly JudgedAction[],
): PlainObject {
  const given = fields['actions'] as readonly unknown[];
  const isKept = given.map((_, index) => actions[index]?.verdict !== 'unsupported');
  const putAside = given.flatMap((action, index) => (isKept[index] ? [] : [{ index, action }]));
  const isErrorActionKept = actions[given.length]?.verdict !== 'unsupported';
  const errorAction = Object.hasOwn(fields, 'errorAction') ? { errorAction: fields['errorAction'] } : {};
  const aws = {
    ...found.origin,
    ...(putAside.length === 0 ? {} : { actions: putAside }),
    ...(isErrorActionKept ? {} : errorAction),
  };
  const head = ['ruleName', 'description', 'awsIotSqlVersion', 'ruleDisabled', 'sql'];
  const whole: PlainObject = { ...fields, awsIotSqlVersion: version };
  return {
    ...Object.fromEntries(head.filter((key) => Object.hasOwn(whole, key)).map((key) => [key, whole[key]])),
    actions: given.filter((_, index) => isKept[index]),
    ...(isErrorActionKept ? errorAction : {}),
    ...(Object.keys(aws).length === 0 ? {} : { aws }),
  };
}
