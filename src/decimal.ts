/**
 * The decimal numbers of AWS IoT SQL: 34 significant digits, ties to even, exponents to ±999 (see the language reference).
 *
 * A JavaScript number stands for the decimal that `String(number)` prints: `0.1` is one tenth, not the nearest double. Wherever a
 * decimal cannot be written so, it is a `Decimal`. Two consequences hold everywhere: numbers compare with `<` and `===`, and a
 * result becomes a plain number whenever its digits allow (`settle`).
 *
 * A `Decimal` that is a safe integer is special: it is a whole number that was written with a fraction, `10.0`, and whose form
 * must survive (`awsIotSqlVersion` 2015-10-08). Nothing but `parseNumber` with `keepsForm` makes one.
 */
import { Decimal as Base } from 'decimal.js';

export const Decimal = Base.clone({
  precision: 34,
  rounding: Base.ROUND_HALF_EVEN,
  maxE: 999,
  minE: -999,
  toExpPos: 35,
  toExpNeg: -35,
});
export type Decimal = Base;

/** Every decimal of so many digits has its own double, so such a double prints the same digits again. (IEEE 754, binary64) */
const DOUBLE_DIGITS = 15;
const DIGITS_MAX = 34;

/** The value of a JSON or SQL number; `undefined` when its magnitude is beyond 1E999. More than 34 digits are rounded. */
export function parseNumber(text: string, keepsForm: boolean): number | Decimal | undefined {
  const value = Number(text);
  if (text.length <= DOUBLE_DIGITS && Number.isFinite(value) && (value !== 0 || !/[1-9]/.test(text))) {
    return keepsForm && Number.isSafeInteger(value) && /[.eE]/.test(text) ? new Decimal(value) : value;
  }
  const settled = settle(new Decimal(text).toSignificantDigits(DIGITS_MAX));
  if (keepsForm && Number.isSafeInteger(settled) && /[.eE]/.test(text)) return new Decimal(settled ?? 0);
  return settled;
}

/** A result as a plain number if that prints the same digits, else as a Decimal; `undefined` when it is not finite. */
export function settle(value: Decimal): number | Decimal | undefined {
  if (!value.isFinite()) return undefined;
  if (value.isZero()) return 0;
  const plain = value.toNumber();
  if (!Number.isFinite(plain) || plain === 0) return value;
  if (value.precision() <= DOUBLE_DIGITS && Math.abs(value.e) < 300) return plain;
  return value.equals(plain) ? plain : value;
}

/**
 * A number as text: whole numbers as bare digits, fractions plainly, very small and very large ones with an exponent (`5E-12`) in
 * the form that AWS's numeric-string pattern accepts again. It is also valid JSON.
 */
export function formatNumber(value: number | Decimal): string {
  if (typeof value === 'number') {
    const text = String(value);
    return text.indexOf('e') < 0 ? text : formatWide(new Decimal(value));
  }
  const text = formatWide(value);
  return Number.isSafeInteger(value.toNumber()) && value.isInteger() ? `${text}.0` : text;
}

function formatWide(value: Decimal): string {
  if (value.isInteger() && value.e < DIGITS_MAX) return value.toFixed();
  // The smallest exponent that is written out is -6, as in Java's BigDecimal and in JavaScript.
  if (value.e >= -6 && value.e < DIGITS_MAX) return value.toFixed();
  return value.toExponential().replace('e+', 'E').replace('e', 'E');
}
