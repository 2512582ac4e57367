/** Expressions as closures: the tree is walked once, when a rule is loaded, and never per message. */
import { negate } from '../arithmetic.ts';
import { equals } from '../compare.ts';
import { booleanOf, numericOf } from '../convert.ts';
import { castFunction, elementOf } from '../functions/conversion.ts';
import { functionNamed } from '../functions/index.ts';
import { dynamic, type FunctionSpec, parameterCountMax, parameterCountMin } from '../functions/spec.ts';
import { isArray, isObject, isOrdinary, memberOf, ordinaryMemberOf } from '../object.ts';
import type { Value } from '../value.ts';
import { askTogether } from './ask-together.ts';
import type { Expression, NestedQuery } from './ast.ts';
import { type Compiled, constant, type Evaluate, type Frame, newFrame } from './frame.ts';
import { failureToDefault } from './get-or-default.ts';
import { canGrow, countElements, countResult } from './growth-limit.ts';
import { objectBuilder } from './object-builder.ts';
import { not, type Operate, operators } from './operators.ts';
import { compileProtoCall, isProtoCall } from './proto-call.ts';
import type { Scope } from './scope.ts';
import { compileSelect, payloadOf } from './select.ts';

/** `expression` has passed the checker. */
export function compileExpression(expression: Expression, scope: Scope): Compiled {
  switch (expression.kind) {
    case 'literal':
      return constant(expression.value);
    case 'name':
      return compileName(expression.name, scope);
    case 'variable': {
      const slot = scope.variable(expression.name) ?? -1;
      return reading(({ slots }) => slots[slot]);
    }
    case 'star':
      scope.readsDocument = true;
      return reading(payloadOf);
    case 'member':
      return compileMember(expression, scope);
    case 'index':
      return binary(compileExpression(expression.object, scope), compileExpression(expression.index, scope), elementOf);
    case 'unary':
      return unary(compileExpression(expression.operand, scope), expression.operator === 'NOT' ? not : minus);
    case 'binary':
      return binary(
        compileExpression(expression.left, scope),
        compileExpression(expression.right, scope),
        operators[expression.operator],
      );
    case 'case':
      return compileCase(expression, scope);
    case 'call':
      return compileCall(expression, scope);
    case 'cast':
      return callOf(castFunction, [compileExpression(expression.operand, scope), constant(expression.type)]);
    case 'array':
      return compileArray(expression, scope);
    case 'object':
      return compileObject(expression, scope);
    case 'nested':
      return compileNested(expression, scope);
    case 'exists':
      return compileExists(expression.query, scope);
  }
}

function reading(evaluate: Evaluate): Compiled {
  return { evaluate, isConstant: false };
}

/** Evaluated at once when nothing in it depends on a message. */
function folded(evaluate: Evaluate, isConstant: boolean): Compiled {
  return isConstant ? constant(evaluate(newFrame(0))) : { evaluate, isConstant };
}

function unary({ evaluate, isConstant }: Compiled, apply: (value: Value) => Value): Compiled {
  return folded((frame) => apply(evaluate(frame)), isConstant);
}

function binary(left: Compiled, right: Compiled, operate: Operate): Compiled {
  const { evaluate } = left;
  const { evaluate: evaluateRight, isConstant } = right;
  if (left.isConstant && isConstant) return folded((frame) => operate(evaluate(frame), evaluateRight(frame)), true);
  if (!isConstant) return reading((frame) => operate(evaluate(frame), evaluateRight(frame)));
  const value = evaluateRight(newFrame(0));
  return reading((frame) => operate(evaluate(frame), value));
}

/** An alias of a query around here, or a member of the element. */
function compileName(name: string, scope: Scope): Compiled {
  const slot = scope.alias(name);
  if (slot !== undefined) return reading(({ slots }) => slots[slot]);
  scope.readsDocument = true;
  return isOrdinary(name)
    ? reading(({ element }) => ordinaryMemberOf(element, name))
    : reading(({ element }) => memberOf(element, name));
}

function compileMember({ object, name }: Extract<Expression, { kind: 'member' }>, scope: Scope): Compiled {
  const { evaluate, isConstant } = compileExpression(object, scope);
  return isOrdinary(name)
    ? folded((frame) => ordinaryMemberOf(evaluate(frame), name), isConstant)
    : folded((frame) => memberOf(evaluate(frame), name), isConstant);
}

function minus(value: Value): Value {
  const number = numericOf(value);
  return number === undefined ? undefined : negate(number);
}

/** The first branch that equals the subject, without coercion. An Undefined subject makes all of it Undefined. */
function compileCase(expression: Extract<Expression, { kind: 'case' }>, scope: Scope): Compiled {
  const subject = compileExpression(expression.subject, scope);
  const branches = expression.branches.map((branch) => ({
    when: compileExpression(branch.when, scope).evaluate,
    result: compileExpression(branch.result, scope).evaluate,
  }));
  const otherwise =
    expression.otherwise === null ? constant(undefined) : compileExpression(expression.otherwise, scope);
  return reading((frame) => {
    const value = subject.evaluate(frame);
    if (value === undefined) return undefined;
    for (const branch of branches) {
      if (equals(value, branch.when(frame)) === true) return branch.result(frame);
    }
    return otherwise.evaluate(frame);
  });
}

function compileCall(node: Extract<Expression, { kind: 'call' }>, scope: Scope): Compiled {
  const spec = functionNamed(node.name);
  const failingBefore = scope.failingCalls;
  const parameters = node.parameters.map((parameter) =>
    parameter.kind === 'star' ? reading(({ context }) => context.payload) : compileExpression(parameter, scope),
  );
  const [first = constant(undefined), second = constant(undefined)] = parameters;
  if (isProtoCall(node)) {
    scope.failingCalls++;
    return reading(compileProtoCall(node, first.evaluate, scope.descriptors));
  }
  if (spec?.external !== undefined) {
    scope.failingCalls++;
    scope.callsExternal = true;
  }
  const isCallable =
    spec !== undefined && parameters.length >= parameterCountMin(spec) && parameters.length <= parameterCountMax(spec);
  if (!isCallable) return constant(undefined);
  if (spec.name === 'get_or_default' && scope.failingCalls > failingBefore) {
    return reading(failureToDefault(first.evaluate, second.evaluate));
  }
  return callOf(spec, parameters);
}

function callOf(spec: FunctionSpec, parameters: readonly Compiled[]): Compiled {
  const call = preparedOf(spec, parameters);
  const isConstant = spec.pure && parameters.every((parameter) => parameter.isConstant);
  const [first, second] = parameters;
  if (first !== undefined && parameters.length === 1) {
    return folded((frame) => call([first.evaluate(frame)], frame.context), isConstant);
  }
  if (first !== undefined && second !== undefined && parameters.length === 2) {
    return folded((frame) => call([first.evaluate(frame), second.evaluate(frame)], frame.context), isConstant);
  }
  const evaluates = parameters.map((parameter) => parameter.evaluate);
  return folded((frame) => call(valuesOf(evaluates, frame), frame.context), isConstant);
}

function preparedOf(spec: FunctionSpec, parameters: readonly Compiled[]): FunctionSpec['evaluate'] {
  const frame = newFrame(0);
  const known = parameters.map((parameter) => (parameter.isConstant ? parameter.evaluate(frame) : dynamic));
  return spec.prepare?.(known) ?? spec.evaluate;
}

function compileArray({ items }: Extract<Expression, { kind: 'array' }>, scope: Scope): Compiled {
  const compiled = items.map((item) => compileExpression(item, scope));
  const evaluates = compiled.map(({ evaluate }) => evaluate);
  return folded(
    (frame) => valuesOf(evaluates, frame),
    compiled.every(({ isConstant }) => isConstant),
  );
}

function valuesOf(evaluates: readonly Evaluate[], frame: Frame): Value[] {
  const values: Value[] = [];
  for (let i = 0; i < evaluates.length; i++) values.push((evaluates[i] as Evaluate)(frame));
  return values;
}

function compileObject({ members }: Extract<Expression, { kind: 'object' }>, scope: Scope): Compiled {
  const compiled = members.map(({ value }) => compileExpression(value, scope));
  const build = objectBuilder(members.map(({ key }, i) => ({ key, evaluate: (compiled[i] as Compiled).evaluate })));
  return folded(
    build,
    compiled.every(({ isConstant }) => isConstant),
  );
}

/** Over an Array: an Array of results; over an Object: its one result; over anything else: Undefined. */
function compileNested(query: NestedQuery, scope: Scope): Compiled {
  const failingBefore = scope.failingCalls;
  const parts = compileParts(query, scope);
  const evaluate = nested(parts);
  return reading(scope.failingCalls === failingBefore ? evaluate : askingOfAll(parts, evaluate));
}

/** `evaluate` once every element's questions are answered. */
function askingOfAll({ source, slot, where, select }: QueryParts, evaluate: Evaluate): Evaluate {
  return (frame) => {
    const outer = frame.element;
    const from = source(frame);
    if (isArray(from)) {
      askTogether(from.length, (i) => {
        enter(frame, from[i], slot);
        if (where === null || where(frame)) select(frame);
      });
    }
    frame.element = outer;
    return evaluate(frame);
  };
}

function nested({ source, slot, where, select }: QueryParts): Evaluate {
  return (frame) => {
    const from = source(frame);
    const outer = frame.element;
    let result: Value;
    if (isArray(from)) {
      countElements(frame, from.length);
      const isWatched = canGrow(frame);
      const values: Value[] = [];
      for (let i = 0; i < from.length; i++) {
        enter(frame, from[i], slot);
        if (where !== null && !where(frame)) continue;
        const value = select(frame);
        if (value === undefined) continue;
        if (isWatched) countResult(frame, value);
        values.push(value);
      }
      result = values;
    } else if (isObject(from)) {
      enter(frame, from, slot);
      if (where === null || where(frame)) result = select(frame);
    }
    frame.element = outer;
    return result;
  };
}

/** Whether any element passes WHERE, whatever is selected of it. */
function compileExists(query: NestedQuery, scope: Scope): Compiled {
  const { source, slot, where } = compileParts(query, scope);
  const passes = (frame: Frame, element: Value): boolean => {
    enter(frame, element, slot);
    return where === null || where(frame);
  };
  return reading((frame) => {
    const from = source(frame);
    const outer = frame.element;
    if (isArray(from)) countElements(frame, from.length);
    const exists = isArray(from)
      ? from.some((element) => passes(frame, element))
      : isObject(from) && passes(frame, from);
    frame.element = outer;
    return exists;
  });
}

/** Makes `element` the one that names are looked up in, and what the alias stands for. */
function enter(frame: Frame, element: Value, slot: number | null): void {
  frame.element = element;
  if (slot !== null) frame.slots[slot] = element;
}

interface QueryParts {
  readonly source: Evaluate;
  /** Where the alias finds the element; null: there is no alias. */
  readonly slot: number | null;
  /** Whether the element passes; null: all do. */
  readonly where: ((frame: Frame) => boolean) | null;
  readonly select: Evaluate;
}

function compileParts(query: NestedQuery, scope: Scope): QueryParts {
  const source = compileExpression(query.source, scope).evaluate;
  const parts = (slot: number | null): QueryParts => ({
    source,
    slot,
    select: compileSelect(query.select, scope, compileExpression),
    where: query.where === null ? null : compileCondition(query.where, scope),
  });
  return query.alias === null ? parts(null) : scope.withAlias(query.alias, parts);
}

/**
 * A WHERE clause: whether it is Boolean true. There, false and Undefined are the same, so what stands after an AND is left alone
 * once the answer is known.
 */
export function compileCondition(expression: Expression, scope: Scope): (frame: Frame) => boolean {
  if (expression.kind === 'binary' && expression.operator === 'AND') {
    const left = compileOperand(expression.left, scope);
    const right = compileOperand(expression.right, scope);
    return (frame) => left(frame) && right(frame);
  }
  const { evaluate } = compileExpression(expression, scope);
  return (frame) => evaluate(frame) === true;
}

/** An operand of AND in a condition: the String 'true' is as good as true. */
function compileOperand(expression: Expression, scope: Scope): (frame: Frame) => boolean {
  if (expression.kind === 'binary' && expression.operator === 'AND') return compileCondition(expression, scope);
  const { evaluate } = compileExpression(expression, scope);
  return (frame) => booleanOf(evaluate(frame)) === true;
}
