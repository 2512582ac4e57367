/** Formatting for parse_time(): Joda-Time's pattern letters. https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html */
import { dayNames, monthNames, shortDayNames, shortMonthNames } from './names.ts';
import { type PatternPart, parsePattern } from './pattern.ts';
import { formatOffset, type Zone } from './zones.ts';

export type FormatDate = (instant: number, zone: Zone) => string;

/** Beyond this JavaScript has no dates: 100,000,000 days around 1970. (ECMA-262, Time Values) */
export const INSTANT_MAX = 8.64e15;

/** null for an invalid pattern. */
export function compileFormat(pattern: string): FormatDate | null {
  const parts = parsePattern(pattern, false);
  if (parts === null || pattern === '') return null;
  const writers = parts.map(writerOf);
  if (!writers.every((writer) => writer !== null)) return null;
  return (instant, zone) => {
    const local = new Date(instant + zone.offsetAt(instant));
    return writers.map((write) => write(local, instant, zone)).join('');
  };
}

/** `local` holds the zone's clock in its UTC fields. */
type Write = (local: Date, instant: number, zone: Zone) => string;

function writerOf(part: PatternPart): Write | null {
  if (part.kind === 'optional') return null;
  if (part.kind === 'literal') return () => part.text;
  const { count } = part;
  const number =
    (read: (local: Date) => number): Write =>
    (local) =>
      padded(read(local), count);
  switch (part.letter) {
    case 'G':
      return (local) => (local.getUTCFullYear() > 0 ? 'AD' : 'BC');
    case 'C':
      return number((local) => Math.floor(yearOfEra(local) / 100));
    case 'Y':
      return yearWriter(count, yearOfEra);
    case 'y':
      return yearWriter(count, (local) => local.getUTCFullYear());
    case 'x':
      return yearWriter(count, (local) => weekOf(local).year);
    case 'w':
      return number((local) => weekOf(local).week);
    case 'e':
      return number(dayOfWeek);
    case 'E':
      return (local) => (count > 3 ? dayNames : shortDayNames)[dayOfWeek(local) - 1] ?? '';
    case 'D':
      return number(dayOfYear);
    case 'M':
      if (count < 3) return number((local) => local.getUTCMonth() + 1);
      return (local) => (count > 3 ? monthNames : shortMonthNames)[local.getUTCMonth()] ?? '';
    case 'd':
      return number((local) => local.getUTCDate());
    case 'a':
      return (local) => (local.getUTCHours() < 12 ? 'AM' : 'PM');
    case 'K':
      return number((local) => local.getUTCHours() % 12);
    case 'h':
      return number((local) => local.getUTCHours() % 12 || 12);
    case 'H':
      return number((local) => local.getUTCHours());
    case 'k':
      return number((local) => local.getUTCHours() || 24);
    case 'm':
      return number((local) => local.getUTCMinutes());
    case 's':
      return number((local) => local.getUTCSeconds());
    case 'S':
      return (local) => String(local.getUTCMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count);
    case 'z':
      return (_, instant, zone) => (count > 3 ? zone.longNameAt(instant) : zone.shortNameAt(instant));
    case 'Z':
      if (count > 2) return (_, __, zone) => zone.id;
      return (_, instant, zone) => formatOffset(zone.offsetAt(instant), count === 2 ? ':' : '');
    default:
      return null;
  }
}

/** Two letters are the last two digits. */
function yearWriter(count: number, read: (local: Date) => number): Write {
  if (count === 2) return (local) => padded(Math.abs(read(local)) % 100, 2);
  return (local) => padded(read(local), count);
}

function padded(value: number, count: number): string {
  const digits = String(Math.abs(value)).padStart(count, '0');
  return value < 0 ? `-${digits}` : digits;
}

/** Years before 1 AD count backwards in their era. */
function yearOfEra(local: Date): number {
  const year = local.getUTCFullYear();
  return year > 0 ? year : 1 - year;
}

/** 1 = Monday. */
function dayOfWeek(local: Date): number {
  return local.getUTCDay() || 7;
}

const DAY_MS = 86_400_000;

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - startOfYear(local.getUTCFullYear())) / DAY_MS) + 1;
}

/** ISO 8601: a week belongs to the year that has its Thursday. */
function weekOf(local: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(local.getTime() + (4 - dayOfWeek(local)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - startOfYear(year)) / (7 * DAY_MS)) + 1 };
}

function startOfYear(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1);
}
