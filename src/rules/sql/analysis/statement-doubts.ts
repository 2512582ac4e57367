/** What is doubtful in a statement's clauses rather than in an expression. */
import type { SelectItem, Statement } from '../ast.ts';
import { firstVersion } from '../statement.ts';
import type { Analysis } from './analysis.ts';
import { isQuotedName } from './explain.ts';
import { expressionsOf } from './walk.ts';

type ValueItem = Extract<SelectItem, { kind: 'value' }>;

export function findStatementDoubts(
  statement: Statement,
  analysis: Analysis,
  options: { readonly version: string; readonly usedElsewhere: string },
): void {
  const { select, topicFilter } = statement;
  findUnusedVariables(statement, analysis, options.usedElsewhere);
  if (topicFilter !== null) {
    const problem = unreachable(topicFilter.text);
    if (problem !== null) analysis.warn(topicFilter.span, 'SQL_NEVER_TRUE', problem);
    const slip = slipOf(topicFilter.text);
    if (slip !== null) analysis.warn(topicFilter.span, 'SQL_DOUBTFUL', slip);
  }
  if (select.kind === 'single') {
    findWholeDecimal(select, analysis, options.version);
    return;
  }
  const items = select.items.filter((item): item is ValueItem => item.kind === 'value');
  for (const [index, item] of items.entries()) {
    findWholeDecimal(item, analysis, options.version);
    findOverwritten(item, items.slice(0, index), analysis);
    if (isQuotedName(item.expression, analysis) && item.end === item.expression.end) {
      const name = analysis.text(item.expression).slice(1, -1);
      const what = `This selects the text '${name}' from every message: double quotes make a String.`;
      analysis.warn(item, 'SQL_DOUBTFUL', `${what} Write ${name} for the field; for the text, add AS and a name.`);
    }
  }
}

function findUnusedVariables({ assignments, ...rest }: Statement, analysis: Analysis, usedElsewhere: string): void {
  const used = new Set<string>();
  for (const expression of expressionsOf({ assignments, ...rest })) {
    if (expression.kind === 'variable') used.add(expression.name);
  }
  for (const { name, start, end } of assignments) {
    if (used.has(name) || usedElsewhere.includes(`@${name}`)) continue;
    analysis.warn({ start, end }, 'SQL_DOUBTFUL', `Nothing uses @${name}. Remove it.`);
  }
}

/** Why no message can have a topic that the filter matches. */
function unreachable(filter: string): string | null {
  if (filter.startsWith('$share/')) {
    return 'No topic begins with $share: shared subscriptions are for clients. Write the filter without its first two levels.';
  }
  if (filter.startsWith('$aws/rules/')) {
    return 'Messages to $aws/rules/<rule>/… come with the rest of their topic alone, and to that rule without its FROM. Write the rest, or leave FROM out.';
  }
  return null;
}

/** What is a possible topic, and hardly meant. */
function slipOf(filter: string): string | null {
  if (/[‘’“”]/.test(filter)) return "The filter has typographic quotes in it, which are part of the topic. Write '.";
  if (filter.split('/').includes('*')) return 'A * is no wildcard in topics. Write + for one level, # for all below.';
  return null;
}

/** From 2016-03-23 on `10.0` is the Int 10, where other readers may want a Decimal. */
function findWholeDecimal({ expression }: Pick<ValueItem, 'expression'>, analysis: Analysis, version: string): void {
  if (version === firstVersion || expression.kind !== 'literal' || typeof expression.value !== 'number') return;
  if (!Number.isInteger(expression.value) || !/^\d+\.\d+$/.test(analysis.text(expression))) return;
  const what = `${analysis.text(expression)} is the Int ${expression.value} in ${version}`;
  analysis.warn(
    expression,
    'SQL_DOUBTFUL',
    `${what}: a whole number loses its fraction there. Write ${expression.value}.`,
  );
}

function findOverwritten(item: ValueItem, earlier: readonly ValueItem[], analysis: Analysis): void {
  const same = earlier.find(({ key }) => item.key.every((name, i) => name === key[i]));
  if (same === undefined) return;
  const before = analysis.text(same);
  analysis.warn(
    item,
    'SQL_DOUBTFUL',
    `${before} has the key ${same.key.join('.')}; this overwrites it. Write AS and another name.`,
  );
}
