/** What operators can give for what their operands can be: `operators.ts`, on sets of kinds instead of values. */
import { negate } from '../../arithmetic.ts';
import { numericOf } from '../../convert.ts';
import { isArray } from '../../object.ts';
import type { Value } from '../../value.ts';
import type { BinaryOperator } from '../ast.ts';
import { not, operators } from '../operators.ts';
import { anyNumeric, anyText, anyTextual, constantOf, kinds, ofKinds, ofValues, type Possible } from './possible.ts';
import { withAnyText } from './shape.ts';

/** Combinations of operands that are tried one by one. */
const COMBINATIONS_MAX = 64;

export function binaryResult(operator: BinaryOperator, left: Possible, right: Possible): Possible {
  if (left.values !== null && right.values !== null && left.values.length * right.values.length <= COMBINATIONS_MAX) {
    const operate = operators[operator];
    const rights = right.values;
    return ofValues(left.values.flatMap((first) => rights.map((second) => operate(first, second))));
  }
  switch (operator) {
    case 'AND':
    case 'OR':
      return ofKinds(logicalKinds(operator, left.kinds, right.kinds));
    case '=':
    case '<>':
      return ofKinds(equalityKinds(operator, left, right));
    case 'IN':
      return ofKinds(membershipKinds(left, right));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ofKinds(numericKinds(left, right, kinds.true | kinds.false));
    case '+':
      return ofKinds(plusKinds(left.kinds, right.kinds));
    case '-':
    case '*':
    case '/':
    case '%':
      // Division by zero and what is too large are Undefined, whatever the kinds.
      return ofKinds(numericKinds(left, right, kinds.number) | kinds.undefined);
  }
}

export function unaryResult(operator: '-' | 'NOT', operand: Possible): Possible {
  if (operand.values !== null) return ofValues(operand.values.map(operator === 'NOT' ? not : minus));
  if (operator === '-') return ofKinds(keep(operand.kinds, anyNumeric, kinds.number));
  const isTrue = (operand.kinds & TRUES) !== 0;
  const isFalse = (operand.kinds & FALSES) !== 0;
  const isOther = (operand.kinds & ~(TRUES | FALSES)) !== 0;
  return ofKinds((isTrue ? kinds.false : 0) | (isFalse ? kinds.true : 0) | (isOther ? kinds.undefined : 0));
}

/** The array literal `[a, b]` on the right of IN: equal to one of its items. */
export function inItemsResult(left: Possible, items: readonly Possible[]): Possible {
  const mayBeUndefined = left.kinds & kinds.undefined;
  const defined = left.kinds & ~kinds.undefined;
  if (defined === 0) return ofKinds(kinds.undefined);
  const mayEqual = items.some((item) => (equalityKinds('=', left, item) & kinds.true) !== 0);
  return ofKinds((mayEqual ? kinds.true : 0) | kinds.false | mayBeUndefined);
}

const TRUES = kinds.true | kinds.trueText;
const FALSES = kinds.false | kinds.falseText;

function minus(value: Value): Value {
  const number = numericOf(value);
  return number === undefined ? undefined : negate(number);
}

/** `result` if the operand can be one of `accepted`, Undefined if it can be something else. */
function keep(operand: number, accepted: number, result: number): number {
  return ((operand & accepted) !== 0 ? result : 0) | ((operand & ~accepted) !== 0 ? kinds.undefined : 0);
}

function logicalKinds(operator: 'AND' | 'OR', left: number, right: number): number {
  const booleans = TRUES | FALSES;
  let set = ((left | right) & ~booleans) !== 0 ? kinds.undefined : 0;
  if ((left & booleans) === 0 || (right & booleans) === 0) return kinds.undefined;
  const [both, any] = operator === 'AND' ? [TRUES, FALSES] : [FALSES, TRUES];
  if ((left & both) !== 0 && (right & both) !== 0) set |= operator === 'AND' ? kinds.true : kinds.false;
  if (((left | right) & any) !== 0) set |= operator === 'AND' ? kinds.false : kinds.true;
  return set;
}

function numericKinds(left: Possible, right: Possible, result: number): number {
  if ((left.kinds & anyNumeric) === 0 || (right.kinds & anyNumeric) === 0) return kinds.undefined;
  return result | (((left.kinds | right.kinds) & ~anyNumeric) !== 0 ? kinds.undefined : 0);
}

function equalityKinds(operator: '=' | '<>', left: Possible, right: Possible): number {
  const [equal, unequal] = operator === '=' ? [kinds.true, kinds.false] : [kinds.false, kinds.true];
  const first = withAnyText(left).kinds & ~kinds.undefined;
  const second = withAnyText(right).kinds & ~kinds.undefined;
  if (first === 0 || second === 0) return kinds.undefined;
  const mayEqual = (first & second) !== 0;
  return (mayEqual ? equal : 0) | unequal | ((left.kinds | right.kinds) & kinds.undefined);
}

function membershipKinds(left: Possible, right: Possible): number {
  if ((left.kinds & ~kinds.undefined) === 0 || (right.kinds & kinds.array) === 0) return kinds.undefined;
  const array = constantOf(right)?.value;
  if (isArray(array)) {
    const items = array.map((item) => ofValues([item]));
    return inItemsResult(left, items).kinds;
  }
  const mayBeUndefined = (left.kinds & kinds.undefined) !== 0 || (right.kinds & ~kinds.array) !== 0;
  return kinds.true | kinds.false | (mayBeUndefined ? kinds.undefined : 0);
}

function plusKinds(left: number, right: number): number {
  // What grows too large is Undefined as well.
  let set: number = kinds.undefined;
  const joins = (text: number, other: number) => (text & anyText) !== 0 && (other & anyTextual) !== 0;
  if (joins(left, right) || joins(right, left)) set |= anyText;
  if ((left & kinds.number) !== 0 && (right & kinds.number) !== 0) set |= kinds.number;
  return set;
}
