/**
 * Basic Ingest: `$aws/rules/<rule>/<rest>` addresses that rule, whatever its FROM says; for the rule the topic is `<rest>`. Nobody can
 * subscribe to these topics. AWS IoT Developer Guide, "Reducing messaging costs with Basic Ingest".
 */
export const BASIC_INGEST_PREFIX = '$aws/rules/';

export interface BasicIngest {
  readonly ruleName: string;
  readonly rest: string;
}

/** null: the topic addresses no rule; one that ends with the rule's name does not. */
export function readBasicIngest(topic: string): BasicIngest | null {
  if (!topic.startsWith(BASIC_INGEST_PREFIX)) return null;
  const slash = topic.indexOf('/', BASIC_INGEST_PREFIX.length);
  if (slash < 0) return null;
  return { ruleName: topic.slice(BASIC_INGEST_PREFIX.length, slash), rest: topic.slice(slash + 1) };
}
