/** The functions on the language page: signature, version, what each parameter may be, examples. */

import { sectionOf } from '../../rules/functions/external.ts';
import { functions } from '../../rules/functions/index.ts';
import { type Category, type FunctionSpec, parameterCountMax } from '../../rules/functions/spec.ts';
import { walk } from '../../rules/sql/analysis/walk.ts';
import type { Expression } from '../../rules/sql/ast.ts';
import { Parser } from '../../rules/sql/parser.ts';
import { printExpression } from '../../rules/sql/print.ts';
import { sourceOf } from '../../rules/sql/source.ts';
import { code, table } from './markdown.ts';
import { tryExpression } from './sql-trial.ts';
import { shown } from './sql-types.ts';

const categories: readonly { readonly category: Category; readonly title: string }[] = [
  { category: 'conversion', title: 'Conversion and inspection' },
  { category: 'number', title: 'Numbers' },
  { category: 'string', title: 'Texts' },
  { category: 'hash', title: 'Hashes' },
  { category: 'array', title: 'Arrays' },
  { category: 'message', title: 'The message' },
  { category: 'time', title: 'Time' },
  { category: 'external', title: 'Functions that ask a service' },
];

/** A line per category with links to its functions. */
export function functionIndex(): string {
  const lines = categories.map(({ category, title }) => {
    const links = specsOf(category).map(({ name }) => `[${name}](#${anchorOf(name)})`);
    return `- **${title}**: ${links.join(' · ')}`;
  });
  return lines.join('\n');
}

export function functionSections(): readonly string[] {
  return categories.flatMap(({ category, title }) => [`## ${title}`, ...specsOf(category).map(functionSection)]);
}

function specsOf(category: Category): readonly FunctionSpec[] {
  return functions.filter((spec) => spec.category === category);
}

function anchorOf(name: string): string {
  return `fn-${name.toLowerCase()}`;
}

function functionSection(spec: FunctionSpec): string {
  const since = spec.since === '2015-10-08' ? 'Both versions.' : `Since ${spec.since}.`;
  const calls = spec.callsMax === undefined ? '' : ` At most ${spec.callsMax} in a statement.`;
  const service = spec.external === undefined ? '' : ` Configured under ${code(sectionOf[spec.external])}.`;
  const examples = spec.examples.map(
    ({ sql, result }) => `- ${code(sql)} → ${result === '' ? 'Undefined' : code(result)}`,
  );
  return [
    `### <a id="${anchorOf(spec.name)}"></a>${code(signature(spec))}`,
    `${spec.summary} ${since}${calls}${service}`,
    ...(parameterNotes(spec) === '' ? [] : [parameterNotes(spec)]),
    examples.join('\n'),
    ...parameterTable(spec),
  ].join('\n\n');
}

function signature(spec: FunctionSpec): string {
  const params = spec.params.map(({ name, isOptional, isRepeated }) => {
    if (isRepeated) return `${name}, …`;
    return isOptional ? `[${name}]` : name;
  });
  return `${spec.name}(${parameterCountMax(spec) === 0 ? '' : params.join(', ')})`;
}

function parameterNotes({ params }: FunctionSpec): string {
  const notes = params.flatMap(({ name, takesPayload, literal }) => [
    ...(takesPayload === true ? [`${code(name)} may be ${code('*')}, the payload.`] : []),
    ...(literal === 'required' ? [`${code(name)} is written as a literal.`] : []),
    ...(literal === 'inAws' ? [`AWS wants ${code(name)} as a literal.`] : []),
  ]);
  return notes.join(' ');
}

/** A value of each type, as SQL. */
const samples = ['5', '-2.7', "'12'", "'abc'", 'true', "[1, 'a']", "{'a': 1}", 'NULL', 'missing'] as const;

/** What the first example gives with one of its parameters, x, replaced by values of each type. */
function parameterTable(spec: FunctionSpec): readonly string[] {
  if (spec.external !== undefined || spec.params.length === 0) return [];
  const example = spec.examples.map(({ sql }) => callIn(sql, spec.name)).find((call) => call !== null) ?? null;
  if (example === null) return [];
  const head = ['parameter', ...samples.map((sample) => (sample === 'missing' ? 'Undefined' : code(sample)))];
  const rows = example.slots.map((name, slot) => [
    code(name),
    ...samples.map((sample) => shown(tryExpression(example.write(slot, sample)))),
  ]);
  // A parameter that changes nothing, or that takes none of these values, has no row.
  const telling = rows.filter(([, ...cells]) => new Set(cells).size > 1);
  return telling.length === 0 ? [] : [table(head, telling)];
}

interface Call {
  /** A call with this parameter in its place, for each that can be replaced: as it is shown. */
  readonly slots: readonly string[];
  write(slot: number, parameter: string): string;
}

function callIn(sql: string, name: string): Call | null {
  for (const expression of walk(parsed(sql))) {
    if (expression.kind === 'cast' && name === 'cast') {
      const types = ['String', 'Int', 'Double', 'Decimal', 'Boolean'];
      return {
        slots: types.map((type) => `cast(x AS ${type})`),
        write: (slot, operand) => `cast(${operand} AS ${types[slot]})`,
      };
    }
    if (expression.kind !== 'call' || expression.name.toLowerCase() !== name.toLowerCase()) continue;
    const parameters = expression.parameters.map(printExpression);
    if (parameters.length === 0) continue;
    const write = (slot: number, parameter: string): string =>
      `${name}(${parameters.map((text, index) => (index === slot ? parameter : text)).join(', ')})`;
    return { slots: parameters.map((_, slot) => write(slot, 'x')), write };
  }
  return null;
}

function parsed(sql: string): Expression {
  const { select } = new Parser(sourceOf(`SELECT VALUE ${sql}`, {}), false).statement();
  if (select.kind !== 'single') throw new Error('SELECT VALUE selects one value.');
  return select.expression;
}
