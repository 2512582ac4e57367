/** What a statement reads of the payload: `temperature`, `readings[].value`, `*` for all of it. In the order of their first place. */

import { partsOf } from '../../rules/sql/analysis/walk.ts';
import type { Expression, NestedQuery, Select, Statement } from '../../rules/sql/ast.ts';

interface Scope {
  /** Of the element that names are looked up in: '', or `readings[].`; null: it is no part of the payload. */
  readonly prefix: string | null;
  readonly aliases: ReadonlyMap<string, string | null>;
}

const payload: Scope = { prefix: '', aliases: new Map() };

/** `expressions`: of the templates beside the statement. */
export function fieldsRead(statement: Statement, expressions: readonly Expression[]): readonly string[] {
  const found = new Set<string>();
  const collect = (expression: Expression) => collectFrom(expression, payload, found);
  for (const { value } of statement.assignments) collect(value);
  collectSelected(statement.select, payload, found);
  if (statement.where !== null) collect(statement.where);
  for (const expression of expressions) collect(expression);
  return [...found];
}

function collectSelected(select: Select, scope: Scope, found: Set<string>): void {
  if (select.kind === 'single') {
    collectFrom(select.expression, scope, found);
    return;
  }
  for (const item of select.items) {
    if (item.kind === 'value') collectFrom(item.expression, scope, found);
    else {
      const path = item.kind === 'all' ? '' : pathOf(item.object, scope);
      if (path === null) collectFrom((item as Extract<typeof item, { kind: 'spread' }>).object, scope, found);
      else if (scope.prefix !== null) found.add(path === '' ? `${scope.prefix}*` : `${path}.*`);
    }
  }
}

function collectFrom(expression: Expression, scope: Scope, found: Set<string>): void {
  const path = pathOf(expression, scope);
  if (path !== null) {
    if (path !== '') found.add(path);
    for (const index of indexesOf(expression)) collectFrom(index, scope, found);
    return;
  }
  if (expression.kind === 'nested') collectNested(expression, scope, found);
  else if (expression.kind === 'exists') collectNested(expression.query, scope, found);
  else for (const part of partsOf(expression)) collectFrom(part, scope, found);
}

function collectNested({ select, source, alias, where }: NestedQuery, outer: Scope, found: Set<string>): void {
  const path = pathOf(source, outer);
  collectFrom(source, outer, found);
  const element = path === null ? null : `${path}[]`;
  const aliases = alias === null ? outer.aliases : new Map([...outer.aliases, [alias, element]]);
  const scope: Scope = { prefix: element === null ? null : `${element}.`, aliases };
  collectSelected(select, scope, found);
  if (where !== null) collectFrom(where, scope, found);
}

/** '' for an alias of what is no part of the payload; null: the expression is no path. */
function pathOf(expression: Expression, scope: Scope): string | null {
  switch (expression.kind) {
    case 'name': {
      const alias = scope.aliases.get(expression.name);
      if (alias !== undefined) return alias ?? '';
      return scope.prefix === null ? '' : `${scope.prefix}${expression.name}`;
    }
    case 'star':
      return '*';
    case 'member': {
      const object = pathOf(expression.object, scope);
      return object === null || object === '' ? object : `${object}.${expression.name}`;
    }
    case 'index': {
      const object = pathOf(expression.object, scope);
      return object === null || object === '' ? object : `${object}[${indexText(expression.index)}]`;
    }
    default:
      return null;
  }
}

function indexText(index: Expression): string {
  return index.kind === 'literal' ? JSON.stringify(index.value) : '';
}

/** What stands in brackets along a path, and reads fields of its own. */
function indexesOf(path: Expression): readonly Expression[] {
  if (path.kind === 'member') return indexesOf(path.object);
  return path.kind === 'index' ? [...indexesOf(path.object), path.index] : [];
}
