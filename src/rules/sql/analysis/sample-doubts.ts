/** What sample payloads show to be wrong with a statement: fields that none of them has, clauses that want another kind of payload. */
import { nearest } from '../../../nearest.ts';
import type { Expression, Statement } from '../ast.ts';
import { firstVersion } from '../statement.ts';
import type { Analysis } from './analysis.ts';
import { constantOf, kinds } from './possible.ts';
import type { Shape } from './shape.ts';
import { walk } from './walk.ts';

/** Functions whose first parameter is allowed to be missing: there, only what looks misspelt is reported. */
const guards: ReadonlySet<string> = new Set(['isundefined', 'isnull', 'get_or_default', 'nanvl']);

/** `analysis` has the samples' shape in its inference. */
export function findUnseenFields(expressions: Iterable<Expression>, analysis: Analysis, count: number): void {
  const guarded = new Set<Expression>();
  for (const expression of expressions) {
    if (expression.kind === 'call' && guards.has(expression.name.toLowerCase())) {
      const [first] = expression.parameters;
      if (first !== undefined) for (const part of walk(first)) guarded.add(part);
    }
    const step = lookupOf(expression, analysis);
    if (step === null || step.shape.isPartial || step.shape.members.has(step.name)) continue;
    if ((step.shape.kinds & kinds.object) === 0) continue;
    const similar = nearest(step.name, [...step.shape.members.keys()]);
    if (similar === null && guarded.has(expression)) continue;
    const hint = similar === null ? '' : ` Did you mean ${similar}?`;
    const samples = count === 1 ? 'the sample' : `any of the ${count} samples`;
    analysis.warn(expression, 'SQL_FIELD_UNSEEN', `${analysis.text(expression)} does not occur in ${samples}.${hint}`);
  }
}

/** The member that an expression takes, and what samples have in its place. */
function lookupOf(expression: Expression, analysis: Analysis): { name: string; shape: Shape } | null {
  const { inference } = analysis;
  switch (expression.kind) {
    case 'name': {
      const { element, aliases } = inference.scopeOf(expression);
      return aliases.has(expression.name) ? null : stepOf(expression.name, element.shape);
    }
    case 'member':
      return stepOf(expression.name, inference.at(expression.object).shape);
    case 'index':
      return stepOf(constantOf(inference.at(expression.index))?.value, inference.at(expression.object).shape);
    case 'call': {
      const [object, key] = expression.parameters;
      if (expression.name.toLowerCase() !== 'get' || object === undefined || key === undefined) return null;
      return stepOf(constantOf(inference.at(key))?.value, inference.at(object).shape);
    }
    default:
      return null;
  }
}

function stepOf(name: unknown, shape: Shape | null): { name: string; shape: Shape } | null {
  return typeof name === 'string' && shape !== null ? { name, shape } : null;
}

export function findUnfitPayloads(statement: Statement, shape: Shape, analysis: Analysis, version: string): void {
  const { select } = statement;
  if (select.kind === 'single') {
    const value = select.expression.kind === 'star' ? shape : analysis.inference.at(select.expression).shape;
    if (version === firstVersion && value !== null && value.kinds === kinds.array) {
      const instead = "awsIotSqlVersion '2016-03-23' allows it";
      analysis.warn(
        select.expression,
        'SQL_VERSION',
        `This is an Array in the samples: AWS emits nothing then in 2015-10-08, this gateway the Array; ${instead}.`,
      );
    }
    return;
  }
  const all = select.items.find((item) => item.kind === 'all');
  if (all === undefined || select.items.length === 1 || (shape.kinds & kinds.object) !== 0) return;
  analysis.warn(
    all,
    'SQL_DOUBTFUL',
    `No sample is a JSON object (one is ${shape.example}): beside other items, * adds nothing then. Write * AS payload.`,
  );
}
