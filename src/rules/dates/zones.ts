/** Time zones: identifiers as Joda-Time and Java take them, offsets and names from the platform's own database. */

export interface Zone {
  /** As it was written. */
  readonly id: string;
  /** Milliseconds to add to UTC at an instant. */
  offsetAt(instant: number): number;
  /** `CST`, or the offset where English has no abbreviation. */
  shortNameAt(instant: number): string;
  /** `Central Standard Time`. */
  longNameAt(instant: number): string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Java's bound of offsets. */
const OFFSET_HOURS_MAX = 18;
/** Zones whose formatters are kept; messages may name any of some 600. */
const ZONES_MAX = 100;

export const utc: Zone = {
  id: 'UTC',
  offsetAt: () => 0,
  shortNameAt: () => 'UTC',
  longNameAt: () => 'Coordinated Universal Time',
};

const cache = new Map<string, Zone | null>([
  ['UTC', utc],
  ['Z', utc],
]);

/** `America/Belize`, `UTC`, `+05:30`, `UTC+01:00`, `GMT-3`; null when there is no such zone. */
export function zoneNamed(id: string): Zone | null {
  const known = cache.get(id);
  if (known !== undefined) return known;
  const zone = fixedZone(id) ?? platformZone(id);
  if (cache.size >= ZONES_MAX) cache.clear();
  cache.set(id, zone);
  return zone;
}

/** `+hh:mm`; without colon and with Z for zero in the variants of pattern letters. */
export function formatOffset(offset: number, colon: string): string {
  const minutes = Math.trunc(Math.abs(offset) / MINUTE_MS);
  const digits = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${digits(Math.trunc(minutes / 60))}${colon}${digits(minutes % 60)}`;
}

function fixedZone(id: string): Zone | null {
  const found = /^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/.exec(id);
  if (found === null) return null;
  const hours = Number(found[2]);
  if (hours > OFFSET_HOURS_MAX) return null;
  const offset = (found[1] === '-' ? -1 : 1) * (hours * HOUR_MS + Number(found[3] ?? 0) * MINUTE_MS);
  const name = formatOffset(offset, ':');
  return { id, offsetAt: () => offset, shortNameAt: () => name, longNameAt: () => name };
}

function platformZone(id: string): Zone | null {
  // The platform also takes forms that Java does not, such as ids in another case; those are let through.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(id)) return null;
  let fields: Intl.DateTimeFormat;
  try {
    fields = formatterFor(id, 'short');
  } catch {
    // RangeError: no such zone.
    return null;
  }
  const long = formatterFor(id, 'long');
  const offsetAt = (instant: number): number => readOffset(fields, instant);
  return {
    id,
    offsetAt,
    longNameAt: (instant) => nameOf(long, instant),
    shortNameAt: (instant) => {
      const short = nameOf(fields, instant);
      if (/^[A-Z]{2,5}$/.test(short)) return short;
      return abbreviations[nameOf(long, instant)] ?? formatOffset(offsetAt(instant), ':');
    },
  };
}

function formatterFor(timeZone: string, timeZoneName: 'short' | 'long'): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    timeZoneName,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/** What the zone's clock shows, read as if it were UTC, less the instant. */
function readOffset(formatter: Intl.DateTimeFormat, instant: number): number {
  const fields: Record<string, string> = {};
  for (const part of formatter.formatToParts(instant)) fields[part.type] = part.value;
  const read = (name: string): number => Number(fields[name]);
  const year = fields['era'] === 'BC' ? 1 - read('year') : read('year');
  const shown = new Date(0);
  shown.setUTCFullYear(year, read('month') - 1, read('day'));
  shown.setUTCHours(read('hour'), read('minute'), read('second'));
  return shown.getTime() - Math.floor(instant / 1000) * 1000;
}

function nameOf(formatter: Intl.DateTimeFormat, instant: number): string {
  return formatter.formatToParts(instant).find((part) => part.type === 'timeZoneName')?.value ?? '';
}

/** The platform abbreviates American zones only; these are Java's abbreviations of the others in wide use. */
const abbreviations: Readonly<Record<string, string>> = {
  'Greenwich Mean Time': 'GMT',
  'British Summer Time': 'BST',
  'Irish Standard Time': 'IST',
  'Western European Standard Time': 'WET',
  'Western European Summer Time': 'WEST',
  'Central European Standard Time': 'CET',
  'Central European Summer Time': 'CEST',
  'Eastern European Standard Time': 'EET',
  'Eastern European Summer Time': 'EEST',
  'Moscow Standard Time': 'MSK',
  'Israel Standard Time': 'IST',
  'Israel Daylight Time': 'IDT',
  'Arabian Standard Time': 'AST',
  'Gulf Standard Time': 'GST',
  'Pakistan Standard Time': 'PKT',
  'India Standard Time': 'IST',
  'Indochina Time': 'ICT',
  'Western Indonesia Time': 'WIB',
  'China Standard Time': 'CST',
  'Hong Kong Standard Time': 'HKT',
  'Singapore Standard Time': 'SGT',
  'Korean Standard Time': 'KST',
  'Japan Standard Time': 'JST',
  'Australian Western Standard Time': 'AWST',
  'Australian Central Standard Time': 'ACST',
  'Australian Central Daylight Time': 'ACDT',
  'Australian Eastern Standard Time': 'AEST',
  'Australian Eastern Daylight Time': 'AEDT',
  'New Zealand Standard Time': 'NZST',
  'New Zealand Daylight Time': 'NZDT',
  'South Africa Standard Time': 'SAST',
  'East Africa Time': 'EAT',
  'Central Africa Time': 'CAT',
  'West Africa Standard Time': 'WAT',
  'Brasilia Standard Time': 'BRT',
  'Argentina Standard Time': 'ART',
};
