/** Expressions as closures: the tree is walked once, when a rule is loaded, and never per message. */
import { negate } from '../arithmetic.ts';
import { equals } from '../compare.ts';
import { booleanOf, numericOf } from '../convert.ts';
import { castFunction, elementOf } from '../functions/conversion.ts';
import { functionNamed } from '../functions/index.ts';
import { dynamic, type FunctionSpec, parameterCountMax, parameterCountMin } from '../functions/spec.ts';
import { isArray, isObject, type MutableObject, memberOf, setMember } from '../object.ts';
import type { Value } from '../value.ts';
import type { Expression, NestedQuery } from './ast.ts';
import { type Compiled, constant, type Evaluate, type Frame, newFrame } from './frame.ts';
import { not, operators } from './operators.ts';
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
    case 'member': {
      const { name } = expression;
      return combine([compileExpression(expression.object, scope)], ([object]) => memberOf(object, name));
    }
    case 'index':
      return combine(
        [compileExpression(expression.object, scope), compileExpression(expression.index, scope)],
        ([object, index]) => elementOf(object, index),
      );
    case 'unary': {
      const operand = compileExpression(expression.operand, scope);
      return combine([operand], expression.operator === 'NOT' ? ([value]) => not(value) : ([value]) => minus(value));
    }
    case 'binary': {
      const operate = operators[expression.operator];
      const left = compileExpression(expression.left, scope);
      const right = compileExpression(expression.right, scope);
      const evaluate: Evaluate = (frame) => operate(left.evaluate(frame), right.evaluate(frame));
      return folded(evaluate, left.isConstant && right.isConstant);
    }
    case 'case':
      return compileCase(expression, scope);
    case 'call':
      return compileCall(expression, scope);
    case 'cast':
      return callOf(castFunction, [compileExpression(expression.operand, scope), constant(expression.type)]);
    case 'array': {
      const items = expression.items.map((item) => compileExpression(item, scope));
      return combine(items, (values) => values);
    }
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

function combine(parts: readonly Compiled[], apply: (values: readonly Value[]) => Value): Compiled {
  const isConstant = parts.every((part) => part.isConstant);
  const [first, second] = parts;
  if (first !== undefined && parts.length === 1) return folded((frame) => apply([first.evaluate(frame)]), isConstant);
  if (first !== undefined && second !== undefined && parts.length === 2) {
    return folded((frame) => apply([first.evaluate(frame), second.evaluate(frame)]), isConstant);
  }
  return folded((frame) => apply(parts.map((part) => part.evaluate(frame))), isConstant);
}

/** An alias of a query around here, or a member of the element. */
function compileName(name: string, scope: Scope): Compiled {
  const slot = scope.alias(name);
  if (slot !== undefined) return reading(({ slots }) => slots[slot]);
  scope.readsDocument = true;
  return reading(({ element }) => memberOf(element, name));
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
  const parameters = node.parameters.map((parameter) =>
    parameter.kind === 'star' ? reading(({ context }) => context.payload) : compileExpression(parameter, scope),
  );
  const isCallable =
    spec !== undefined && parameters.length >= parameterCountMin(spec) && parameters.length <= parameterCountMax(spec);
  return isCallable ? callOf(spec, parameters) : constant(undefined);
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
  return folded(
    (frame) =>
      call(
        parameters.map((parameter) => parameter.evaluate(frame)),
        frame.context,
      ),
    isConstant,
  );
}

function preparedOf(spec: FunctionSpec, parameters: readonly Compiled[]): FunctionSpec['evaluate'] {
  const frame = newFrame(0);
  const known = parameters.map((parameter) => (parameter.isConstant ? parameter.evaluate(frame) : dynamic));
  return spec.prepare?.(known) ?? spec.evaluate;
}

function compileObject(expression: Extract<Expression, { kind: 'object' }>, scope: Scope): Compiled {
  const members = expression.members.map(({ key, value }) => ({ key, value: compileExpression(value, scope) }));
  return combine(
    members.map((member) => member.value),
    (values) => {
      const object: MutableObject = {};
      for (const [i, { key }] of members.entries()) {
        if (values[i] !== undefined) setMember(object, key, values[i]);
      }
      return object;
    },
  );
}

/** Over an Array: an Array of results; over an Object: its one result; over anything else: Undefined. */
function compileNested(query: NestedQuery, scope: Scope): Compiled {
  const { source, where, select } = compileParts(query, scope);
  return reading((frame) => {
    const from = source(frame);
    const outer = frame.element;
    const pick = (element: Value): Value => (where(frame, element) ? select(frame) : undefined);
    let result: Value;
    if (isArray(from)) result = from.map(pick).filter((value) => value !== undefined);
    else result = isObject(from) ? pick(from) : undefined;
    frame.element = outer;
    return result;
  });
}

/** Whether any element passes WHERE, whatever is selected of it. */
function compileExists(query: NestedQuery, scope: Scope): Compiled {
  const { source, where } = compileParts(query, scope);
  return reading((frame) => {
    const from = source(frame);
    const outer = frame.element;
    const exists = isArray(from) ? from.some((element) => where(frame, element)) : isObject(from) && where(frame, from);
    frame.element = outer;
    return exists;
  });
}

interface QueryParts {
  readonly source: Evaluate;
  /** Makes `element` the one that names are looked up in, and tells whether it passes. */
  readonly where: (frame: Frame, element: Value) => boolean;
  readonly select: Evaluate;
}

function compileParts(query: NestedQuery, scope: Scope): QueryParts {
  const source = compileExpression(query.source, scope).evaluate;
  return scope.withAlias(query.alias, (slot) => {
    const select = compileSelect(query.select, scope, compileExpression);
    const passes = query.where === null ? null : compileCondition(query.where, scope);
    const where = (frame: Frame, element: Value): boolean => {
      frame.element = element;
      frame.slots[slot] = element;
      return passes === null || passes(frame);
    };
    return { source, where, select };
  });
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
