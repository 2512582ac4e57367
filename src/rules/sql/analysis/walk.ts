/** Every expression of a statement, parents before their parts. */
import type { Expression, Select, Statement } from '../ast.ts';

export function* expressionsOf(statement: Statement): Generator<Expression> {
  for (const { value } of statement.assignments) yield* walk(value);
  for (const expression of selected(statement.select)) yield* walk(expression);
  if (statement.where !== null) yield* walk(statement.where);
}

export function* walk(expression: Expression): Generator<Expression> {
  // Not recursive: `a + b + c …` is as deep as it is long.
  const waiting = [expression];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    waiting.push(...partsOf(next).toReversed());
  }
}

export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
    case 'variable':
    case 'star':
      return [];
    case 'member':
      return [expression.object];
    case 'index':
      return [expression.object, expression.index];
    case 'unary':
    case 'cast':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'case': {
      const branches = expression.branches.flatMap(({ when, result }) => [when, result]);
      return [expression.subject, ...branches, ...(expression.otherwise === null ? [] : [expression.otherwise])];
    }
    case 'call':
      return expression.parameters;
    case 'array':
      return expression.items;
    case 'object':
      return expression.members.map((member) => member.value);
    case 'nested': {
      const where = expression.where === null ? [] : [expression.where];
      return [expression.source, ...selected(expression.select), ...where];
    }
    case 'exists':
      return [expression.query];
  }
}

function selected(select: Select): readonly Expression[] {
  if (select.kind === 'single') return [select.expression];
  return select.items.flatMap((item) => {
    if (item.kind === 'all') return [];
    return [item.kind === 'spread' ? item.object : item.expression];
  });
}
