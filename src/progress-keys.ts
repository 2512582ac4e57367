/**
 * Under which names the progress of actions is kept: by what an action does, not by where it stands in its rule. With ids, which hold
 * an ordinal, an action put before others would inherit their progress, and they would never deliver what it has of the backlog.
 */
import { createHash } from 'node:crypto';
import type { ActionPlan } from './message.ts';

/**
 * By action index: the outboxes of actions. By rule, type, format and place among the rule's actions of these: an entry carries its own
 * destination, so what waits may go out through any action of its kind. It must never meet a sink of another: lines would be called
 * Avro, and objects that share a prefix, taken for single messages, would overwrite one another.
 */
export function outboxNames(
  plans: readonly Pick<ActionPlan, 'id' | 'ruleName' | 'type' | 'form' | 'codec'>[],
): readonly string[] {
  const counts = new Map<string, number>();
  return plans.map(({ id, ruleName, type, form, codec }) => {
    const format = form === 'each' ? '' : form === 'lines' && codec === 'gzip' ? '-gzip' : `-${form}`;
    const name = `${ruleName}/${id === `${ruleName}/error` ? 'error-' : ''}${type}${format}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${name}-${count}`;
  });
}

/** By action index, all different. A new destination is a new action: it gets the backlog again rather than miss some of it. */
export function progressKeys(
  plans: readonly Pick<ActionPlan, 'id' | 'ruleName' | 'type' | 'destination'>[],
): readonly string[] {
  const counts = new Map<string, number>();
  return plans.map(({ id, ruleName, type, destination }) => {
    const role = id === `${ruleName}/error` ? 'error' : type;
    const text = JSON.stringify([type, Object.entries(destination).sort()]);
    const key = `${ruleName}/${role}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count === 1 ? key : `${key}-${count}`;
  });
}
