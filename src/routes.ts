/** What a configuration asks of the router. */
import type { Config } from './config.ts';
import type { RouterOptions } from './router.ts';
import { matchesFilter } from './rules/topic-filter.ts';
import { TopicIndex } from './rules/topic-index.ts';

export function routesOf({ ruleSet, journal }: Pick<Config, 'ruleSet' | 'journal'>): RouterOptions {
  const rows = ruleSet.topicFilters.flatMap((filter) => (filter === null ? [] : [{ filter, value: true }]));
  const index = new TopicIndex(rows);
  return {
    isMatched: (topic) => index.match(topic).length > 0,
    ruleNames: new Set(ruleSet.rules.map((rule) => rule.name)),
    isAlarm: (topic) => journal.classes.alarm.some((filter) => matchesFilter(filter, topic)),
  };
}
