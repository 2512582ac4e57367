/** Why an expression can only be Undefined, or can never be true, in words. */
import { serializeValue } from '../../serialize.ts';
import type { Expression } from '../ast.ts';
import type { Analysis } from './analysis.ts';
import { anyBoolean, anyNumeric, anyText, constantOf, describeKinds, kinds, type Possible } from './possible.ts';

type Binary = Extract<Expression, { kind: 'binary' }>;

const NO_BOOLEAN = ~(anyBoolean | kinds.trueText | kinds.falseText);

/** `expression` can only be Undefined, and none of its parts is to blame alone. */
export function whyUndefined(expression: Expression, analysis: Analysis): string {
  const { inference } = analysis;
  switch (expression.kind) {
    case 'binary':
      return whyBinaryUndefined(expression, analysis);
    case 'unary': {
      const what = expression.operator === 'NOT' ? 'NOT negates Booleans only' : 'Only numbers have a negative';
      return `${what}, and ${is(expression.operand, analysis)}, so this is always Undefined.`;
    }
    case 'call':
      return `${expression.name}() is always Undefined with these parameters${of(expression.parameters, analysis)}.`;
    case 'cast':
      return `This cast is always Undefined: ${is(expression.operand, analysis)}.`;
    case 'member':
    case 'index':
      return `Nothing can be taken out of what is ${describeKinds(inference.at(expression.object).kinds)}: always Undefined.`;
    case 'name':
      return `${expression.name} is looked up in what is ${describeKinds(inference.scopeOf(expression).element.kinds)}: always Undefined.`;
    default:
      return 'This is always Undefined.';
  }
}

/** `condition` is never true, though it may be false or Undefined. */
export function whyNeverTrue(condition: Expression, analysis: Analysis): string {
  const possible = analysis.inference.at(condition);
  if (condition.kind === 'binary' && (condition.operator === '=' || condition.operator === 'IN')) {
    return whyNeverEqual(condition, analysis);
  }
  if (possible.kinds === kinds.undefined) return whyUndefined(condition, analysis);
  if (condition.kind === 'binary' && constantOf(possible) !== null) return whyConstant(condition, analysis);
  if ((possible.kinds & (anyBoolean | anyText)) === anyText || (possible.kinds & anyBoolean) === 0) {
    const hint = constantOf(possible)?.value === 'true' ? ' Write true without quotes.' : '';
    return `${is(condition, analysis)}, and only the Boolean true matches.${hint}`;
  }
  return `${analysis.text(condition)} is never true.`;
}

/** `=` or IN that cannot be true. */
export function whyNeverEqual(comparison: Binary, analysis: Analysis): string {
  const { operator, left, right } = comparison;
  const first = analysis.inference.at(left);
  const second = analysis.inference.at(right);
  const constant = constantOf(second);
  if (operator === 'IN') {
    if ((second.kinds & kinds.array) === 0) return whyBinaryUndefined(comparison, analysis);
    return Array.isArray(constant?.value) && constant.value.length === 0
      ? 'Nothing is in an empty array.'
      : `No element can equal ${analysis.text(left)}: ${is(left, analysis)}.`;
  }
  if (first.kinds === kinds.undefined || second.kinds === kinds.undefined) {
    return `Nothing equals Undefined, and ${is(first.kinds === kinds.undefined ? left : right, analysis)}.`;
  }
  if (first.values !== null && second.values !== null) return whyConstant(comparison, analysis);
  return `${is(left, analysis)}, ${is(right, analysis)}: = converts nothing, so they are never equal.`;
}

/** Both sides are known: which they are, where the text does not show it. */
function whyConstant({ left, right }: Binary, analysis: Analysis): string {
  const computed = [left, right].filter(({ kind }) => kind !== 'literal' && kind !== 'array');
  if (computed.length === 0) return `It compares constants${quoteHint([left, right], analysis)}.`;
  const sides = computed.map((side) => {
    const values = (analysis.inference.at(side).values ?? []).map((value) => serializeValue(value) || 'Undefined');
    return `${analysis.text(side)} is always ${values.join(' or ')}`;
  });
  return `${sides.join(', ')}.`;
}

function whyBinaryUndefined(expression: Binary, analysis: Analysis): string {
  const { operator, left, right } = expression;
  const wanted = wantedKinds[operator];
  const culprit = [left, right].find((operand) => {
    const { kinds: set } = analysis.inference.at(operand);
    return (set & (operator === 'IN' && operand === left ? ~kinds.undefined : wanted)) === 0;
  });
  if (culprit === undefined) return `${analysis.text(expression)} is always Undefined.`;
  const hint = quoteHint([left, right], analysis);
  return `${uses[operator]}, and ${is(culprit, analysis, wanted)}, so this is always Undefined${hint}.`;
}

const wantedKinds: Readonly<Record<Binary['operator'], number>> = {
  AND: ~NO_BOOLEAN,
  OR: ~NO_BOOLEAN,
  IN: kinds.array,
  '=': ~kinds.undefined,
  '<>': ~kinds.undefined,
  '<': anyNumeric,
  '<=': anyNumeric,
  '>': anyNumeric,
  '>=': anyNumeric,
  '+': kinds.number | anyText,
  '-': anyNumeric,
  '*': anyNumeric,
  '/': anyNumeric,
  '%': anyNumeric,
};

const uses: Readonly<Record<Binary['operator'], string>> = {
  AND: 'AND wants Booleans',
  OR: 'OR wants Booleans',
  IN: 'IN wants an Array on its right',
  '=': '= wants values',
  '<>': '<> wants values',
  '<': '< orders numbers only',
  '<=': '<= orders numbers only',
  '>': '> orders numbers only',
  '>=': '>= orders numbers only',
  '+': '+ adds numbers or joins texts',
  '-': '- takes numbers only',
  '*': '* takes numbers only',
  '/': '/ takes numbers only',
  '%': '% takes numbers only',
};

/** `upper(x) is a String or Undefined`, and what samples had. `wanted`: numbers, where Strings that are none are no use. */
function is(expression: Expression, analysis: Analysis, wanted = 0): string {
  const possible = analysis.inference.at(expression);
  return `${analysis.text(expression)} is ${described(expression, possible, wanted)}`;
}

function described(expression: Expression, { kinds: set, values, shape }: Possible, wanted: number): string {
  if (shape !== null) return `${describeKinds(set & ~kinds.undefined)} like ${shape.example}`;
  const isNoNumber = wanted === anyNumeric && (set & anyText) !== 0 && (set & kinds.numericText) === 0;
  const what = `${describeKinds(set)}${isNoNumber ? ' that is no number' : ''}`;
  const isShown = values?.length === 1 && expression.kind !== 'literal' && (set & (anyText | kinds.number)) !== 0;
  return isShown ? `${what} (${serializeValue(values[0])})` : what;
}

/** `"temp" > 5` compares a text. */
export function quoteHint(operands: readonly Expression[], analysis: Analysis): string {
  const quoted = operands.find((operand) => isQuotedName(operand, analysis));
  if (quoted === undefined) return '';
  return `; double quotes make a text here, write ${analysis.text(quoted).slice(1, -1)} for the field`;
}

/** A literal in double quotes that could be the name of a field. */
export function isQuotedName(expression: Expression, analysis: Analysis): boolean {
  if (expression.kind !== 'literal') return false;
  return /^"[\p{L}_][\p{L}\p{N}_.]*"$/u.test(analysis.source.text.slice(expression.start, expression.end));
}

function of(parameters: readonly Expression[], analysis: Analysis): string {
  return parameters.length === 0 || parameters.some(({ kind }) => kind === 'star')
    ? ''
    : `: ${parameters.map((parameter) => is(parameter, analysis, anyNumeric)).join(', ')}`;
}
