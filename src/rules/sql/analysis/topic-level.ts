/** What topic() and topic(n) can be for topics that match a filter. */
import { floorOf } from '../../convert.ts';
import { anyText, constantOf, kinds, ofKinds, ofValues, onlyUndefined, type Possible } from './possible.ts';

/** `number`: the parameter of topic(); absent for the whole topic. null when nothing is known. */
export function topicLevel(filter: string, number: Possible | undefined): Possible | null {
  const levels = filter.split('/');
  const isExact = !levels.includes('+') && !levels.includes('#');
  if (number === undefined) return isExact ? ofValues([filter]) : null;
  const constant = constantOf(number);
  const index = constant === null ? undefined : floorOf(constant.value);
  if (index === undefined || index < 1) return null;
  const isOpen = levels.at(-1) === '#';
  const level = levels[index - 1];
  if (level === undefined) return isOpen ? null : onlyUndefined;
  if (level === '+') return ofKinds(anyText);
  return level === '#' ? ofKinds(anyText | kinds.undefined) : ofValues([level]);
}
