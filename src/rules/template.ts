/** Substitution templates: `${expression}` in the fields of an action. */
import { CodedError, type Finding } from '../errors.ts';
import type { TemplateKind } from '../message.ts';
import { composeKey } from './compose/compose-key.ts';
import { composePath, pathDoubt } from './compose/compose-path.ts';
import { composeTopic } from './compose/compose-topic.ts';
import type { EvaluationContext } from './context.ts';
import { textOf } from './convert.ts';
import type { Statement } from './sql/ast.ts';
import { Checker } from './sql/checker.ts';
import { compileExpression } from './sql/compile.ts';
import { type Evaluate, type Frame, newFrame } from './sql/frame.ts';
import { Parser } from './sql/parser.ts';
import { Scope } from './sql/scope.ts';
import { errorAt, sourceOf } from './sql/source.ts';
import { type CompileOptions, compileAssignments, enter, firstVersion, throwErrors } from './sql/statement.ts';
import type { Value } from './value.ts';

export interface TemplateOptions extends CompileOptions {
  /** The statement of the same rule: its SET variables are visible. What is wrong with it is not reported again. */
  readonly sql?: string;
  /** What the field is; `text` when absent: then values are inserted as they are. */
  readonly kind?: TemplateKind;
}

/** Makes the field of its joined `pieces`: literal text and inserted values by turns, a literal first. */
type Compose = (text: string, pieces: readonly string[]) => string;

const composeOf: Readonly<Record<TemplateKind, Compose | null>> = {
  text: null,
  topic: composeTopic,
  path: composePath,
  key: composeKey,
};

export interface CompiledTemplate {
  /** Renders the same text for every message. */
  readonly isConstant: boolean;
  readonly needsDocument: boolean;
  /** Whether it asks services, itself or in a SET variable: then `render` may throw CallPending. */
  readonly callsExternal: boolean;
  readonly warnings: readonly Finding[];
  /**
   * Evaluated against the original message, not against what SELECT made of it. Undefined and Null are the empty string. Throws as
   * `CompiledStatement.evaluate`, and MESSAGE_TEMPLATE_INVALID where a topic may not be.
   */
  render(context: EvaluationContext): string;
}

/** Throws a CodedError as `compileStatement` does. The `$$` that a topic begins with stands for `$`: see `unescapeReserved`. */
export function compileTemplate(text: string, options: TemplateOptions): CompiledTemplate {
  const source = sourceOf(text, options);
  const isFirstVersion = options.version === firstVersion;
  const checker = new Checker(source, { ...options, isFirstVersion, isTemplate: true });
  const scope = new Scope(options.descriptors);
  const statement = /@|get_registry_data/i.test(text) ? statementOf(options.sql, isFirstVersion) : null;
  if (statement !== null) checker.continueFrom(statement);
  const assignments = text.includes('@') && statement !== null ? statement.assignments : [];
  const setVariables = compileAssignments(assignments, scope);
  const literals: string[] = [];
  const values: Evaluate[] = [];
  let isConstant = true;
  let position = 0;
  for (let open = text.indexOf('${'); open >= 0; open = text.indexOf('${', position)) {
    literals.push(text.slice(position, open));
    const { expression, end } = new Parser(source, isFirstVersion, open + 2).template();
    checker.expression(expression);
    throwErrors(checker.findings);
    const compiled = compileExpression(expression, scope);
    isConstant &&= compiled.isConstant;
    values.push(compiled.evaluate);
    position = end;
  }
  literals.push(text.slice(position));
  const kind = options.kind ?? 'text';
  const doubt = kind === 'path' ? pathDoubt(ownText(literals, kind)) : null;
  if (doubt !== null) throw errorAt(source, { start: 0, end: text.length }, 'CONFIG_VALUE_INVALID', doubt);
  const join = joiner(ownText(literals, kind), values, composeOf[kind]);
  const frame = newFrame(scope.slotCount);
  const render = (context: EvaluationContext): string => {
    enter(frame, context);
    setVariables(frame);
    return join(frame);
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

/** What the author wrote, with what it means in a field of this kind. */
function ownText(literals: readonly string[], kind: TemplateKind): readonly string[] {
  const last = literals.length - 1;
  return literals.map((literal, index) => {
    if (kind === 'topic' && index === 0) return unescapeReserved(literal);
    // A path may end with a slash; nothing is meant by it.
    if (kind === 'path' && index === last && (last > 0 || literal !== '/')) return literal.replace(/\/$/, '');
    return literal;
  });
}

/** `literals` are one more than `values`, and stand around them. */
function joiner(
  literals: readonly string[],
  values: readonly Evaluate[],
  compose: Compose | null,
): (frame: Frame) => string {
  const [first = ''] = literals;
  if (compose === null) {
    return (frame) => {
      let text = first;
      for (let i = 0; i < values.length; i++) text += inserted((values[i] as Evaluate)(frame)) + literals[i + 1];
      return text;
    };
  }
  // Filled anew for each message.
  const pieces = literals.flatMap((literal, index) => (index === 0 ? [literal] : ['', literal]));
  return (frame) => {
    let text = first;
    for (let i = 0; i < values.length; i++) {
      const value = inserted((values[i] as Evaluate)(frame));
      pieces[2 * i + 1] = value;
      text += value + literals[i + 1];
    }
    return compose(text, pieces);
  };
}

function inserted(value: Value): string {
  return textOf(value) ?? '';
}
