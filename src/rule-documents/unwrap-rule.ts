/**
 * The forms in which tools of AWS write a rule as JSON or YAML, brought to one: the fields of a rule, side by side.
 *
 *     aws iot get-topic-rule          { ruleArn, rule: { ruleName, sql, actions, …, createdAt } }
 *     aws iot create-topic-rule       { ruleName, topicRulePayload: { sql, actions, … }, tags }
 *     a rule by itself                { ruleName, sql, actions, … }
 *     a TopicRulePayload by itself    { sql, actions, … }
 */
import type { Path } from '../yaml-document.ts';
import { isPlainObject, ownValue, type PlainObject, without } from './rule-object.ts';

export interface UnwrappedRule {
  /** `ruleName`, `sql`, `actions` …, where the document has them, and whatever else stands beside them. */
  readonly fields: PlainObject;
  /** What only AWS knows of a rule: `ruleArn`, `createdAt`. */
  readonly origin: PlainObject;
  /** Members of the wrapper that say nothing about the rule, such as `tags`. */
  readonly ignored: readonly string[];
  /** Where in the document most of the fields stand. */
  readonly at: Path;
}

const ORIGIN_KEYS = ['ruleArn', 'createdAt'];

/** null: none of these forms. */
export function unwrapRule(data: unknown): UnwrappedRule | null {
  if (!isPlainObject(data)) return null;
  const rule = ownValue(data, 'rule');
  const payload = ownValue(data, 'topicRulePayload');
  if (isPlainObject(rule) && !Object.hasOwn(data, 'sql')) {
    const ignored = Object.keys(data).filter((key) => key !== 'rule' && key !== 'ruleArn');
    return { ...separate(rule, pick(data, ['ruleArn'])), ignored, at: ['rule'] };
  }
  if (isPlainObject(payload) && !Object.hasOwn(data, 'sql')) {
    const ignored = Object.keys(data).filter((key) => key !== 'topicRulePayload' && key !== 'ruleName');
    return { ...separate({ ...pick(data, ['ruleName']), ...payload }, {}), ignored, at: ['topicRulePayload'] };
  }
  if (!Object.hasOwn(data, 'sql')) return null;
  return { ...separate(data, {}), ignored: [], at: [] };
}

function separate(rule: PlainObject, origin: PlainObject): Pick<UnwrappedRule, 'fields' | 'origin'> {
  return { fields: without(rule, ORIGIN_KEYS), origin: { ...origin, ...pick(rule, ORIGIN_KEYS) } };
}

function pick(object: PlainObject, keys: readonly string[]): PlainObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)));
}
