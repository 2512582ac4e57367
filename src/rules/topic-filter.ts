/** Topic filters as AWS IoT reads them ("MQTT topics", Topic filters). */

/** AWS: 7 slashes, 256 bytes. https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits */
const FILTER_BYTES_MAX = 256;

/** Why AWS would refuse the filter; null when it is valid. */
export function checkFilter(filter: string): string | null {
  if (filter === '') return 'it is empty.';
  if (Buffer.byteLength(filter) > FILTER_BYTES_MAX) return `it is longer than ${FILTER_BYTES_MAX} bytes.`;
  if (filter.includes('\0')) return 'it contains a NUL character.';
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level.includes('#') && level !== '#') return "'#' must stand alone in its level.";
    if (level === '#' && i < levels.length - 1) return "'#' must be the last level.";
    if (level.includes('+') && level !== '+') return "'+' must stand alone in its level.";
  }
  return null;
}

/**
 * Whether a valid filter matches a topic: level by level, in exact case; `+` is one whole level; `#` is one level or more, so that,
 * other than in MQTT, `sensor/#` does not match `sensor`. Wildcards at the first level do not match topics that begin with `$`.
 */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('#') || filter.startsWith('+'))) return false;
  let inFilter = 0;
  let inTopic = 0;
  for (;;) {
    const filterEnd = endOfLevel(filter, inFilter);
    const topicEnd = endOfLevel(topic, inTopic);
    const level = filter.slice(inFilter, filterEnd);
    if (level === '#') return true;
    if (level !== '+' && level !== topic.slice(inTopic, topicEnd)) return false;
    const filterIsOver = filterEnd === filter.length;
    const topicIsOver = topicEnd === topic.length;
    if (filterIsOver || topicIsOver) return filterIsOver && topicIsOver;
    inFilter = filterEnd + 1;
    inTopic = topicEnd + 1;
  }
}

function endOfLevel(text: string, start: number): number {
  const end = text.indexOf('/', start);
  return end < 0 ? text.length : end;
}
