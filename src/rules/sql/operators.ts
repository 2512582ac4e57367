/** What operators do with values of any type ("Operators"). */

import { Decimal } from '../../decimal.ts';
import { add, compareNumbers, divide, multiply, remainder, subtract } from '../arithmetic.ts';
import { equals, isSame } from '../compare.ts';
import { booleanOf, type Numeric, numericOf, textOf } from '../convert.ts';
import { bounded } from '../functions/string.ts';
import { isArray } from '../object.ts';
import type { Value } from '../value.ts';
import type { BinaryOperator } from './ast.ts';

export type Operate = (left: Value, right: Value) => Value;

export const operators: Readonly<Record<BinaryOperator, Operate>> = {
  AND: logical((left, right) => left && right),
  OR: logical((left, right) => left || right),
  IN: isIn,
  '=': equals,
  '<>': (left, right) => {
    const isEqual = equals(left, right);
    return isEqual === undefined ? undefined : !isEqual;
  },
  '<': (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return left < right;
    const order = orderOf(left, right);
    return order === undefined ? undefined : order < 0;
  },
  '<=': (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return left <= right;
    const order = orderOf(left, right);
    return order === undefined ? undefined : order <= 0;
  },
  '>': (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return left > right;
    const order = orderOf(left, right);
    return order === undefined ? undefined : order > 0;
  },
  '>=': (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return left >= right;
    const order = orderOf(left, right);
    return order === undefined ? undefined : order >= 0;
  },
  '+': plus,
  '-': arithmetic(subtract),
  '*': arithmetic(multiply),
  '/': arithmetic(divide),
  '%': arithmetic(remainder),
};

/** NOT: of a Boolean, or of a String that spells one. */
export function not(value: Value): Value {
  const boolean = booleanOf(value);
  return boolean === undefined ? undefined : !boolean;
}

function logical(combine: (left: boolean, right: boolean) => boolean): Operate {
  return (left, right) => {
    const first = booleanOf(left);
    const second = booleanOf(right);
    return first === undefined || second === undefined ? undefined : combine(first, second);
  };
}

/** Numbers and numeric Strings are ordered as numbers; nothing else is ordered. */
function orderOf(left: Value, right: Value): number | undefined {
  const first = numericOf(left);
  const second = numericOf(right);
  return first === undefined || second === undefined ? undefined : compareNumbers(first, second);
}

function arithmetic(calculate: (left: Numeric, right: Numeric) => Value): Operate {
  return (left, right) => {
    const first = numericOf(left);
    const second = numericOf(right);
    return first === undefined || second === undefined ? undefined : calculate(first, second);
  };
}

/** A String on either side joins texts; otherwise both must be numbers: numeric Strings are not added. */
function plus(left: Value, right: Value): Value {
  if (typeof left === 'string' || typeof right === 'string') {
    const first = textOf(left);
    const second = textOf(right);
    return first === undefined || second === undefined ? undefined : bounded(first + second);
  }
  return isNumber(left) && isNumber(right) ? add(left, right) : undefined;
}

function isIn(left: Value, right: Value): Value {
  if (left === undefined || !isArray(right)) return undefined;
  return right.some((element) => isSame(left, element));
}

function isNumber(value: Value): value is Numeric {
  return typeof value === 'number' || value instanceof Decimal;
}
