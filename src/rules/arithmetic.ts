/**
 * Exact decimal arithmetic at the speed of doubles where that is possible.
 *
 * Safe integers are added and multiplied as they are. A fraction such as `21.5` is first written as integer over power of ten
 * (215 / 10), which is exact when dividing gives the same double back; sums and products of those integers are exact while they
 * stay below 1E15, and one correctly rounded division makes the number that prints the exact result. Everything else takes the
 * slow road through `Decimal`.
 */
import { Decimal, settle } from '../decimal.ts';
import type { Numeric } from './convert.ts';

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14] as const;
/** Longer fractions are rare in telemetry, and each step of the search costs a division. */
const SCALE_MAX = 7;
/** Integers below this have at most 15 digits, and so does a fraction made of them. */
const EXACT_MAX = 1e15;

export function add(left: Numeric, right: Numeric): Numeric | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(left) && Number.isSafeInteger(right) && Number.isSafeInteger(sum)) return sum + 0;
    const scale = Math.max(scaleOf(left), scaleOf(right));
    if (scale <= SCALE_MAX) {
      const power = powerOf(scale);
      const scaled = Math.round(left * power) + Math.round(right * power);
      if (Math.abs(scaled) < EXACT_MAX && fits(left, power) && fits(right, power)) return scaled / power + 0;
    }
  }
  return settle(new Decimal(left).plus(right));
}

export function subtract(left: Numeric, right: Numeric): Numeric | undefined {
  return add(left, typeof right === 'number' ? -right : right.negated());
}

export function multiply(left: Numeric, right: Numeric): Numeric | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(left) && Number.isSafeInteger(right) && Number.isSafeInteger(product)) return product + 0;
    const leftScale = scaleOf(left);
    const rightScale = scaleOf(right);
    if (leftScale <= SCALE_MAX && rightScale <= SCALE_MAX) {
      const scaled = Math.round(left * powerOf(leftScale)) * Math.round(right * powerOf(rightScale));
      if (Math.abs(scaled) < EXACT_MAX) return scaled / powerOf(leftScale + rightScale) + 0;
    }
  }
  return settle(new Decimal(left).times(right));
}

/** Division by zero is Undefined; integers that do not divide give a Decimal. */
export function divide(left: Numeric, right: Numeric): Numeric | undefined {
  if (isZero(right)) return undefined;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) {
    const quotient = Number(left) / Number(right);
    if (Number.isInteger(quotient)) return quotient + 0;
    const scale = scaleOf(quotient);
    if (scale <= SCALE_MAX) {
      // quotient = scaled / power exactly if scaled * right = left * power.
      const product = Math.round(quotient * powerOf(scale)) * Number(right);
      const expected = Number(left) * powerOf(scale);
      if (product === expected && Number.isSafeInteger(product)) return quotient;
    }
  }
  return settle(new Decimal(left).dividedBy(right));
}

/** With the sign of the dividend, as in Java; Undefined for divisor zero. */
export function remainder(left: Numeric, right: Numeric): Numeric | undefined {
  if (isZero(right)) return undefined;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return (Number(left) % Number(right)) + 0;
  return settle(new Decimal(left).modulo(right));
}

export function negate(value: Numeric): Numeric {
  return typeof value === 'number' ? 0 - value : value.negated();
}

/** A Decimal may be too small for a double, and not be zero. */
function isZero(value: Numeric): boolean {
  return typeof value === 'number' ? value === 0 : value.isZero();
}

/** -1, 0 or 1. Doubles that differ print different decimals in the same order, so they compare as they are. */
export function compareNumbers(left: Numeric, right: Numeric): number {
  if (typeof left === 'number' && typeof right === 'number') return left < right ? -1 : left > right ? 1 : 0;
  return new Decimal(left).comparedTo(right);
}

/** The fewest decimal places that hold `value` exactly; more than SCALE_MAX when there are too many. */
function scaleOf(value: number): number {
  for (let scale = 0; scale <= SCALE_MAX; scale++) {
    const power = powerOf(scale);
    const scaled = Math.round(value * power);
    if (Math.abs(scaled) >= EXACT_MAX) break;
    if (scaled / power === value) return scale;
  }
  return SCALE_MAX + 1;
}

function fits(value: number, power: number): boolean {
  return Math.abs(value * power) < EXACT_MAX;
}

function powerOf(scale: number): number {
  return powers[scale] ?? 1;
}
