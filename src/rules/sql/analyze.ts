/**
 * What is doubtful about SQL that can be parsed: a WHERE that is never true, comparisons of what cannot be compared, fields that no
 * sample has. Warnings only, and only where it is certain; nothing here is needed to run a rule.
 */
import { CodedError, type Finding } from '../../errors.ts';
import { Analysis } from './analysis/analysis.ts';
import { findDoubts } from './analysis/doubts.ts';
import { quoteHint } from './analysis/explain.ts';
import { Inference } from './analysis/infer.ts';
import { neverTrue, operandsOf } from './analysis/never-true.ts';
import { constantOf } from './analysis/possible.ts';
import { findUnfitPayloads, findUnseenFields } from './analysis/sample-doubts.ts';
import type { Samples } from './analysis/samples.ts';
import { findStatementDoubts } from './analysis/statement-doubts.ts';
import { expressionsOf, walk } from './analysis/walk.ts';
import type { Expression, Statement } from './ast.ts';
import { Parser } from './parser.ts';
import { type Source, sourceOf } from './source.ts';
import { type CompileOptions, firstVersion } from './statement.ts';

interface AnalyzeOptions extends CompileOptions {
  readonly samples?: Samples | undefined;
}

export interface AnalyzeStatementOptions extends AnalyzeOptions {
  /** Text of everything else that can use the statement's SET variables: the templates of the actions. */
  readonly usedElsewhere?: string;
}

export interface AnalyzeTemplateOptions extends AnalyzeOptions {
  /** The statement of the same rule. */
  readonly sql: string;
}

const TOPICS_PROVISO = ' So it is for all topics that FROM matches.';
const SAMPLES_PROVISO = ' So it is in all samples.';

/** Warnings, in the order of their places. None for a statement that cannot be parsed: the compiler says why. */
export function analyzeStatement(sql: string, options: AnalyzeStatementOptions): readonly Finding[] {
  const source = sourceOf(sql, options);
  const statement = parsed(() => new Parser(source, options.version === firstVersion).statement());
  if (statement === null) return [];
  const { version } = options;
  const topicFilter = statement.topicFilter?.text ?? null;
  const always = new Analysis(source, new Inference({ version }).statement(statement), '');
  judge(statement, always);
  findStatementDoubts(statement, always, { version, usedElsewhere: options.usedElsewhere ?? '' });
  // Basic Ingest reaches a rule with topics that its FROM does not match.
  if (topicFilter !== null && /\btopic\b/i.test(sql)) {
    const onTopics = new Inference({ version, topicFilter }).statement(statement);
    judge(statement, new Analysis(source, onTopics, TOPICS_PROVISO, always));
  }
  const shape = options.samples?.shapeFor(topicFilter) ?? null;
  if (shape !== null) {
    const inSamples = new Inference({ version, topicFilter, shape }).statement(statement);
    const bySamples = new Analysis(source, inSamples, '', always);
    findUnseenFields(expressionsOf(statement), bySamples, shape.count);
    findUnfitPayloads(statement, shape, bySamples, version);
    judge(statement, new Analysis(source, inSamples, SAMPLES_PROVISO, always));
  }
  if (statement.topicFilter !== null && options.samples?.hasTopicAbove(statement.topicFilter.text) === true) {
    const above = statement.topicFilter.text.slice(0, -2);
    const why = `A sample came on ${above}, which this filter does not match: for rules, other than for clients, # is one level or more.`;
    always.warn(statement.topicFilter.span, 'SQL_DOUBTFUL', `${why} Write a rule for ${above} as well.`);
  }
  return always.findings;
}

/** As `analyzeStatement`, for the expressions in a template. */
export function analyzeTemplate(text: string, options: AnalyzeTemplateOptions): readonly Finding[] {
  const source = sourceOf(text, options);
  const expressions = parsed(() => templateExpressions(source, options.version));
  if (expressions === null || expressions.length === 0) return [];
  const { version } = options;
  const statement = parsed(() => new Parser(sourceOf(options.sql, {}), version === firstVersion).statement());
  const topicFilter = statement?.topicFilter?.text ?? null;
  const inferred = (shape: ReturnType<Samples['shapeFor']>) => {
    const inference = new Inference({ version, topicFilter, shape });
    inference.assignments(statement?.assignments ?? []);
    for (const expression of expressions) inference.expression(expression);
    return inference;
  };
  const always = new Analysis(source, inferred(null), '');
  const all = expressions.flatMap((expression) => [...walk(expression)]);
  findDoubts(all, always);
  const shape = options.samples?.shapeFor(topicFilter) ?? null;
  if (shape !== null) {
    const inSamples = inferred(shape);
    findUnseenFields(all, new Analysis(source, inSamples, '', always), shape.count);
    const bySamples = new Analysis(source, inSamples, SAMPLES_PROVISO, always);
    findDoubts(all, bySamples);
  }
  return always.findings;
}

function judge(statement: Statement, analysis: Analysis): void {
  if (statement.where !== null) judgeCondition(statement.where, 'WHERE', analysis);
  for (const expression of expressionsOf(statement)) {
    if (expression.kind === 'nested' && expression.where !== null) {
      judgeCondition(expression.where, 'the WHERE of this nested SELECT', analysis);
    }
  }
  findDoubts(expressionsOf(statement), analysis);
}

function judgeCondition(condition: Expression, clause: string, analysis: Analysis): void {
  const culprit = neverTrue(condition, analysis);
  if (culprit !== null) {
    analysis.warn(culprit.span, 'SQL_NEVER_TRUE', `With this, ${clause} can never be true. ${culprit.why}`);
    return;
  }
  if (!analysis.isUnconditional) return;
  for (const operand of operandsOf(condition, 'AND')) {
    if (operand.kind !== 'binary' || constantOf(analysis.inference.at(operand))?.value !== true) continue;
    const hint = quoteHint([operand.left, operand.right], analysis);
    analysis.warn(operand, 'SQL_DOUBTFUL', `This is true for every message: it compares constants${hint}.`);
  }
}

function templateExpressions(source: Source, version: string): Expression[] {
  const found: Expression[] = [];
  let position = 0;
  for (let open = source.text.indexOf('${'); open >= 0; open = source.text.indexOf('${', position)) {
    const { expression, end } = new Parser(source, version === firstVersion, open + 2).template();
    found.push(expression);
    position = end;
  }
  return found;
}

function parsed<Tree>(parse: () => Tree): Tree | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}
