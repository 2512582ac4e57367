/** Dates as text. */

import { floorOf, textOf } from '../convert.ts';
import { compileFormat, type FormatDate, INSTANT_MAX } from '../dates/format.ts';
import { compileParse, type ParseDate } from '../dates/parse.ts';
import { utc, zoneNamed } from '../dates/zones.ts';
import type { Value } from '../value.ts';
import { dynamic, type FunctionSpec } from './spec.ts';

/** Compiled patterns that are kept, of each function, for patterns that messages bring. */
const PATTERNS_MAX = 100;

const formatNamed = remembered<FormatDate>(compileFormat);
const parserNamed = remembered<ParseDate>(compileParse);

export const timeFunctions: readonly FunctionSpec[] = [
  {
    name: 'parse_time',
    category: 'time',
    summary:
      'Milliseconds since 1970 as text, by a pattern in the letters of Joda-Time and in a time zone, UTC unless given. (The name is AWS’s.)',
    since: '2016-03-23',
    params: [{ name: 'pattern' }, { name: 'milliseconds' }, { name: 'zone', isOptional: true }],
    pure: true,
    examples: [
      {
        sql: `parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", 100000000, 'America/Belize')`,
        result: '"1970.01.01 AD at 21:46:40 CST"',
      },
      { sql: "parse_time('yyyy-MM-dd', 1700000000123)", result: '"2023-11-14"' },
    ],
    complain: ([pattern, , zone]) => {
      if (isWrong(pattern, formatNamed)) return 'The pattern is not one of Joda-Time.';
      return isWrong(zone, (id) => zoneNamed(textOf(id) ?? '')) ? 'There is no such time zone.' : null;
    },
    evaluate: (parameters) => format(formatNamed(parameters[0]), parameters),
    prepare: ([pattern]) => {
      if (pattern === dynamic) return null;
      const compiled = formatNamed(pattern);
      return (parameters) => format(compiled, parameters);
    },
  },
  {
    name: 'time_to_epoch',
    category: 'time',
    summary:
      'Milliseconds since 1970 of a date as text, by a pattern in the letters of Java’s DateTimeFormatter; UTC unless the text names a zone.',
    since: '2016-03-23',
    params: [{ name: 'text' }, { name: 'pattern' }],
    pure: true,
    examples: [
      { sql: "time_to_epoch('2020-04-03 09:45:18 UTC+01:00', 'yyyy-MM-dd HH:mm:ss VV')", result: '1585903518000' },
      { sql: "time_to_epoch('18 December 2015', 'dd MMMM yyyy')", result: '1450396800000' },
    ],
    complain: ([, pattern]) =>
      isWrong(pattern, parserNamed) ? 'The pattern is not one that DateTimeFormatter would take here.' : null,
    evaluate: (parameters) => parse(parserNamed(parameters[1]), parameters[0]),
    prepare: ([, pattern]) => {
      if (pattern === dynamic) return null;
      const compiled = parserNamed(pattern);
      return (parameters) => parse(compiled, parameters[0]);
    },
  },
];

function format(write: FormatDate | null, parameters: readonly Value[]): Value {
  const instant = floorOf(parameters[1]);
  if (write === null || instant === undefined || Math.abs(instant) > INSTANT_MAX) return undefined;
  if (parameters.length < 3) return write(instant, utc);
  const zoneId = textOf(parameters[2]);
  const zone = zoneId === undefined ? null : zoneNamed(zoneId);
  return zone === null ? undefined : write(instant, zone);
}

function parse(read: ParseDate | null, value: Value): Value {
  const text = textOf(value);
  return read === null || text === undefined ? undefined : read(text);
}

/** Whether a literal is of no use. An absent parameter is. */
function isWrong(literal: Value | typeof dynamic, find: (value: Value) => unknown): boolean {
  return literal !== dynamic && literal !== undefined && find(literal) === null;
}

function remembered<Compiled>(compile: (pattern: string) => Compiled | null): (pattern: Value) => Compiled | null {
  const cache = new Map<string, Compiled | null>();
  return (pattern) => {
    const text = textOf(pattern);
    if (text === undefined) return null;
    const known = cache.get(text);
    if (known !== undefined) return known;
    const compiled = compile(text);
    if (cache.size >= PATTERNS_MAX) cache.clear();
    cache.set(text, compiled);
    return compiled;
  };
}
