/** A rule in plain words: what reaches it, what it reads and asks, when it does something, and what then. */
import type { CheckedRule } from '../../rule-set.ts';
import { sectionOf } from '../../rules/functions/external.ts';
import { functionNamed } from '../../rules/functions/index.ts';
import { Analysis } from '../../rules/sql/analysis/analysis.ts';
import { Inference } from '../../rules/sql/analysis/infer.ts';
import { neverTrue } from '../../rules/sql/analysis/never-true.ts';
import { constantOf } from '../../rules/sql/analysis/possible.ts';
import { expressionsOf, walk } from '../../rules/sql/analysis/walk.ts';
import type { Expression, Statement } from '../../rules/sql/ast.ts';
import { Parser } from '../../rules/sql/parser.ts';
import { printExpression, printStatement } from '../../rules/sql/print.ts';
import { sourceOf } from '../../rules/sql/source.ts';
import { compileStatement, firstVersion } from '../../rules/sql/statement.ts';
import { compileTemplate } from '../../rules/template.ts';
import { matchesFilter } from '../../rules/topic-filter.ts';
import { explainAction, templateExpressions } from './explain-action.ts';
import type { RuleExplanation } from './explanation.ts';
import { fieldsRead } from './fields-read.ts';

/** Of a rule whose SQL and templates can be compiled. @throws CodedError otherwise */
export function explainRule({ document, version, file, line, actions, errorAction }: CheckedRule): RuleExplanation {
  const { ruleName, sql } = document;
  const statement = new Parser(sourceOf(sql, {}), version === firstVersion).statement();
  const topicFilter = statement.topicFilter?.text ?? null;
  const around = { ruleName, sql, version, topicFilter };
  const planned = [...actions, errorAction].flatMap((action) => action ?? []);
  const templates = planned.flatMap(({ plan }) => Object.values(plan.destination));
  const inTemplates = templates.flatMap((template) => templateExpressions(template, version));
  const all = [...expressionsOf(statement), ...inTemplates.flatMap((expression) => [...walk(expression)])];
  return {
    ruleName,
    place: file === '' ? '' : `${file}:${line}`,
    awsIotSqlVersion: version,
    isDisabled: document.ruleDisabled,
    sql: printStatement(statement),
    topicFilter,
    ...topicsOf(topicFilter),
    basicIngest: `$aws/rules/${ruleName}/…`,
    variables: statement.assignments.map(({ name, value }) => ({ name, sql: printExpression(value) })),
    fields: fieldsRead(statement, inTemplates),
    functions: functionsOf(all),
    services: servicesOf(all),
    where: whereOf(statement, sql, version),
    payload: payloadOf(sql, version, planned),
    actions: actions.map((action, index) =>
      explainAction(`${ruleName}/${index}`, typeOf(document.actions[index]), action, around),
    ),
    errorAction:
      document.errorAction === undefined
        ? null
        : explainAction(`${ruleName}/error`, typeOf(document.errorAction), errorAction, around),
    // A statement by itself is in no file.
    failures: file === '' ? [] : failuresOf(document.errorAction !== undefined, actions),
  };
}

/** The action key. */
function typeOf(action: unknown): string {
  return Object.keys(action ?? {}).find((key) => key !== 'delivery') ?? '';
}

/** Examples, tried. */
function topicsOf(filter: string | null): Pick<RuleExplanation, 'matches' | 'matchesNot'> {
  if (filter === null) return { matches: [], matchesNot: [] };
  const filled = filter.replaceAll('+', 'x');
  const above = filled.endsWith('/#') ? [filled.slice(0, -2)] : [];
  const candidates = [
    filled.replace(/#$/, 'x'),
    ...(filled.endsWith('#') ? [filled.replace(/#$/, 'x/y')] : []),
    ...above,
    `${filled.replace(/#$/, 'x')}/more`,
    ...(filter.includes('+') ? [filter.replace('+', 'x/y').replaceAll('+', 'x').replace(/#$/, 'x')] : []),
    ...(/^[+#]/.test(filter) ? [`$SYS/${filled.replace(/#$/, 'x').split('/').slice(1).join('/')}`] : []),
  ];
  const topics = [...new Set(candidates)];
  return {
    matches: topics.filter((topic) => matchesFilter(filter, topic)).slice(0, 2),
    matchesNot: topics.filter((topic) => !matchesFilter(filter, topic)),
  };
}

function functionsOf(expressions: readonly Expression[]): RuleExplanation['functions'] {
  const found = new Map<string, string>();
  for (const expression of expressions) {
    const name = expression.kind === 'call' ? expression.name : expression.kind === 'cast' ? 'cast' : null;
    const spec = name === null ? undefined : functionNamed(name);
    if (spec !== undefined) found.set(spec.name, spec.since);
  }
  return [...found].map(([name, since]) => ({ name, since }));
}

function servicesOf(expressions: readonly Expression[]): RuleExplanation['services'] {
  const found = new Map<string, string>();
  for (const expression of expressions) {
    const external = expression.kind === 'call' ? functionNamed(expression.name)?.external : undefined;
    if (external !== undefined) found.set(external, sectionOf[external]);
  }
  return [...found].map(([name, connector]) => ({ function: name, connector }));
}

function whereOf({ where, ...rest }: Statement, sql: string, version: string): RuleExplanation['where'] {
  if (where === null) return null;
  const inference = new Inference({ version, topicFilter: rest.topicFilter?.text ?? null });
  inference.statement({ where, ...rest });
  const text = printExpression(where);
  const culprit = neverTrue(where, new Analysis(sourceOf(sql, {}), inference, ''));
  if (culprit !== null) return { sql: text, truth: 'never', why: culprit.why };
  const isAlways = constantOf(inference.at(where))?.value === true;
  return { sql: text, truth: isAlways ? 'always' : 'depends', why: '' };
}

function payloadOf(
  sql: string,
  version: string,
  planned: readonly NonNullable<CheckedRule['errorAction']>[],
): RuleExplanation['payload'] {
  if (compileStatement(sql, { version }).needsDocument) {
    return { kind: 'json', why: 'must be JSON: the statement reads fields of it; any other fails the rule' };
  }
  const packing = planned.filter(({ plan }) => plan.form !== 'each').map(({ plan }) => plan.id);
  if (packing.length > 0)
    return { kind: 'decoded', why: `is decoded where it is JSON; what ${packing.join(', ')} packs has to be JSON` };
  const reading = planned.filter(({ plan }) => {
    const templates = Object.values(plan.destination);
    const isRead = templates.some((text) => compileTemplate(text, { version, sql }).needsDocument);
    return isRead || Object.keys(plan.fields).length > 0;
  });
  if (reading.length > 0) {
    const ids = reading.map(({ plan }) => plan.id).join(', ');
    return { kind: 'decoded', why: `is decoded where it is JSON, for the fields that ${ids} asks for` };
  }
  return { kind: 'bytes', why: 'is not decoded: whatever it is, it is passed through byte for byte where * stands' };
}

function failuresOf(hasErrorAction: boolean, actions: CheckedRule['actions']): readonly string[] {
  if (actions.length === 0 && !hasErrorAction) return ['There is no action: what the statement emits goes nowhere.'];
  if (!hasErrorAction) {
    return ['There is no error action: messages that fail here, and what destinations refuse, become dead letters.'];
  }
  const told = actions.flatMap((action) => (action?.plan.keepsOriginals === true ? [action.plan.id] : []));
  const objects = actions.flatMap((action) => (action !== null && !action.plan.keepsOriginals ? [action.plan.id] : []));
  return [
    'The error action gets AWS’s failure document of each message that cannot be decoded, evaluated or encoded.',
    ...(told.length === 0 ? [] : [`It also hears of what the destinations of ${told.join(', ')} refuse.`]),
    ...(objects.length === 0
      ? []
      : [`Objects that the destinations of ${objects.join(', ')} refuse become dead letters, whole.`]),
    'What the error action itself cannot deliver becomes a dead letter.',
  ];
}
