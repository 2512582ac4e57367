/** Topic names and topic filters: MQTT 3.1.1 section 4.7. */

/** Control characters and non-characters: receivers may close the connection on them, and strict subscribers do. [MQTT-1.5.3] */
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}\p{Surrogate}]/u;

/** A string that may stand in an MQTT packet: no control character (NUL among them), no non-character, no lone surrogate. */
export function isTextValid(text: string): boolean {
  return !FORBIDDEN.test(text);
}

function levelCount(topic: string): number {
  let count = 1;
  for (let i = 0; i < topic.length; i++) if (topic.charCodeAt(i) === 0x2f) count++;
  return count;
}

/** A topic that may be published to. [MQTT-4.7.1-1, 4.7.3-1] `levelsMax` stops stack exhaustion by deep topics. */
export function isTopicValid(topic: string, levelsMax: number): boolean {
  if (topic === '' || topic.includes('+') || topic.includes('#')) return false;
  return levelCount(topic) <= levelsMax && isTextValid(topic);
}

/** A filter that may be subscribed to: `+` fills a level, `#` fills the last one. [MQTT-4.7.1-2, 4.7.1-3] */
export function isFilterValid(filter: string, levelsMax: number): boolean {
  if (filter === '' || !isTextValid(filter)) return false;
  const levels = filter.split('/');
  if (levels.length > levelsMax) return false;
  return levels.every((level, index) => {
    if (level.includes('#')) return level === '#' && index === levels.length - 1;
    return !level.includes('+') || level === '+';
  });
}

/** Does `topic` match `filter`? Both split into levels. Wildcards do not match a first level that starts with `$`. [MQTT-4.7.2-1] */
export function isMatch(filter: readonly string[], topic: readonly string[]): boolean {
  if (isHiddenFromWildcard(filter[0], topic[0])) return false;
  for (let i = 0; i < filter.length; i++) {
    const level = filter[i];
    if (level === '#') return true;
    if (i >= topic.length) return false;
    if (level !== '+' && level !== topic[i]) return false;
  }
  return filter.length === topic.length;
}

/** Is everything that `inner` matches also matched by `outer`? Both are filters split into levels. */
export function isContained(inner: readonly string[], outer: readonly string[]): boolean {
  if (isHiddenFromWildcard(outer[0], inner[0])) return false;
  for (let i = 0; i < outer.length; i++) {
    const allowed = outer[i];
    if (allowed === '#') return true;
    const asked = inner[i];
    if (asked === undefined || asked === '#') return false;
    if (allowed !== '+' && allowed !== asked) return false;
  }
  return outer.length === inner.length;
}

function isHiddenFromWildcard(filterLevel: string | undefined, topicLevel: string | undefined): boolean {
  return (filterLevel === '#' || filterLevel === '+') && topicLevel?.startsWith('$') === true;
}
