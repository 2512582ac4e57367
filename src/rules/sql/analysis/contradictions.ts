/** Conditions that cannot hold together, `t > 50 AND t < 10`, because they want different things of the same expression. */
import { compareNumbers } from '../../arithmetic.ts';
import { numericOf } from '../../convert.ts';
import { isArray } from '../../object.ts';
import type { Value } from '../../value.ts';
import type { BinaryOperator, Expression } from '../ast.ts';
import { operators } from '../operators.ts';
import type { Inference } from './infer.ts';
import { anyKind, anyNumeric, constantOf, kindOf, kinds } from './possible.ts';
import { subjectOf } from './subject.ts';

/** What one condition wants of its subject. */
interface Wish {
  readonly condition: Expression;
  /** Kinds that the subject may have. */
  readonly kinds: number;
  /** Values that it may have; null when they are not listed. */
  readonly values: readonly Value[] | null;
  readonly test: { readonly operator: BinaryOperator; readonly value: Value } | null;
}

/** Of one subject; each is held against each other one. */
const WISHES_MAX = 50;

/** Two of the conditions, of which never both are true; null when there are none. */
export function contradictionOf(
  conditions: readonly Expression[],
  inference: Inference,
): { readonly first: Expression; readonly second: Expression } | null {
  const bySubject = new Map<string, Wish[]>();
  for (const condition of conditions) {
    const found = wishOf(condition, inference);
    if (found === null) continue;
    const { subject, wish } = found;
    const wishes = bySubject.get(subject) ?? [];
    bySubject.set(subject, wishes);
    const clash = wishes.find((earlier) => !agree(earlier, wish));
    if (clash !== undefined) return { first: clash.condition, second: condition };
    if (wishes.length < WISHES_MAX) wishes.push(wish);
  }
  return null;
}

function agree(first: Wish, second: Wish): boolean {
  if ((first.kinds & second.kinds) === 0) return false;
  const candidates = first.values ?? second.values;
  if (candidates !== null) return candidates.some((value) => allows(first, value) && allows(second, value));
  return first.test === null || second.test === null || overlap(first.test, second.test);
}

function allows(wish: Wish, value: Value): boolean {
  if ((wish.kinds & kindOf(value)) === 0) return false;
  return wish.test === null || operators[wish.test.operator](value, wish.test.value) === true;
}

type Test = NonNullable<Wish['test']>;

/** Whether a number can be on the wanted side of both bounds. */
function overlap(first: Test, second: Test): boolean {
  const lower = [first, second].find(({ operator }) => operator === '>' || operator === '>=');
  const upper = [first, second].find(({ operator }) => operator === '<' || operator === '<=');
  const low = numericOf(lower?.value);
  const high = numericOf(upper?.value);
  if (low === undefined || high === undefined) return true;
  const order = compareNumbers(low, high);
  return order < 0 || (order === 0 && lower?.operator === '>=' && upper?.operator === '<=');
}

function wishOf(condition: Expression, inference: Inference): { subject: string; wish: Wish } | null {
  const isNegated = condition.kind === 'unary' && condition.operator === 'NOT';
  const inner = isNegated ? condition.operand : condition;
  const ofKinds = (expression: Expression, set: number) =>
    named(expression, { condition, kinds: set, values: null, test: null });
  const [parameter] = inner.kind === 'call' ? inner.parameters : [];
  if (inner.kind === 'call' && parameter !== undefined && inner.parameters.length === 1) {
    const asked = { isnull: kinds.null, isundefined: kinds.undefined }[inner.name.toLowerCase()];
    if (asked !== undefined) return ofKinds(parameter, isNegated ? anyKind & ~asked : asked);
  }
  if (isNegated) return ofKinds(inner, kinds.false | kinds.falseText);
  if (condition.kind !== 'binary') return ofKinds(condition, kinds.true | kinds.trueText);
  return comparisonWish(condition, inference);
}

function comparisonWish(
  condition: Extract<Expression, { kind: 'binary' }>,
  inference: Inference,
): { subject: string; wish: Wish } | null {
  const { left, right } = condition;
  const onRight = constantOf(inference.at(right));
  const onLeft = constantOf(inference.at(left));
  if (onRight !== null) {
    const { operator } = condition;
    const wish = wishFor(condition, operator, onRight.value);
    return wish === null ? null : named(left, wish);
  }
  const operator = mirrored[condition.operator];
  if (onLeft === null || operator === undefined) return null;
  const wish = wishFor(condition, operator, onLeft.value);
  return wish === null ? null : named(right, wish);
}

const mirrored: Partial<Record<BinaryOperator, BinaryOperator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function wishFor(condition: Expression, operator: BinaryOperator, value: Value): Wish | null {
  const test = { operator, value };
  switch (operator) {
    case '=':
      return { condition, kinds: kindOf(value), values: [value], test };
    case '<>':
      return { condition, kinds: anyKind & ~kinds.undefined, values: null, test };
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { condition, kinds: anyNumeric, values: null, test };
    case 'IN':
      return isArray(value) ? { condition, kinds: anyKind & ~kinds.undefined, values: value, test } : null;
    default:
      return null;
  }
}

function named(expression: Expression, wish: Wish): { subject: string; wish: Wish } | null {
  const subject = subjectOf(expression);
  return subject === null ? null : { subject, wish };
}
