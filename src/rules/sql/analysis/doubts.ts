/** Expressions that mean something else than they look like, wherever they stand. */
import { functionNamed } from '../../functions/index.ts';
import { dynamic, parameterCountMax, parameterCountMin } from '../../functions/spec.ts';
import type { Expression } from '../ast.ts';
import type { Analysis } from './analysis.ts';
import { whyNeverEqual, whyUndefined } from './explain.ts';
import { operandsOf } from './never-true.ts';
import { kinds, ofValues } from './possible.ts';
import { subjectOf } from './subject.ts';
import { partsOf } from './walk.ts';

type Binary = Extract<Expression, { kind: 'binary' }>;

/** `a OR b OR …` with more operands is not looked at for guards, each of which is held against each other operand. */
const GUARDED_OPERANDS_MAX = 50;

/** `expressions`: parents before their parts. */
export function findDoubts(expressions: Iterable<Expression>, analysis: Analysis): void {
  const insideOr = new Set<Expression>();
  for (const expression of expressions) {
    findDoubt(expression, analysis);
    if (expression.kind !== 'binary' || expression.operator !== 'OR') continue;
    if (!insideOr.has(expression)) findGuardedOr(expression, analysis);
    insideOr.add(expression.left).add(expression.right);
  }
}

function findDoubt(expression: Expression, analysis: Analysis): void {
  const possible = analysis.inference.at(expression);
  if (expression.kind === 'binary') {
    findNullComparison(expression, analysis);
    findComment(expression, analysis);
  }
  if (expression.kind === 'case') {
    findDeadBranches(expression, analysis);
    return;
  }
  if (isOnlyUndefined(expression, analysis)) {
    const isSaid = expression.kind === 'call' && isComplainedOf(expression);
    const isInherited = partsOf(expression).some((part) => isOnlyUndefined(part, analysis));
    if (!isSaid && !isInherited) analysis.warn(expression, 'SQL_ARGUMENTS', whyUndefined(expression, analysis));
    return;
  }
  if (expression.kind === 'binary') {
    const { operator } = expression;
    const isEquality = operator === '=' || operator === 'IN';
    if (isEquality && (possible.kinds & kinds.true) === 0) {
      analysis.warn(expression, 'SQL_DOUBTFUL', `This is never true. ${whyNeverEqual(expression, analysis)}`);
    } else if (operator === '<>' && (possible.kinds & kinds.false) === 0) {
      analysis.warn(expression, 'SQL_DOUBTFUL', `This is never false. ${whyNeverEqual(expression, analysis)}`);
    }
  }
}

function isOnlyUndefined(expression: Expression, analysis: Analysis): boolean {
  return expression.kind !== 'star' && analysis.inference.at(expression).kinds === kinds.undefined;
}

/** Whether the checker has found the call's parameters wrong. */
function isComplainedOf(call: Extract<Expression, { kind: 'call' }>): boolean {
  const spec = functionNamed(call.name);
  const count = call.parameters.length;
  if (spec === undefined || count < parameterCountMin(spec) || count > parameterCountMax(spec)) return true;
  const literals = call.parameters.map((parameter) => (parameter.kind === 'literal' ? parameter.value : dynamic));
  return (spec.complain?.(literals) ?? null) !== null;
}

/** `a > 5 -- note` subtracts the negative of `note`. */
function findComment({ operator, right }: Binary, analysis: Analysis): void {
  if (operator !== '-' || analysis.source.text.charAt(right.start - 1) !== '-') return;
  if (right.kind !== 'unary' || right.operator !== '-') return;
  const span = { start: right.start - 1, end: right.start + 1 };
  analysis.warn(
    span,
    'SQL_DOUBTFUL',
    'SQL has no comments here: this subtracts a negative. Use description: of the rule.',
  );
}

/** `x = NULL` is no test for a field that is missing. */
function findNullComparison({ operator, left, right, start, end }: Binary, analysis: Analysis): void {
  const other = isNull(right) ? left : isNull(left) ? right : null;
  if (operator !== '=' || other === null || other.kind === 'literal') return;
  const text = analysis.text(other);
  const why = `Where ${text} is missing, this is Undefined`;
  const instead = `Write isNull(${text}) for Null, isUndefined(${text}) for what is missing`;
  analysis.warn({ start, end }, 'SQL_DOUBTFUL', `${why}. ${instead}.`);
}

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === null;
}

const guards: Readonly<Record<string, { readonly value: null | undefined; readonly name: string }>> = {
  isundefined: { value: undefined, name: 'Undefined' },
  isnull: { value: null, name: 'Null' },
};

/** `isUndefined(x) OR x > 5`: where the guard is true the other side is Undefined, and so is the whole. */
function findGuardedOr(expression: Binary, analysis: Analysis): void {
  const operands = operandsOf(expression, 'OR');
  if (operands.length > GUARDED_OPERANDS_MAX) return;
  for (const guard of operands) {
    const asked = guard.kind === 'call' ? guards[guard.name.toLowerCase()] : undefined;
    const parameter = guard.kind === 'call' ? guard.parameters[0] : undefined;
    const subject = parameter === undefined ? null : subjectOf(parameter);
    if (asked === undefined || parameter === undefined || subject === null) continue;
    const victim = operands.find((operand) => {
      if (operand === guard) return false;
      const then = analysis.inference.assuming(operand, subject, ofValues([asked.value]));
      return then.kinds === kinds.undefined && !isOnlyUndefined(operand, analysis);
    });
    if (victim === undefined) continue;
    const why = `When ${analysis.text(parameter)} is ${asked.name}, ${analysis.text(victim)} is Undefined, and true OR Undefined is Undefined`;
    const instead = `CASE ${analysis.text(guard)} WHEN true THEN true ELSE ${analysis.text(victim)} END`;
    analysis.warn(guard, 'SQL_DOUBTFUL', `${why}: this never helps. Write ${instead}.`);
  }
}

/** `CASE x WHEN NULL`, or a branch of another type than the subject. */
function findDeadBranches(expression: Extract<Expression, { kind: 'case' }>, analysis: Analysis): void {
  for (const { when } of expression.branches) {
    const { start, end } = when;
    const comparison: Expression = {
      kind: 'binary',
      operator: '=',
      left: expression.subject,
      right: when,
      start,
      end,
    };
    if ((analysis.inference.compare(expression.subject, when).kinds & kinds.true) !== 0) continue;
    if (isOnlyUndefined(when, analysis) || isOnlyUndefined(expression.subject, analysis)) continue;
    analysis.warn(when, 'SQL_DOUBTFUL', `This branch is never taken. ${whyNeverEqual(comparison, analysis)}`);
  }
}
