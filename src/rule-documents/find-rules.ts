/** The rules in a file, whichever tool of AWS wrote it. */
import type { Finding } from '../errors.ts';
import { findingAt, type Path, type YamlSource } from '../yaml-document.ts';
import type { FoundRule, FoundRules } from './found-rule.ts';
import { isPlainObject, ownValue } from './rule-object.ts';
import { templateRules } from './template-rules.ts';
import { unwrapRule } from './unwrap-rule.ts';

const FORMS =
  'Expected is the output of aws iot get-topic-rule, the input of create-topic-rule, a TopicRulePayload, or a CloudFormation template.';

/** `parameters`: what the caller passes for a template's values. */
export function findRules(source: YamlSource, parameters: ReadonlyMap<string, string>): FoundRules {
  const { data } = source;
  if (isPlainObject(data) && isPlainObject(ownValue(data, 'Resources'))) return templateRules(source, parameters);
  const list: readonly { readonly item: unknown; readonly path: Path }[] = Array.isArray(data)
    ? data.map((item: unknown, index) => ({ item, path: [index] }))
    : [{ item: data, path: [] }];
  const rules: FoundRule[] = [];
  const findings: Finding[] = [];
  if (list.length === 0) findings.push(findingAt(source, [], 'RULE_INVALID', `There is no rule here. ${FORMS}`));
  for (const { item, path } of list) {
    const unwrapped = unwrapRule(item);
    if (unwrapped === null) {
      findings.push(findingAt(source, path, 'RULE_INVALID', whyNone(item)));
      continue;
    }
    for (const key of unwrapped.ignored) {
      findings.push(findingAt(source, [...path, key], 'RULE_INVALID', `"${key}" is left out.`, 'warning'));
    }
    const { fields, origin, at } = unwrapped;
    rules.push({
      source,
      fields,
      origin,
      placeOf: (inside) => [...path, ...(inside[0] === 'ruleName' ? [] : at), ...inside],
    });
  }
  return { rules, failed: Math.max(0, list.length - rules.length, list.length === 0 ? 1 : 0), findings };
}

function whyNone(item: unknown): string {
  if (isPlainObject(item) && (Array.isArray(ownValue(item, 'rules')) || Object.hasOwn(item, 'topicPattern'))) {
    return 'This is the output of aws iot list-topic-rules, which has no SQL. Run aws iot get-topic-rule for each rule.';
  }
  return `This is no rule. ${FORMS}`;
}
