/** SQL statements: text in, something that runs on messages out. */
import { CodedError, type Finding } from '../../errors.ts';
import type { ExternalFunctionName } from '../../external-call.ts';
import type { EvaluationContext } from '../context.ts';
import type { DescriptorSet } from '../protobuf/descriptor-set.ts';
import { TEXT_CHARACTERS_MAX } from '../size.ts';
import type { Value } from '../value.ts';
import type { Assignment } from './ast.ts';
import { Checker } from './checker.ts';
import { compileCondition, compileExpression } from './compile.ts';
import { type Evaluate, type Frame, newFrame } from './frame.ts';
import { limitResult } from './growth-limit.ts';
import { Parser } from './parser.ts';
import { Scope } from './scope.ts';
import { compileSelect } from './select.ts';
import { assignVariables, isOfPayload, type Variable } from './set-limit.ts';
import { type SourceOptions, sourceOf } from './source.ts';

/** WHERE was not true: the rule does nothing with this message. */
export const notMatched: unique symbol = Symbol('notMatched');

export interface CompileOptions extends SourceOptions {
  /** `2015-10-08`, `2016-03-23` or `beta`. */
  readonly version: string;
  /** Functions that have a connector; another one is an error. Absent: unknown, and every function passes. */
  readonly available?: ReadonlySet<ExternalFunctionName>;
  /** For decode(…, 'proto', …); another one is an error. Absent: unknown, every call passes, and fails when it is evaluated. */
  readonly descriptors?: readonly DescriptorSet[];
}

export interface CompiledStatement {
  /** null: the rule is only addressed by name, `$aws/rules/<ruleName>/…`. */
  readonly topicFilter: string | null;
  /** Whether fields of the payload are read, so that it must be JSON. `SELECT *` by itself reads none. */
  readonly needsDocument: boolean;
  /** Whether it asks services: then `evaluate` may throw CallPending, and can be called again once the call is answered. */
  readonly callsExternal: boolean;
  readonly warnings: readonly Finding[];
  /**
   * The outgoing value: a Uint8Array for `SELECT *` on a payload that is not JSON. Throws CallFailed where a function that asks a
   * service or decodes protobuf fails, an Error where SET variables or the result grow too large, and nothing else for what a payload holds.
   */
  evaluate(context: EvaluationContext): Value | typeof notMatched;
}

export const firstVersion = '2015-10-08';

/** Throws a CodedError with all findings, each with its place and an excerpt. */
export function compileStatement(sql: string, options: CompileOptions): CompiledStatement {
  const source = sourceOf(sql, options);
  const isFirstVersion = options.version === firstVersion;
  const statement = new Parser(source, isFirstVersion).statement();
  const checker = new Checker(source, { ...options, isFirstVersion, isTemplate: false });
  checker.statement(statement);
  throwErrors(checker.findings);
  const scope = new Scope(options.descriptors);
  const setVariables = compileAssignments(statement.assignments, scope);
  const where = statement.where === null ? null : compileCondition(statement.where, scope);
  const select = compileSelect(statement.select, scope, compileExpression);
  const frame = newFrame(scope.slotCount);
  return {
    topicFilter: statement.topicFilter?.text ?? null,
    needsDocument: scope.readsDocument,
    callsExternal: scope.callsExternal,
    warnings: checker.findings,
    evaluate: (context) => {
      enter(frame, context);
      setVariables(frame);
      return where === null || where(frame) ? limitResult(select(frame), frame, sql.length) : notMatched;
    },
  };
}

export function enter(frame: Frame, context: EvaluationContext): void {
  frame.context = context;
  frame.elements = 0;
  frame.room = TEXT_CHARACTERS_MAX;
  frame.element = context.document;
}

/** SET: in textual order, before WHERE. The closure throws as `CompiledStatement.evaluate`. */
export function compileAssignments(assignments: readonly Assignment[], scope: Scope): (frame: Frame) => void {
  const variables: Variable[] = [];
  for (const { name, value } of assignments) {
    const evaluate = value.kind === 'star' ? documentOf : compileExpression(value, scope).evaluate;
    scope.readsDocument ||= value.kind === 'star';
    variables.push({ slot: scope.defineVariable(name), evaluate, isOfPayload: isOfPayload(value) });
  }
  return variables.length === 0 ? () => {} : (frame) => assignVariables(frame, variables);
}

/** `SET @p = *`: a variable cannot hold a payload that is not JSON. */
const documentOf: Evaluate = (frame) => frame.element;

/** Throws when one of the findings is an error. */
export function throwErrors(findings: readonly Finding[]): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (first !== undefined) throw new CodedError(first.code, first.message, { findings: errors });
}
