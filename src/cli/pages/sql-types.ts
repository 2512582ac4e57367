/** Tables of what operators and conversions give for operands of each type, tried out and put together where types behave alike. */
import { Decimal } from '../../decimal.ts';
import { isArray } from '../../rules/object.ts';
import type { Value } from '../../rules/value.ts';
import { code, table } from './markdown.ts';
import { tryExpression } from './sql-trial.ts';

interface Kind {
  readonly name: string;
  /** Expressions of this type; together they show all that it can do. */
  readonly samples: readonly string[];
}

const kinds: readonly Kind[] = [
  { name: 'Int', samples: ['5', '-3', '0'] },
  { name: 'Decimal', samples: ['2.7', '-2.5'] },
  { name: 'numeric String', samples: ["'12'", "'-1.5'", "'0'"] },
  { name: 'Boolean String', samples: ["'true'", "'False'"] },
  { name: 'other String', samples: ["'abc'", "''"] },
  { name: 'Boolean', samples: ['true', 'false'] },
  { name: 'Array', samples: ["[1, 'a']", '[]'] },
  { name: 'Object', samples: ["{'a': 1}", '{}'] },
  { name: 'Null', samples: ['NULL'] },
  { name: 'Undefined', samples: ['missing'] },
];

/** `write`: the expression of two operands. */
export function operatorTable(write: (left: string, right: string) => string): string {
  const cells = kinds.map((left) => kinds.map((right) => resultsOf(left, right, write)));
  const rows = groups(kinds.map((_, i) => (cells[i] ?? []).join('|')));
  const columns = groups(kinds.map((_, j) => cells.map((row) => row[j]).join('|')));
  return table(
    ['left ＼ right', ...columns.map(namesOf)],
    rows.map((row) => [namesOf(row), ...columns.map((column) => cells[row[0] ?? 0]?.[column[0] ?? 0] ?? '')]),
  );
}

/** One operand; each of `writers` is a column. */
export function conversionTable(
  writers: readonly (readonly [title: string, write: (operand: string) => string])[],
): string {
  const rows = kinds.flatMap(({ name, samples }) =>
    samples.map((sample, index) => [
      index === 0 ? name : '',
      sample === 'missing' ? 'a key that is missing' : code(sample),
      ...writers.map(([, write]) => shown(tryExpression(write(sample)))),
    ]),
  );
  return table(['type', 'value', ...writers.map(([title]) => title)], rows);
}

function resultsOf(left: Kind, right: Kind, write: (left: string, right: string) => string): string {
  const types = left.samples.flatMap((a) => right.samples.map((b) => typeOf(tryExpression(write(a, b)))));
  return [...new Set(types)].sort((a, b) => Number(a === 'Undefined') - Number(b === 'Undefined')).join(' or ');
}

/** Indexes of equal keys: everything else comes last, the others in the order of their first. */
function groups(keys: readonly string[]): readonly (readonly number[])[] {
  const found = new Map<string, number[]>();
  for (const [index, key] of keys.entries()) found.set(key, [...(found.get(key) ?? []), index]);
  return [...found.values()].sort((a, b) => Number(a.length > NAMES_MAX) - Number(b.length > NAMES_MAX));
}

/** So many types beside one another are everything else. */
const NAMES_MAX = 5;

function namesOf(indexes: readonly number[]): string {
  if (indexes.length > NAMES_MAX) return 'everything else';
  return indexes.map((index) => kinds[index]?.name ?? '').join(', ');
}

function typeOf(value: Value): string {
  if (value === undefined) return 'Undefined';
  if (value === null) return 'Null';
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'number' || value instanceof Decimal) return 'number';
  return isArray(value) ? 'Array' : 'Object';
}

/** Hashes are as good when they are cut. */
const SHOWN_CHARACTERS_MAX = 24;

/** A value in a cell. */
export function shown(value: Value): string {
  if (value === undefined) return '–';
  const text = JSON.stringify(value);
  return code(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text);
}
