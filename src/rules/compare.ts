/** Equality of AWS IoT SQL ("Operators", `=`): by type and value, without coercion. */
import { Decimal } from '../decimal.ts';
import { compareNumbers } from './arithmetic.ts';
import { isArray, isObject } from './object.ts';
import type { Value } from './value.ts';

/** Undefined when either side is Undefined; types that differ are unequal. Int and Decimal are one type here. */
export function equals(left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  return isSame(left, right);
}

/** As `equals`, for elements and members: there, Undefined equals Undefined. */
export function isSame(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' && typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right) === 0;
  if (isArray(left)) {
    return isArray(right) && left.length === right.length && left.every((item, i) => isSame(item, right[i]));
  }
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (!isObject(left) || !isObject(right)) return false;
  const keys = definedKeys(left);
  if (keys.length !== definedKeys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSame(left[key], right[key]));
}

/** An Undefined member is the same as none. */
function definedKeys(value: { readonly [key: string]: Value }): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

function isNumeric(value: Value): value is number | Decimal {
  return typeof value === 'number' || value instanceof Decimal;
}
