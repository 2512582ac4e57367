/**
 * The `delta` of a shadow: what is desired and not reported so. Members that are only reported are left out, nested objects are
 * compared member by member, arrays and all else as a whole.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html#delta-state
 */
import { objectMembers } from './json-slices.ts';

/** The JSON text of the delta; null when there is none. A shadow is decoded before, so it nests no deeper than the decoder allows. */
export function shadowDelta(desired: string, reported: string): string | null {
  const wanted = objectMembers(desired);
  const present = objectMembers(reported);
  if (wanted === null || present === null) return compact(desired) === compact(reported) ? null : desired;
  const members: string[] = [];
  for (const [key, text] of wanted) {
    const other = present.get(key);
    const delta = other === undefined ? text : shadowDelta(text, other);
    if (delta !== null) members.push(`${JSON.stringify(key)}:${delta}`);
  }
  return members.length === 0 ? null : `{${members.join(',')}}`;
}

/** Without the white space between values, which says nothing. */
function compact(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}
