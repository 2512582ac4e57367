/** What to write instead of what other dialects of SQL have, or other languages. */

const aggregate =
  'A rule sees one message at a time: there is no grouping, sorting, joining or counting over messages.';

/** Words, in upper case, and marks that the parser did not expect. */
const words: Readonly<Record<string, string>> = {
  LIKE: 'There is no LIKE; write startswith(), endswith() or regexp_matches().',
  RLIKE: 'Write regexp_matches(text, pattern).',
  BETWEEN: 'There is no BETWEEN; write x >= low AND x <= high.',
  IS: 'There is no IS; write isNull(x), and isUndefined(x) for what is missing.',
  NOT: 'NOT stands in front of a condition: NOT (x IN [1, 2]).',
  WHEN: 'CASE compares a value: CASE x > 5 WHEN true THEN … ELSE … END.',
  GROUP: aggregate,
  HAVING: aggregate,
  ORDER: aggregate,
  LIMIT: aggregate,
  OFFSET: aggregate,
  UNION: aggregate,
  JOIN: aggregate,
  INNER: aggregate,
  LEFT: aggregate,
  CROSS: aggregate,
  WINDOW: aggregate,
  '=': 'Comparisons are written with one =.',
  '`': "Names stand without quotes; one with other characters is taken by get(object, 'name').",
  '|': 'Write + or concat() to join texts, OR between conditions.',
  '&': 'Write AND.',
  '!': 'Write NOT.',
  ';': 'A statement ends without it.',
  $: 'Fields of the payload are named as they are: a.b.',
};

/** Words that were read as names of fields, because nothing else could be meant. */
const wordsBefore: Readonly<Record<string, string>> = { DISTINCT: aggregate, TOP: aggregate };

/** ` hint`, or nothing. `found`: as written, `before`: the token in front of it. */
export function insteadOf(found: string, before: string): string {
  const hint = own(words, found.toUpperCase()) ?? own(wordsBefore, before.toUpperCase());
  return hint === null ? '' : ` ${hint}`;
}

const count = 'A rule sees one message at a time; count and sum where its output is read.';
const missing = 'Write get_or_default(value, default).';

const calls: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['count', 'sum', 'avg', 'min', 'max', 'first', 'last'].map((name) => [name, count])),
  ...Object.fromEntries(['coalesce', 'ifnull', 'nvl', 'default'].map((name) => [name, missing])),
  len: 'Write length(text).',
  substr: 'Write substring(text, start, end); the first character is at 0.',
  contains: 'Write indexof(text, part) >= 0, or value IN array.',
  instr: 'Write indexof(text, part).',
  now: 'Write timestamp(): milliseconds since 1970.',
  current_timestamp: 'Write timestamp(): milliseconds since 1970.',
  date_format: 'Write parse_time(pattern, milliseconds).',
  format_time: 'Write parse_time(pattern, milliseconds).',
  unix_timestamp: 'Write time_to_epoch(text, pattern).',
  to_timestamp: 'Write time_to_epoch(text, pattern).',
  pow: 'Write power(base, exponent).',
  uuid: 'Write newuuid().',
  random: 'Write rand().',
  if: 'Write CASE x > 5 WHEN true THEN … ELSE … END.',
  iif: 'Write CASE x > 5 WHEN true THEN … ELSE … END.',
  to_string: 'Write cast(value AS String).',
  to_number: 'Write cast(value AS Decimal).',
  base64: "Write encode(value, 'base64').",
  json_extract: 'Fields of objects are taken by dots: a.b.c.',
  json_value: 'Fields of objects are taken by dots: a.b.c.',
};

/** What to write for a function of another dialect; null for names that none has. */
export function insteadOfFunction(name: string): string | null {
  return own(calls, name.toLowerCase());
}

function own(hints: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(hints, key) ? (hints[key] ?? null) : null;
}
