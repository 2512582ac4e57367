/** A rule file's document made AWS's again: without what is this gateway's own, with what the import put aside. */
import type { Finding } from '../errors.ts';
import { createRuleSchema } from '../rules/rule.ts';
import { createActionSchema, sinkDefinitions } from '../sinks/index.ts';
import { findingAt, type Path, validate, type YamlSource } from '../yaml-document.ts';
import { awsActionOf } from './aws-actions.ts';
import { isPlainObject, ownValue, type PlainObject, without } from './rule-object.ts';
import { unwrapRule } from './unwrap-rule.ts';

export interface ExportedRule {
  /** What `aws iot create-topic-rule --cli-input-json` takes. */
  readonly created: { readonly ruleName: string; readonly topicRulePayload: PlainObject };
  /** What only AWS knows of it: `ruleArn`, `createdAt`. */
  readonly origin: PlainObject;
}

const schema = createRuleSchema(createActionSchema());

/** null with findings where the document is no rule. Warnings name what is left out. */
export function exportRule(
  source: YamlSource,
  data: unknown,
  at: Path,
): { readonly rule: ExportedRule | null; readonly findings: readonly Finding[] } {
  const unwrapped = unwrapRule(data);
  const fields = unwrapped?.fields ?? data;
  const path = [...at, ...(unwrapped?.at ?? [])];
  const parsed = validate(source, fields, schema, { at: path, code: 'RULE_INVALID' });
  if (parsed.value === null || !isPlainObject(fields)) return { rule: null, findings: parsed.findings };
  const findings: Finding[] = [];
  const aside = ownValue(fields, 'aws');
  const kept = isPlainObject(aside) ? aside : {};
  const actions = (fields['actions'] as readonly PlainObject[]).flatMap((action, index) =>
    awsAction(source, action, [...path, 'actions', index], findings),
  );
  const own = ownValue(fields, 'errorAction');
  const errorActions = isPlainObject(own) ? awsAction(source, own, [...path, 'errorAction'], findings) : [];
  const errorAction = ownValue(kept, 'errorAction') ?? errorActions[0];
  if (errorActions[0] !== undefined && errorAction !== errorActions[0]) {
    const why = 'errorAction is left out; the one under aws is given back in its place.';
    findings.push(findingAt(source, [...path, 'errorAction'], 'RULE_ACTION_UNSUPPORTED', why, 'warning'));
  }
  const { ruleName } = parsed.value;
  const topicRulePayload = {
    ...without(fields, ['ruleName', 'aws', 'actions', 'errorAction']),
    actions: withAside(actions, ownValue(kept, 'actions')),
    ...(errorAction === undefined ? {} : { errorAction }),
  };
  const origin = { ...unwrapped?.origin, ...without(kept, ['actions', 'errorAction']) };
  return { rule: { created: { ruleName, topicRulePayload }, origin }, findings };
}

/** The action as AWS has it; none where AWS has no such action. */
function awsAction(source: YamlSource, action: PlainObject, at: Path, findings: Finding[]): readonly PlainObject[] {
  const warn = (path: Path, message: string) => {
    findings.push(findingAt(source, [...at, ...path], 'RULE_ACTION_UNSUPPORTED', message, 'warning'));
  };
  const type = sinkDefinitions.find((definition) => Object.hasOwn(action, definition.type))?.type ?? '';
  const fields = ownValue(action, type);
  if (awsActionOf(type) === null) {
    warn([type], `AWS has no ${type} action; it is left out.`);
    return [];
  }
  if (Object.hasOwn(action, 'delivery')) warn(['delivery'], `delivery is left out. ${withoutDelivery(type, action)}`);
  if (isPlainObject(fields) && !Object.hasOwn(fields, 'roleArn')) {
    warn([type], 'roleArn is missing. AWS asks for the role that its rule acts with.');
  }
  return [without(action, ['delivery'])];
}

function withoutDelivery(type: string, { delivery }: PlainObject): string {
  const hasBatch = isPlainObject(delivery) && Object.hasOwn(delivery, 'batch');
  return type === 's3' && hasBatch
    ? 'Here the key is the prefix of objects of many messages; in AWS every message overwrites the object of that key.'
    : 'In AWS every message is sent by itself, as it is.';
}

/** Actions that were put aside, back at their places. */
function withAside(actions: readonly PlainObject[], aside: unknown): readonly unknown[] {
  const whole: unknown[] = [...actions];
  const entries = (Array.isArray(aside) ? aside : []) as readonly {
    readonly index: number;
    readonly action: unknown;
  }[];
  for (const { index, action } of [...entries].sort((a, b) => a.index - b.index)) whole.splice(index, 0, action);
  return whole;
}
