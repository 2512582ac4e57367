/** From the fields of a parsed date to an instant, as java.time's SMART resolver style has it. */
import { utc, type Zone } from './zones.ts';

export interface Fields {
  /** 0 = AD, 1 = BC. */
  era?: number;
  yearOfEra?: number;
  /** Proleptic: 0 is 1 BC. */
  year?: number;
  month?: number;
  day?: number;
  dayOfYear?: number;
  /** 1 = Monday; only checked. */
  dayOfWeek?: number;
  /** 0 = AM, 1 = PM. */
  halfDay?: number;
  hour?: number;
  /** 1 to 24. */
  clockHour?: number;
  /** 1 to 12. */
  clockHourOfHalfDay?: number;
  hourOfHalfDay?: number;
  minute?: number;
  second?: number;
  nano?: number;
  zone?: Zone;
}

const DAY_MS = 86_400_000;

/** Epoch ms; undefined when fields are missing, out of range or contradict each other. A date alone is its midnight. */
export function resolveFields(fields: Fields): number | undefined {
  const date = resolveDate(fields);
  const time = resolveTime(fields);
  if (date === undefined || time === undefined) return undefined;
  const { dayOfWeek } = fields;
  if (dayOfWeek !== undefined && (new Date(date).getUTCDay() || 7) !== dayOfWeek) return undefined;
  const local = date + time;
  const zone = fields.zone ?? utc;
  // The offset in force is that at the instant, which is not known yet: the second guess is right but in gaps of daylight saving.
  const guess = local - zone.offsetAt(local);
  const instant = local - zone.offsetAt(guess);
  return Number.isFinite(instant) ? instant : undefined;
}

function resolveDate(fields: Fields): number | undefined {
  const year = fields.year ?? (fields.era === 1 ? 1 - (fields.yearOfEra ?? Number.NaN) : fields.yearOfEra);
  if (year === undefined || Number.isNaN(year)) return undefined;
  // An era has no year 0.
  if (fields.yearOfEra !== undefined && fields.yearOfEra < 1) return undefined;
  const date = new Date(0);
  if (fields.month !== undefined && fields.day !== undefined) {
    if (!isWithin(fields.month, 1, 12) || !isWithin(fields.day, 1, 31)) return undefined;
    date.setUTCFullYear(year, fields.month, 0);
    // SMART: 31 April is 30 April.
    return date.setUTCFullYear(year, fields.month - 1, Math.min(fields.day, date.getUTCDate()));
  }
  if (fields.dayOfYear === undefined) return undefined;
  const start = date.setUTCFullYear(year, 0, 1);
  const length = (date.setUTCFullYear(year + 1, 0, 1) - start) / DAY_MS;
  return isWithin(fields.dayOfYear, 1, length) ? start + (fields.dayOfYear - 1) * DAY_MS : undefined;
}

/** Milliseconds since midnight. */
function resolveTime(fields: Fields): number | undefined {
  const hour = resolveHour(fields);
  const { minute = 0, second = 0, nano = 0 } = fields;
  if (hour === undefined || !isWithin(minute, 0, 59) || !isWithin(second, 0, 59)) return undefined;
  // SMART: 24:00 is the end of the day, and nothing comes after it.
  if (hour === 24 && (minute > 0 || second > 0 || nano > 0)) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(nano / 1_000_000);
}

function resolveHour(fields: Fields): number | undefined {
  const { hour, clockHour, clockHourOfHalfDay, hourOfHalfDay, halfDay } = fields;
  if (hour !== undefined) return isWithin(hour, 0, 24) ? hour : undefined;
  if (clockHour !== undefined) return isWithin(clockHour, 1, 24) ? clockHour % 24 : undefined;
  const half = hourOfHalfDay ?? (clockHourOfHalfDay === 12 ? 0 : clockHourOfHalfDay);
  if (half === undefined) return fields.minute === undefined && fields.second === undefined ? 0 : undefined;
  // Hours of half a day mean nothing without AM or PM.
  if (halfDay === undefined || !isWithin(half, 0, 11) || clockHourOfHalfDay === 0) return undefined;
  return half + 12 * halfDay;
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
