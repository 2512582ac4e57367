/**
 * Decimal arithmetic on bigints, for tests to compare with: digits × 10^-places. It shares no code with the engine and knows no doubles.
 * Results have 34 significant digits, ties to even; `undefined` when beyond 1E999.
 */
export interface Exact {
  readonly digits: bigint;
  readonly places: number;
}

const DIGITS_MAX = 34;
const EXPONENT_MAX = 999;

/** Text of a JSON number, with any exponent, as it is. */
export function exactOf(text: string): Exact {
  const found = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (found === null) throw new Error(`${text} is no number.`);
  const [, whole = '', fraction = '', exponent = '0'] = found;
  return normal({ digits: BigInt(whole + fraction), places: fraction.length - Number(exponent) });
}

export function plus(left: Exact, right: Exact): Exact | undefined {
  const [a, b, places] = aligned(left, right);
  return rounded({ digits: a + b, places });
}

export function minus(left: Exact, right: Exact): Exact | undefined {
  return plus(left, { digits: -right.digits, places: right.places });
}

export function times(left: Exact, right: Exact): Exact | undefined {
  return rounded({ digits: left.digits * right.digits, places: left.places + right.places });
}

/** Undefined for divisor zero. */
export function over(left: Exact, right: Exact): Exact | undefined {
  if (right.digits === 0n) return undefined;
  // So many digits more than needed that an inexact quotient is never mistaken for a tie: one more tells the remainder.
  const extra = 2 * DIGITS_MAX + String(right.digits).length + 2;
  const dividend = left.digits * 10n ** BigInt(extra);
  const quotient = dividend / right.digits;
  const isExact = quotient * right.digits === dividend;
  const sign = left.digits < 0n !== right.digits < 0n ? -1n : 1n;
  return rounded({ digits: quotient * 10n + (isExact ? 0n : sign), places: left.places - right.places + extra + 1 });
}

/** With the sign of the dividend; Undefined for divisor zero. */
export function rest(left: Exact, right: Exact): Exact | undefined {
  const [a, b, places] = aligned(left, right);
  return b === 0n ? undefined : rounded({ digits: a % b, places });
}

/** Below zero, zero or above, as `left` is to `right`. */
export function order(left: Exact, right: Exact): number {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function down(value: Exact): bigint {
  const cut = toward0(value, 0).digits;
  return isWhole(value) || value.digits > 0n ? cut : cut - 1n;
}

/** Cut to so many places. */
export function toward0(value: Exact, places: number): Exact {
  if (value.places <= places)
    return { digits: value.digits * 10n ** BigInt(Math.max(0, places - value.places)), places };
  return { digits: value.digits / 10n ** BigInt(value.places - places), places };
}

function isWhole(value: Exact): boolean {
  return normal(value).places <= 0;
}

/** 34 digits, ties to even. Undefined beyond 1E999; zero below 1E-999. */
export function rounded(value: Exact): Exact | undefined {
  const { digits, places } = normal(value);
  const length = lengthOf(digits);
  const excess = length - DIGITS_MAX;
  let result: Exact = { digits, places };
  if (excess > 0) {
    const unit = 10n ** BigInt(excess);
    const magnitude = digits < 0n ? -digits : digits;
    const kept = magnitude / unit;
    const twice = (magnitude - kept * unit) * 2n;
    const up = twice > unit || (twice === unit && kept % 2n === 1n) ? 1n : 0n;
    result = normal({ digits: (digits < 0n ? -1n : 1n) * (kept + up), places: places - excess });
  }
  if (result.digits === 0n) return { digits: 0n, places: 0 };
  const exponent = lengthOf(result.digits) - 1 - result.places;
  if (exponent > EXPONENT_MAX) return undefined;
  return exponent < -EXPONENT_MAX ? { digits: 0n, places: 0 } : result;
}

/** As the engine writes numbers: plain from 1E-6 up to below 1E34, else `5E-12`. */
export function textOf(value: Exact): string {
  const { digits, places } = normal(value);
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits);
  const exponent = text.length - 1 - places;
  if (digits !== 0n && (exponent < -6 || exponent >= DIGITS_MAX)) {
    return `${sign}${text.charAt(0)}${text.length > 1 ? `.${text.slice(1)}` : ''}E${exponent}`;
  }
  if (places <= 0) return sign + text + '0'.repeat(-places);
  const padded = text.padStart(places + 1, '0');
  return `${sign}${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

function aligned(left: Exact, right: Exact): [bigint, bigint, number] {
  const places = Math.max(left.places, right.places);
  const scaled = (value: Exact): bigint => value.digits * 10n ** BigInt(places - value.places);
  return [scaled(left), scaled(right), places];
}

function lengthOf(digits: bigint): number {
  return String(digits < 0n ? -digits : digits).length;
}

/** Without zeros at the end. */
function normal({ digits, places }: Exact): Exact {
  if (digits === 0n) return { digits, places: 0 };
  const zeros = /0*$/.exec(String(digits))?.[0].length ?? 0;
  return { digits: digits / 10n ** BigInt(zeros), places: places - zeros };
}
