/** What can be said about a statement before any message: unknown functions, wrong version, misplaced `*`. All findings at once. */
import type { ErrorCode, Finding } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { findCastType } from '../cast.ts';
import { functionNamed, functions } from '../functions/index.ts';
import { type FunctionSpec, paramsOf } from '../functions/spec.ts';
import { checkFilter } from '../topic-filter.ts';
import type { Assignment, Expression, NestedQuery, Select, Statement } from './ast.ts';
import { CallChecker, type CallRules } from './call-checker.ts';
import { insteadOfFunction } from './instead.ts';
import { isProtoCall } from './proto-call.ts';
import { findingAt, type Source, type Span } from './source.ts';

/** AWS: at most 10 variables with names of at most 64 characters. */
export const VARIABLES_MAX = 10;
export const VARIABLE_CHARACTERS_MAX = 64;

export interface CheckerOptions extends CallRules {
  readonly isFirstVersion: boolean;
}

export class Checker {
  readonly findings: Finding[] = [];
  readonly #source: Source;
  readonly #options: CheckerOptions;
  readonly #calls: CallChecker;
  readonly #variables = new Set<string>();

  constructor(source: Source, options: CheckerOptions) {
    this.#source = source;
    this.#options = options;
    this.#calls = new CallChecker(options, this.#fail.bind(this), this.#warn.bind(this));
  }

  statement(statement: Statement): void {
    if (statement.set !== null) this.#later(statement.set, 'SET');
    this.#assignments(statement.assignments);
    this.#select(statement.select);
    if (statement.where !== null) this.expression(statement.where);
    for (const comma of statement.looseCommas) {
      this.#warn(comma, 'SQL_SYNTAX', 'A comma before FROM; remove it.');
    }
    const { topicFilter } = statement;
    if (topicFilter === null) return;
    if (!topicFilter.isSingleQuoted) {
      this.#warn(topicFilter.span, 'SQL_SYNTAX', 'AWS IoT wants the topic filter in single quotes.');
    }
    const problem = checkFilter(topicFilter.text);
    if (problem !== null) this.#fail(topicFilter.span, 'SQL_SYNTAX', `The topic filter is invalid: ${problem}`);
  }

  /** For a template: the statement of its rule, which was checked elsewhere, assigns variables and calls functions already. */
  continueFrom(statement: Statement): void {
    for (const { name } of statement.assignments) this.#variables.add(name);
    const other = new Checker(this.#source, { ...this.#options, isTemplate: false });
    other.statement(statement);
    this.#calls.continueFrom(other.#calls);
  }

  #assignments(assignments: readonly Assignment[]): void {
    for (const assignment of assignments) {
      this.#unlessStar(assignment.value);
      if (this.#variables.has(assignment.name)) {
        this.#fail(assignment, 'SQL_SYNTAX', `@${assignment.name} is assigned twice; a variable keeps its value.`);
      }
      if (assignment.name.length > VARIABLE_CHARACTERS_MAX) {
        this.#fail(assignment, 'SQL_SYNTAX', `A variable's name has at most ${VARIABLE_CHARACTERS_MAX} characters.`);
      }
      this.#variables.add(assignment.name);
      if (this.#variables.size === VARIABLES_MAX + 1) {
        this.#fail(assignment, 'SQL_SYNTAX', `A statement has at most ${VARIABLES_MAX} variables.`);
      }
    }
  }

  #select(select: Select): void {
    if (select.kind === 'single') {
      if (select.expression.kind !== 'star') this.expression(select.expression);
      return;
    }
    for (const item of select.items) {
      if (item.kind === 'spread') {
        this.#later(item, "'.*'");
        this.expression(item.object);
      } else if (item.kind === 'value' && item.expression.kind !== 'star') {
        this.expression(item.expression);
      }
    }
  }

  expression(expression: Expression): void {
    switch (expression.kind) {
      case 'literal':
      case 'name':
        return;
      case 'star':
        this.#fail(
          expression,
          'SQL_SYNTAX',
          "'*' stands in the SELECT list, in object literals and in a few functions, such as encode(), only.",
        );
        return;
      case 'variable':
        if (!this.#variables.has(expression.name)) {
          const known = nearest(expression.name, [...this.#variables]);
          const hint = known === null ? '' : ` Did you mean @${known}?`;
          this.#fail(expression, 'SQL_SYNTAX', `No SET before this assigns @${expression.name}.${hint}`);
        }
        return;
      case 'member':
        this.expression(expression.object);
        return;
      case 'index':
        this.#later(expression.index, 'An index in brackets', 'get(array, index)');
        this.expression(expression.object);
        this.expression(expression.index);
        return;
      case 'unary':
        this.expression(expression.operand);
        return;
      case 'binary':
        this.expression(expression.left);
        this.expression(expression.right);
        return;
      case 'case':
        this.#case(expression);
        return;
      case 'call':
        this.#call(expression);
        return;
      case 'cast':
        this.#cast(expression);
        return;
      case 'array':
        this.#later(expression, 'An array literal');
        for (const item of expression.items) this.#unlessStar(item);
        return;
      case 'object':
        this.#later(expression, 'An object literal');
        for (const member of expression.members) this.#unlessStar(member.value);
        return;
      case 'nested':
        this.#nested(expression);
        return;
      case 'exists':
        this.#nested(expression.query);
        return;
    }
  }

  #unlessStar(expression: Expression): void {
    if (expression.kind !== 'star') this.expression(expression);
  }

  #case(expression: Extract<Expression, { kind: 'case' }>): void {
    this.expression(expression.subject);
    for (const branch of expression.branches) {
      this.expression(branch.when);
      this.expression(branch.result);
    }
    if (expression.otherwise !== null) this.expression(expression.otherwise);
  }

  #nested(query: NestedQuery): void {
    this.#later(query, 'A nested SELECT');
    this.expression(query.source);
    this.#select(query.select);
    if (query.where !== null) this.expression(query.where);
  }

  #cast(expression: Extract<Expression, { kind: 'cast' }>): void {
    this.expression(expression.operand);
    const type = findCastType(expression.type);
    if (type === undefined) {
      this.#fail(expression.typeSpan, 'SQL_SYNTAX', `There is no type '${expression.type}' to cast to.`);
    } else if (type.since !== '2015-10-08') {
      this.#later(expression.typeSpan, `cast(… AS ${expression.type})`);
    }
  }

  #call(call: Extract<Expression, { kind: 'call' }>): void {
    const spec = functionNamed(call.name);
    if (spec === undefined) {
      this.#unknown(call.name, call.nameSpan);
      for (const parameter of call.parameters) this.#unlessStar(parameter);
      return;
    }
    if (spec.since !== '2015-10-08') this.#later(call.nameSpan, `${spec.name}()`);
    this.#calls.check(spec, call);
    for (const [i, parameter] of call.parameters.entries()) {
      if (parameter.kind === 'star' && takesPayload(spec, call, i)) continue;
      if (spec.name === 'get_or_default' && i > 0) this.#calls.inDefault(() => this.expression(parameter));
      else this.expression(parameter);
    }
  }

  #unknown(name: string, span: Span): void {
    const known = nearest(
      name,
      functions.map((spec) => spec.name),
    );
    const guess = known === null ? 'See the list of functions.' : `Did you mean ${known}()?`;
    const hint = insteadOfFunction(name) ?? guess;
    this.#fail(span, 'SQL_FUNCTION_UNKNOWN', `There is no function '${name}'. ${hint}`);
  }

  /** For what 2015-10-08 does not have. */
  #later(span: Span, what: string, instead = "awsIotSqlVersion '2016-03-23'"): void {
    if (!this.#options.isFirstVersion) return;
    this.#fail(
      span,
      'SQL_VERSION',
      `${what} is not available in 2015-10-08, the version of this rule; use ${instead}.`,
    );
  }

  #fail(span: Span, code: ErrorCode, message: string): void {
    this.findings.push(findingAt(this.#source, span, code, 'error', message));
  }

  #warn(span: Span, code: ErrorCode, message: string): void {
    this.findings.push(findingAt(this.#source, span, code, 'warning', message));
  }
}

/** A function may take `*` at one place only when it has all its parameters; what is missing is reported by itself. */
function takesPayload(spec: FunctionSpec, call: Extract<Expression, { kind: 'call' }>, i: number): boolean {
  if (isProtoCall(call)) return i === 0;
  return (paramsOf(spec.params, call.parameters.length) ?? spec.params)[i]?.takesPayload === true;
}
