/** Expressions that stand for the same value wherever they stand in one clause. */

import { functionNamed } from '../../functions/index.ts';
import { serializeValue } from '../../serialize.ts';
import type { Expression } from '../ast.ts';

/** A text that equal expressions share; null for those that are not worth comparing. */
export function subjectOf(expression: Expression): string | null {
  switch (expression.kind) {
    case 'literal':
      return `${typeof expression.value}:${serializeValue(expression.value)}`;
    case 'name':
      return JSON.stringify(expression.name);
    case 'variable':
      return `@${expression.name}`;
    case 'member':
      return joined('.', [expression.object], JSON.stringify(expression.name));
    case 'index':
      return joined('[]', [expression.object, expression.index]);
    case 'cast':
      return joined('cast', [expression.operand], expression.type.toLowerCase());
    case 'call': {
      const spec = functionNamed(expression.name);
      // What another service answers is not compared.
      const isOfMessage = spec?.pure === true || spec?.category === 'message';
      return isOfMessage ? joined(expression.name.toLowerCase(), expression.parameters) : null;
    }
    default:
      return null;
  }
}

function joined(operator: string, parts: readonly Expression[], rest = ''): string | null {
  const subjects = parts.map(subjectOf);
  return subjects.includes(null) ? null : `${operator}(${subjects.join()};${rest})`;
}
