/** Conditions that are true for no message. */
import type { Expression } from '../ast.ts';
import type { Span } from '../source.ts';
import type { Analysis } from './analysis.ts';
import { contradictionOf } from './contradictions.ts';
import { whyNeverTrue } from './explain.ts';
import { kinds } from './possible.ts';

export interface Culprit {
  readonly span: Span;
  readonly why: string;
}

/** The part because of which `condition` is never true; null when it can be, as far as can be told. */
export function neverTrue(condition: Expression, analysis: Analysis): Culprit | null {
  return culpritOf(condition, analysis, kinds.true);
}

/** `accepted`: as an operand of AND and OR, the String 'true' counts as well. */
function culpritOf(condition: Expression, analysis: Analysis, accepted: number): Culprit | null {
  const operands = operandsOf(condition, 'AND');
  if (operands.length > 1) {
    for (const operand of operands) {
      const culprit = culpritOf(operand, analysis, kinds.true | kinds.trueText);
      if (culprit !== null) return culprit;
    }
    const clash = contradictionOf(operands, analysis.inference);
    if (clash === null) return null;
    return { span: clash.second, why: `It contradicts ${analysis.text(clash.first)}.` };
  }
  const isNever = (analysis.inference.at(condition).kinds & accepted) === 0;
  const alternatives = operandsOf(condition, 'OR');
  if (alternatives.length > 1) {
    const culprits = alternatives.map((operand) => culpritOf(operand, analysis, kinds.true | kinds.trueText));
    if (culprits.every((culprit) => culprit !== null)) {
      return { span: condition, why: `Neither side of OR is ever true. ${culprits[0]?.why ?? ''}` };
    }
    // An operand that is no Boolean makes all of it Undefined.
    const index = alternatives.findIndex((operand) => !mayBeBoolean(operand, analysis));
    const culprit = culprits[index];
    return isNever && culprit ? culprit : null;
  }
  return isNever ? { span: condition, why: whyNeverTrue(condition, analysis) } : null;
}

const booleans = kinds.true | kinds.false | kinds.trueText | kinds.falseText;

function mayBeBoolean(operand: Expression, analysis: Analysis): boolean {
  return (analysis.inference.at(operand).kinds & booleans) !== 0;
}

/** `a AND b AND c` as a list; the expression alone when it is something else. */
export function operandsOf(expression: Expression, operator: 'AND' | 'OR'): readonly Expression[] {
  const operands: Expression[] = [];
  const waiting = [expression];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === 'binary' && next.operator === operator) waiting.push(next.right, next.left);
    else operands.push(next);
  }
  return operands;
}
