/**
 * Canonical SQL text of a syntax tree: one line, one blank between words, keywords in upper case, single quotes, parentheses only where
 * the tree needs them. Parsing the text with the same version gives the tree again, spans aside. What was read over is not printed:
 * double quotes, `!=`, a comma before FROM.
 */
import { Decimal, formatNumber } from '../../decimal.ts';
import type { Value } from '../value.ts';
import type { Expression, NestedQuery, Select, SelectItem, Statement } from './ast.ts';
import { defaultKey } from './expression-parser.ts';
import { reservedWords } from './token-reader.ts';

/** How tightly operators bind, as the productions of the grammar follow one another. */
const levels = {
  OR: 1,
  AND: 2,
  NOT: 3,
  '=': 4,
  '<>': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  IN: 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
} as const;
const ANY_LEVEL = 0;
const NOT_LEVEL = 3;
const COMPARISON_LEVEL = 4;
const MINUS_LEVEL = 7;
const PRIMARY_LEVEL = 8;

export function printStatement(statement: Statement): string {
  const { assignments, select, topicFilter, where } = statement;
  const clauses: string[] = [];
  if (assignments.length > 0) {
    clauses.push(`SET ${assignments.map(({ name, value }) => `@${name} = ${printExpression(value)}`).join(', ')}`);
  }
  clauses.push(printSelect(select));
  if (topicFilter !== null) clauses.push(`FROM ${quoted(topicFilter.text)}`);
  if (where !== null) clauses.push(`WHERE ${printExpression(where)}`);
  return clauses.join(' ');
}

export function printExpression(expression: Expression): string {
  return print(expression, ANY_LEVEL);
}

/** In parentheses when it binds more loosely than `level`. */
function print(expression: Expression, level: number): string {
  const text = printBare(expression);
  return levelOf(expression) < level ? `(${text})` : text;
}

function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return levels[expression.operator];
    case 'unary':
      return expression.operator === 'NOT' ? NOT_LEVEL : MINUS_LEVEL;
    case 'literal':
      return isNegative(expression.value) ? MINUS_LEVEL : PRIMARY_LEVEL;
    default:
      return PRIMARY_LEVEL;
  }
}

function printBare(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression.value);
    case 'name':
      return printName(expression.name);
    case 'variable':
      return `@${expression.name}`;
    case 'star':
      return '*';
    case 'member':
      return `${print(expression.object, PRIMARY_LEVEL)}.${expression.name}`;
    case 'index':
      return `${printIndexed(expression.object)}[${printExpression(expression.index)}]`;
    case 'unary':
      if (expression.operator === 'NOT') return `NOT ${print(expression.operand, NOT_LEVEL)}`;
      // `-(-x)`: two dashes in a row read like a comment.
      return `-${print(expression.operand, PRIMARY_LEVEL)}`;
    case 'binary':
      return printBinary(expression);
    case 'case':
      return printCase(expression);
    case 'call':
      return `${expression.name}(${printList(expression.parameters)})`;
    case 'cast':
      return `cast(${printExpression(expression.operand)} AS ${expression.type})`;
    case 'array':
      return `[${printList(expression.items)}]`;
    case 'object':
      return `{${expression.members.map(({ key, value }) => `${quoted(key)}: ${printExpression(value)}`).join(', ')}}`;
    case 'nested':
      return printNested(expression);
    case 'exists':
      return `EXISTS ${printNested(expression.query)}`;
  }
}

function printList(items: readonly Expression[]): string {
  return items.map(printExpression).join(', ');
}

/** Operators of one level group to the left; comparisons do not group at all. */
function printBinary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): string {
  const level = levels[operator];
  const leftLevel = level === COMPARISON_LEVEL ? level + 1 : level;
  return `${print(left, leftLevel)} ${operator} ${print(right, level + 1)}`;
}

function printCase({ subject, branches, otherwise }: Extract<Expression, { kind: 'case' }>): string {
  const printed = branches.map(({ when, result }) => ` WHEN ${printExpression(when)} THEN ${printExpression(result)}`);
  const last = otherwise === null ? '' : ` ELSE ${printExpression(otherwise)}`;
  return `CASE ${printExpression(subject)}${printed.join('')}${last} END`;
}

function printNested({ select, source, alias, where }: NestedQuery): string {
  const as = alias === null ? '' : ` AS ${alias}`;
  const condition = where === null ? '' : ` WHERE ${printExpression(where)}`;
  return `(${printSelect(select)} FROM ${print(source, PRIMARY_LEVEL)}${as}${condition})`;
}

function printSelect(select: Select): string {
  if (select.kind === 'single') return `SELECT VALUE ${printExpression(select.expression)}`;
  return `SELECT ${select.items.map(printItem).join(', ')}`;
}

function printItem(item: SelectItem): string {
  switch (item.kind) {
    case 'all':
      return '*';
    case 'spread':
      return `${print(item.object, PRIMARY_LEVEL)}.*`;
    case 'value': {
      const text = printExpression(item.expression);
      const [first = ''] = item.key;
      const isDefault = item.key.length === 1 && first === defaultKey(item.expression, () => text);
      if (isDefault && item.expression.kind !== 'star') return text;
      // A key that cannot be written as an alias is the text of the expression as its author wrote it.
      return item.key.every((name) => namePattern.test(name)) ? `${text} AS ${item.key.join('.')}` : first;
    }
  }
}

const namePattern = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** Only in parentheses a reserved word is a field wherever it stands. */
function printName(name: string): string {
  const word = name.toUpperCase();
  return reservedWords.has(word) && word !== 'VALUE' && word !== 'SET' ? `(${name})` : name;
}

/** `SELECT value[0]` selects the array [0]. */
function printIndexed(object: Expression): string {
  const text = print(object, PRIMARY_LEVEL);
  return text.toUpperCase() === 'VALUE' ? `(${text})` : text;
}

function printLiteral(value: Value): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || value instanceof Decimal) return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  // The one number that is Undefined is one beyond all numbers.
  return value === null ? 'NULL' : '1E1000';
}

function isNegative(value: Value): boolean {
  return typeof value === 'number' ? value < 0 : value instanceof Decimal && value.isNegative();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
