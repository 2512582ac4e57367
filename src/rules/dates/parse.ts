/**
 * Parsing for time_to_epoch(): the pattern letters of Java 11's DateTimeFormatter, resolved as its SMART style does.
 * https://docs.oracle.com/en/java/javase/11/docs/api/java.base/java/time/format/DateTimeFormatter.html
 */
import { dayNames, monthNames, shortDayNames, shortMonthNames } from './names.ts';
import { type PatternPart, parsePattern } from './pattern.ts';
import { type Fields, resolveFields } from './resolve.ts';
import { type Zone, zoneNamed } from './zones.ts';

/** Epoch ms, or undefined when the text does not have the form. */
export type ParseDate = (text: string) => number | undefined;

/** null for an invalid pattern, or one with letters that are not supported. */
export function compileParse(pattern: string): ParseDate | null {
  const parts = parsePattern(pattern, true);
  if (parts === null) return null;
  const reader = sequence(parts);
  if (reader === null) return null;
  return (text) => {
    const fields: Fields = {};
    return reader(text, 0, fields) === text.length ? resolveFields(fields) : undefined;
  };
}

/** Reads at `position` into `fields`; gives the position behind, or -1. */
type Read = (text: string, position: number, fields: Fields) => number;

function sequence(parts: readonly PatternPart[]): Read | null {
  const readers = parts.map((part, i) => readerOf(part, parts[i + 1]));
  if (!readers.every((reader) => reader !== null)) return null;
  return (text, start, fields) => {
    let position = start;
    for (const read of readers) {
      position = read(text, position, fields);
      if (position < 0) return -1;
    }
    return position;
  };
}

function readerOf(part: PatternPart, following: PatternPart | undefined): Read | null {
  switch (part.kind) {
    case 'literal':
      return (text, position) => (text.startsWith(part.text, position) ? position + part.text.length : -1);
    case 'optional': {
      const inner = sequence(part.parts);
      if (inner === null) return null;
      return (text, position, fields) => {
        const trial: Fields = { ...fields };
        const end = inner(text, position, trial);
        if (end < 0) return position;
        Object.assign(fields, trial);
        return end;
      };
    }
    case 'field':
      return fieldReader(part.letter, part.count, isNumeric(following));
  }
}

const numericLetters = 'yuDdHhKkmsSn';

/** Whether digits follow at once, so that a number must not run on into them. */
function isNumeric(part: PatternPart | undefined): boolean {
  if (part?.kind !== 'field') return false;
  return numericLetters.includes(part.letter) || ('ML'.includes(part.letter) && part.count < 3);
}

function fieldReader(letter: string, count: number, isAdjacent: boolean): Read | null {
  switch (letter) {
    case 'G':
      return choice([count > 3 ? 'Anno Domini' : 'AD', count > 3 ? 'Before Christ' : 'BC'], 'era');
    case 'y':
    case 'u':
      return yearReader(count, isAdjacent, letter === 'y' ? 'yearOfEra' : 'year');
    case 'M':
    case 'L':
      if (count < 3) return number(count, isAdjacent, 'month');
      return choice(count === 3 ? shortMonthNames : monthNames, 'month', 1);
    case 'd':
      return number(count, isAdjacent, 'day');
    case 'D':
      return number(count, isAdjacent, 'dayOfYear');
    case 'E':
      return choice(count > 3 ? dayNames : shortDayNames, 'dayOfWeek', 1);
    case 'a':
      return choice(['AM', 'PM'], 'halfDay');
    case 'H':
      return number(count, isAdjacent, 'hour');
    case 'k':
      return number(count, isAdjacent, 'clockHour');
    case 'h':
      return number(count, isAdjacent, 'clockHourOfHalfDay');
    case 'K':
      return number(count, isAdjacent, 'hourOfHalfDay');
    case 'm':
      return number(count, isAdjacent, 'minute');
    case 's':
      return number(count, isAdjacent, 'second');
    case 'S':
      return fraction(count);
    case 'n':
      return number(count, isAdjacent, 'nano');
    case 'V':
      return count === 2 ? zone(/[A-Za-z][A-Za-z0-9_/~-]*(?:[+-]\d{1,2}(?::\d{2})?)?|[+-]\d{2}:\d{2}/y) : null;
    case 'z':
    case 'v':
      return zone(/[A-Za-z][A-Za-z0-9_/-]*(?:[+-]\d{1,2}(?::\d{2})?)?|[+-]\d{2}:\d{2}/y);
    case 'O':
      return zone(/GMT(?:[+-]\d{1,2}(?::\d{2})?)?/y);
    case 'X':
    case 'x':
    case 'Z':
      return offsetReader(letter, count);
    default:
      return null;
  }
}

/** Digits of one letter run as far as they go; of several, at least so many; before other digits, exactly so many. */
function number(count: number, isAdjacent: boolean, field: keyof Fields): Read {
  const most = isAdjacent || count === 2 ? count : 9;
  return pattern(new RegExp(`\\d{${count === 1 ? 1 : count},${most}}`, 'y'), (digits, fields) =>
    setField(fields, field, Number(digits)),
  );
}

/** `yy` is a year from 2000 to 2099. From four letters on, a year with more digits needs a sign. (DateTimeFormatter, Year) */
function yearReader(count: number, isAdjacent: boolean, field: 'year' | 'yearOfEra'): Read {
  if (count === 2) return pattern(/\d{2}/y, (digits, fields) => setField(fields, field, 2000 + Number(digits)));
  const exact = `-?\\d{${count}}`;
  const wide = count < 4 ? `-?\\d{${count},9}` : `[+-]\\d{${count + 1},9}|${exact}(?!\\d)`;
  return pattern(new RegExp(isAdjacent ? exact : wide, 'y'), (digits, fields) =>
    setField(fields, field, Number(digits)),
  );
}

function fraction(count: number): Read {
  return pattern(new RegExp(`\\d{${count}}`, 'y'), (digits, fields) => {
    fields.nano = Number(digits.padEnd(9, '0').slice(0, 9));
    return undefined;
  });
}

function choice(names: readonly string[], field: keyof Fields, first = 0): Read {
  return (text, position, fields) => {
    // The longest name that fits: none of them begins another, but that is for the data to know.
    const index = names.findIndex((name) => text.startsWith(name, position));
    if (index < 0) return -1;
    setField(fields, field, index + first);
    return position + (names[index]?.length ?? 0);
  };
}

function zone(shape: RegExp): Read {
  return pattern(shape, (id, fields) => {
    const found: Zone | null = zoneNamed(abbreviated[id] ?? id);
    if (found === null) return 'refused';
    fields.zone = found;
    return undefined;
  });
}

/** Abbreviations that Java reads as the zone of the same standard time. */
const abbreviated: Readonly<Record<string, string>> = {
  EST: 'America/New_York',
  EDT: 'America/New_York',
  CST: 'America/Chicago',
  CDT: 'America/Chicago',
  MST: 'America/Denver',
  MDT: 'America/Denver',
  PST: 'America/Los_Angeles',
  PDT: 'America/Los_Angeles',
  CET: 'Europe/Paris',
  CEST: 'Europe/Paris',
  JST: 'Asia/Tokyo',
};

/** X has Z for zero, x and Z have not; the count says which digits and colons there are. */
function offsetReader(letter: string, count: number): Read | null {
  const hoursMinutes = '[+-]\\d{2}\\d{2}';
  const withColon = '[+-]\\d{2}:\\d{2}';
  const shapes: Readonly<Record<string, readonly string[]>> = {
    X: ['[+-]\\d{2}(?:\\d{2})?', hoursMinutes, withColon, `${hoursMinutes}(?:\\d{2})?`, `${withColon}(?::\\d{2})?`],
    Z: [hoursMinutes, hoursMinutes, hoursMinutes, `GMT(?:${withColon})?`, withColon],
  };
  const shape = shapes[letter === 'x' ? 'X' : letter]?.[count - 1];
  if (shape === undefined) return null;
  const hasZ = letter === 'X' || (letter === 'Z' && count === 5);
  return zone(new RegExp(hasZ ? `Z|${shape}` : shape, 'y'));
}

/** `apply` may refuse what was found. */
function pattern(shape: RegExp, apply: (found: string, fields: Fields) => 'refused' | undefined): Read {
  return (text, position, fields) => {
    shape.lastIndex = position;
    const found = shape.exec(text)?.[0];
    if (found === undefined) return -1;
    return apply(found, fields) === 'refused' ? -1 : position + found.length;
  };
}

function setField(fields: Fields, field: keyof Fields, value: number): undefined {
  (fields as Record<string, unknown>)[field] = value;
}
