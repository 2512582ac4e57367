/**
 * JSON from the wire, for payloads that anybody may send.
 *
 * One pass over the bytes decides how they are read: nesting is counted before anything is built, so that 100,000 brackets cost a
 * scan of 64; pure ASCII needs no UTF-8 decoder; numbers with more digits than a double holds are kept as Decimals, by a second
 * reading of the text in the rare payload that has them. Everything else is `JSON.parse`.
 *
 * Outcomes of unusual input: empty → not JSON; a byte order mark is read over (RFC 8259 section 8.1); invalid UTF-8 → not JSON;
 * a lone surrogate written as an escape stays as it is; of duplicate keys the last wins; `__proto__` is an ordinary own member;
 * a number beyond 1E999 is Undefined, one below 1E-999 is 0; more than 34 digits are rounded.
 */
import { Decimal, parseNumber } from './decimal.ts';

/** What JSON can hold. Objects are plain, their members own. */
export type JsonValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Decimal
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonResult =
  /** `hasWholeDecimals`: the text has numbers such as `10.0`, on whose form the SQL versions differ. */
  | { readonly status: 'json'; readonly document: JsonValue; readonly hasWholeDecimals: boolean }
  | { readonly status: 'notJson' }
  | { readonly status: 'tooDeep' };

/** Objects and arrays within each other, the outermost included. Consumers recurse over documents. */
export const JSON_DEPTH_MAX = 64;
/** Longer numbers may not survive a double. */
const DIGITS_PLAIN_MAX = 15;
/** Digits, point and exponent of a double that is printed shortest. */
const SHORTEST_CHARACTERS_MAX = 24;

const notJson: JsonResult = { status: 'notJson' };
const tooDeep: JsonResult = { status: 'tooDeep' };
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What the scan saw; one object for all calls, because they do not overlap. */
const seen = { depthMax: 0, isAscii: true, hasLongNumber: false, hasWholeDecimals: false };

/**
 * Decodes `bytes` from `start` to `end`. With `keepsForm`, `10.0` and `1E3` become Decimals (awsIotSqlVersion 2015-10-08), else
 * plain numbers.
 */
export function decodeJson(bytes: Buffer, start: number, end: number, keepsForm: boolean): JsonResult {
  scan(bytes, start, end);
  if (seen.depthMax > JSON_DEPTH_MAX) return tooDeep;
  const { hasLongNumber, hasWholeDecimals } = seen;
  try {
    const text = seen.isAscii ? bytes.toString('latin1', start, end) : utf8.decode(bytes.subarray(start, end));
    // JSON.parse goes first in any case: it decides what is JSON.
    const document = JSON.parse(text) as JsonValue;
    if (!hasLongNumber && !(hasWholeDecimals && keepsForm)) return { status: 'json', document, hasWholeDecimals };
    return { status: 'json', document: readExactly(text, keepsForm), hasWholeDecimals };
  } catch {
    // Neither UTF-8 nor JSON: for the caller that is a value, not a failure.
    return notJson;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Digits, sign, point, exponent. */
const isNumberByte = new Uint8Array(256);
for (const character of '0123456789+-.eE') isNumberByte[character.charCodeAt(0)] = 1;

function scan(bytes: Buffer, start: number, end: number): void {
  seen.depthMax = 0;
  seen.hasLongNumber = false;
  seen.hasWholeDecimals = false;
  let depth = 0;
  let high = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) {
      for (i++; i < end; i++) {
        const inside = bytes[i] as number;
        if (inside === QUOTE) break;
        if (inside === BACKSLASH) i++;
        high |= inside;
      }
    } else if (byte <= 0x39 && byte >= 0x30) {
      i = scanNumber(bytes, i, end) - 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > seen.depthMax) {
        seen.depthMax = depth;
        if (depth > JSON_DEPTH_MAX) return;
      }
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    } else {
      high |= byte;
    }
  }
  seen.isAscii = high < 0x80;
}

/** Looks at the number whose first digit is at `start`; returns where it ends. */
function scanNumber(bytes: Buffer, start: number, end: number): number {
  let i = start;
  let digits = 0;
  let exponentDigits = 0;
  let point = -1;
  let hasExponent = false;
  let fractionIsZero = true;
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte <= 0x39 && byte >= 0x30) {
      if (hasExponent) exponentDigits++;
      else digits++;
      if (point >= 0 && byte !== 0x30 && !hasExponent) fractionIsZero = false;
    } else if (isNumberByte[byte] === 0) {
      break;
    } else if (byte === 0x2e) {
      point = i;
    } else if (byte === 0x65 || byte === 0x45) {
      hasExponent = true;
    }
  }
  if (exponentDigits > 2) seen.hasLongNumber = true;
  else if (digits > DIGITS_PLAIN_MAX && !isShortest(bytes, start, i)) seen.hasLongNumber = true;
  if ((point >= 0 && fractionIsZero) || hasExponent) seen.hasWholeDecimals = true;
  return i;
}

/** Whether a double prints the same digits: so do the 16 and 17 that programs write for doubles, and these are common. */
function isShortest(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SHORTEST_CHARACTERS_MAX) return false;
  const text = bytes.toString('latin1', start, end);
  return String(Number(text)) === text;
}

/**
 * Reads text that JSON.parse has accepted again, with exact numbers: they are first wrapped in strings that nothing else can be
 * (every string gets a mark in front), then unwrapped by a reviver-free walk, which keeps `__proto__` an own member.
 */
function readExactly(text: string, keepsForm: boolean): JsonValue {
  const marked = text.replace(
    /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|-?\d[\d.eE+-]*/g,
    (found, quoted?: string, colon?: string) => {
      if (quoted === undefined) return `"#${found}"`;
      return colon === undefined ? `"=${quoted.slice(1)}` : found;
    },
  );
  return unmark(JSON.parse(marked) as JsonValue, keepsForm);
}

function unmark(value: JsonValue, keepsForm: boolean): JsonValue {
  if (typeof value === 'string') {
    return value.startsWith('#') ? parseNumber(value.slice(1), keepsForm) : value.slice(1);
  }
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => unmark(item, keepsForm));
  for (const [key, member] of Object.entries(value)) {
    Object.defineProperty(value, key, {
      value: unmark(member, keepsForm),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return value;
}
