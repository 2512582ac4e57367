/** Automatic conversions of AWS IoT SQL ("Data types", Conversions). Undefined = there is none. */
import { Decimal, formatNumber, parseNumber } from '../decimal.ts';
import { serializeValue } from './serialize.ts';
import { isLonger, TEXT_CHARACTERS_MAX } from './size.ts';
import type { Value } from './value.ts';

export type Numeric = number | Decimal;

/** Strict: no plus sign, no bare dot, no blanks. */
const numericPattern = /^-?\d+(\.\d+)?([eE]-?\d+)?$/;

/** Int, Decimal or numeric String as a number; everything else, Null too, is Undefined. */
export function numericOf(value: Value): Numeric | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return numericPattern.test(value) ? parseNumber(value, false) : undefined;
  return value instanceof Decimal ? value : undefined;
}

/** As `numericOf`, rounded down, for a bounded integer: beyond the safe integers it is the nearest bound. */
export function floorOf(value: Value): number | undefined {
  const number = numericOf(value);
  return number === undefined
    ? undefined
    : clampToSafe(typeof number === 'number' ? Math.floor(number) : Number(number.floor()));
}

/** As `numericOf`, fraction cut off. */
export function truncatedOf(value: Value): number | undefined {
  const number = numericOf(value);
  return number === undefined
    ? undefined
    : clampToSafe(typeof number === 'number' ? Math.trunc(number) : Number(number.trunc()));
}

/** Boolean, or a String that spells one in any case. */
export function booleanOf(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** Text of anything but Null, Undefined and raw bytes. Arrays and objects are JSON text, and have none when it would be too long. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === undefined || value === null || value instanceof Uint8Array) return undefined;
  if (value instanceof Decimal) return formatNumber(value);
  return isLonger(value, TEXT_CHARACTERS_MAX) ? undefined : serializeValue(value);
}

function clampToSafe(value: number): number {
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
