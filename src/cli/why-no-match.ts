/** Why WHERE was not true, in words: which operand was false or Undefined, and what made it so. */
import type { EvaluationContext } from '../rules/context.ts';
import { serializeValue } from '../rules/serialize.ts';
import { operandsOf } from '../rules/sql/analysis/never-true.ts';
import { partsOf } from '../rules/sql/analysis/walk.ts';
import type { Expression, Statement } from '../rules/sql/ast.ts';
import { Parser } from '../rules/sql/parser.ts';
import { printExpression, printStatement } from '../rules/sql/print.ts';
import { sourceOf } from '../rules/sql/source.ts';
import { type CompileOptions, compileStatement, firstVersion, notMatched } from '../rules/sql/statement.ts';
import type { Value } from '../rules/value.ts';

const VALUE_CHARACTERS_MAX = 80;

/** A sentence. `sql` has been compiled with these options, and did not match in this context. */
export function whyNoMatch(sql: string, options: CompileOptions, context: EvaluationContext): string {
  const statement = new Parser(sourceOf(sql, {}), options.version === firstVersion).statement();
  if (statement.where === null) return 'WHERE is not true.';
  const evaluate = (expression: Expression): Value => evaluated(expression, statement, options, context);
  const operands = operandsOf(statement.where, 'AND');
  const undefinedOne = operands.find((operand) => evaluate(operand) === undefined);
  if (undefinedOne !== undefined) {
    const cause = causeOf(undefinedOne, evaluate);
    const because = cause === undefinedOne ? '' : `, because ${shown(cause)} is Undefined`;
    return `WHERE is Undefined: ${shown(undefinedOne)} is Undefined${because}.`;
  }
  const failing = operands.find((operand) => evaluate(operand) !== true) ?? statement.where;
  const value = evaluate(failing);
  if (value === false) return `WHERE is false: ${shown(failing)} is false.`;
  return `WHERE is not true: ${shown(failing)} is ${cut(serializeValue(value))}.`;
}

/** The innermost part that is Undefined. Names in a nested SELECT mean something only there. */
function causeOf(expression: Expression, evaluate: (expression: Expression) => Value): Expression {
  let cause = expression;
  for (;;) {
    if (cause.kind === 'nested' || cause.kind === 'exists') return cause;
    const part = partsOf(cause).find((inner) => inner.kind !== 'star' && evaluate(inner) === undefined);
    if (part === undefined) return cause;
    cause = part;
  }
}

/** The value that an expression has beside the statement's variables. */
function evaluated(
  expression: Expression,
  { assignments, set, select }: Statement,
  options: CompileOptions,
  context: EvaluationContext,
): Value {
  const single = { ...select, kind: 'single' as const, expression };
  const sql = printStatement({ assignments, set, select: single, topicFilter: null, where: null, looseCommas: [] });
  try {
    const value = compileStatement(sql, options).evaluate(context);
    return value === notMatched ? undefined : value;
  } catch {
    // By itself, a part may not be allowed, or ask a service that has not answered: then it explains nothing.
    return null;
  }
}

function shown(expression: Expression): string {
  return cut(printExpression(expression));
}

function cut(text: string): string {
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}
