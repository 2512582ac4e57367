/** Substitution templates: `${expression}` in the fields of an action. */
import { CodedError, type Finding } from '../errors.ts';
import type { EvaluationContext } from './context.ts';
import { textOf } from './convert.ts';
import type { Statement } from './sql/ast.ts';
import { Checker } from './sql/checker.ts';
import { compileExpression } from './sql/compile.ts';
import { type Evaluate, type Frame, newFrame } from './sql/frame.ts';
import { Parser } from './sql/parser.ts';
import { Scope } from './sql/scope.ts';
import { sourceOf } from './sql/source.ts';
import { type CompileOptions, compileAssignments, enter, firstVersion, throwErrors } from './sql/statement.ts';
import type { Value } from './value.ts';

export interface TemplateOptions extends CompileOptions {
  /** The statement of the same rule: its SET variables are visible. What is wrong with it is not reported again. */
  readonly sql?: string;
}

export interface CompiledTemplate {
  /** Renders the same text for every message. */
  readonly isConstant: boolean;
  readonly needsDocument: boolean;
  /** Whether it asks services, itself or in a SET variable: then `render` may throw CallPending. */
  readonly callsExternal: boolean;
  readonly warnings: readonly Finding[];
  /**
   * Evaluated against the original message, not against what SELECT made of it. Undefined and Null are the empty string. Throws as
   * `CompiledStatement.evaluate`.
   */
  render(context: EvaluationContext): string;
}

/** Throws a CodedError as `compileStatement` does. `$$` is left as it is: see `unescapeReserved`. */
export function compileTemplate(text: string, options: TemplateOptions): CompiledTemplate {
  const source = sourceOf(text, options);
  const isFirstVersion = options.version === firstVersion;
  const checker = new Checker(source, { ...options, isFirstVersion, isTemplate: true });
  const scope = new Scope(options.descriptors);
  const statement = /@|get_registry_data/i.test(text) ? statementOf(options.sql, isFirstVersion) : null;
  if (statement !== null) checker.continueFrom(statement);
  const assignments = text.includes('@') && statement !== null ? statement.assignments : [];
  const setVariables = compileAssignments(assignments, scope);
  const parts: (string | Evaluate)[] = [];
  let isConstant = true;
  let position = 0;
  for (let open = text.indexOf('${'); open >= 0; open = text.indexOf('${', position)) {
    parts.push(text.slice(position, open));
    const { expression, end } = new Parser(source, isFirstVersion, open + 2).template();
    checker.expression(expression);
    throwErrors(checker.findings);
    const compiled = compileExpression(expression, scope);
    isConstant &&= compiled.isConstant;
    parts.push(compiled.evaluate);
    position = end;
  }
  parts.push(text.slice(position));
  const frame = newFrame(scope.slotCount);
  const render = (context: EvaluationContext): string => {
    enter(frame, context);
    setVariables(frame);
    return joined(parts, frame);
  };
  const { readsDocument: needsDocument, callsExternal } = scope;
  return { isConstant, needsDocument, callsExternal, warnings: checker.findings, render };
}

/** null: there is none, or what is wrong with it was reported with the statement itself. */
function statementOf(sql: string | undefined, isFirstVersion: boolean): Statement | null {
  if (sql === undefined) return null;
  try {
    return new Parser(sourceOf(sql, {}), isFirstVersion).statement();
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/**
 * The topic that a rendered `republish` topic means: `$$aws/…` publishes to `$aws/…`, because a single `$` could begin a template.
 * (AWS IoT Developer Guide, Republish)
 */
export function unescapeReserved(topic: string): string {
  return topic.startsWith('$$') ? topic.slice(1) : topic;
}

function joined(parts: readonly (string | Evaluate)[], frame: Frame): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : inserted(part(frame));
  return text;
}

function inserted(value: Value): string {
  return textOf(value) ?? '';
}
