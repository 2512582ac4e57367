/** Rules as a CloudFormation template (JSON). */
import { payloadShape, type Shape } from './aws-actions.ts';
import { isPlainObject, type PlainObject } from './rule-object.ts';

export function cloudFormationOf(
  rules: readonly { readonly ruleName: string; readonly topicRulePayload: PlainObject }[],
): PlainObject {
  const resources = new Map<string, unknown>();
  for (const { ruleName, topicRulePayload } of rules) {
    const TopicRulePayload = renamed(topicRulePayload, payloadShape);
    resources.set(logicalId(ruleName, resources), {
      Type: 'AWS::IoT::TopicRule',
      Properties: { RuleName: ruleName, TopicRulePayload },
    });
  }
  return { AWSTemplateFormatVersion: '2010-09-09', Resources: Object.fromEntries(resources) };
}

/** Logical ids are alphanumeric, so that two names may come to the same one. */
function logicalId(ruleName: string, taken: ReadonlyMap<string, unknown>): string {
  const id = `Rule${ruleName.replaceAll('_', '')}`;
  let free = id;
  for (let count = 2; taken.has(free); count++) free = `${id}x${count}`;
  return free;
}

/** CloudFormation begins every name of the API with a capital; keys of the author's choice stay. */
function renamed(value: unknown, shape: Shape | undefined): unknown {
  if (Array.isArray(value)) {
    const [itemShape] = Array.isArray(shape) ? (shape as readonly [Shape]) : [];
    return value.map((item: unknown) => renamed(item, itemShape));
  }
  if (!isPlainObject(value) || shape === undefined || typeof shape === 'string' || Array.isArray(shape)) return value;
  const fields = shape as { readonly [field: string]: Shape };
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      Object.hasOwn(fields, key)
        ? [`${key.slice(0, 1).toUpperCase()}${key.slice(1)}`, renamed(member, fields[key])]
        : [key, member],
    ),
  );
}
