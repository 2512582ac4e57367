/** Whether what a rule republishes comes back to it. */

import { unescapeReserved } from './template.ts';
import { matchesFilter } from './topic-filter.ts';

/** `always`: every topic that it can become; `maybe`: some topic. What WHERE makes of the message is not looked at. */
export type Return = 'always' | 'maybe' | 'never';

/** Stands for text that only a message brings. */
const HOLE = '\0';

/** `topicFilter`: null = the rule is reached by Basic Ingest alone. `template`: the topic of a `republish` action. */
export function returnOf(template: string, ruleName: string, topicFilter: string | null): Return {
  const topic = unescapeReserved(template);
  const basic = `$aws/rules/${ruleName}/`;
  if (topic.startsWith(basic)) return 'always';
  if (topicFilter === null) return 'never';
  if (!topic.includes('${')) return matchesFilter(topicFilter, topic) ? 'always' : 'never';
  // The topic that a message came on matches the filter.
  const pattern = topic.replaceAll('${topic()}', topicFilter).replaceAll(/\$\{.*?\}/g, HOLE);
  const isReserved = pattern.startsWith('$') && /^[#+]/.test(topicFilter);
  return !isReserved && overlap(topicFilter.split('/'), pattern.split('/')) ? 'maybe' : 'never';
}

/** Whether some topic is of both forms. A hole is taken for a part of one level. */
function overlap(filter: readonly string[], pattern: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    const wanted = filter[i];
    const got = pattern[i];
    if (wanted === undefined || got === undefined) return wanted === got;
    if (wanted === '#' || got === '#') return true;
    if (!overlapInLevel(wanted, got)) return false;
  }
}

function overlapInLevel(wanted: string, got: string): boolean {
  if (wanted === '+' || got === '+' || wanted === got) return true;
  const first = got.indexOf(HOLE);
  if (first < 0) return false;
  const start = got.slice(0, first);
  const end = got.slice(got.lastIndexOf(HOLE) + 1);
  return wanted.length >= start.length + end.length && wanted.startsWith(start) && wanted.endsWith(end);
}
