/** What every expression of a statement can be, from its leaves up; looked up by node afterwards. */
import { isArray, memberOf } from '../../object.ts';
import type { Assignment, Expression, NestedQuery, Select, Statement } from '../ast.ts';
import { callResult, castResult } from './function-results.ts';
import { binaryResult, inItemsResult, unaryResult } from './operator-results.ts';
import { anything, constantOf, either, kinds, ofKinds, ofValues, onlyUndefined, type Possible } from './possible.ts';
import { ofShape, type Shape } from './shape.ts';
import { subjectOf } from './subject.ts';
import { topicLevel } from './topic-level.ts';

/** What is taken for granted, beyond the statement itself. */
export interface Assumptions {
  readonly version: string;
  /** Of the payloads that come. */
  readonly shape?: Shape | null;
  /** Topics match it: nothing comes by Basic Ingest. */
  readonly topicFilter?: string | null;
  /** An expression that is known to have this value. Its key as `subjectOf` gives it. */
  readonly known?: { readonly subject: string; readonly scope: NameScope; readonly possible: Possible };
}

/** Where names are looked up. One object per query, so that equal scopes are the same object. */
export interface NameScope {
  readonly element: Possible;
  readonly aliases: ReadonlyMap<string, Possible>;
}

export class Inference {
  readonly #assumptions: Assumptions;
  readonly #variables = new Map<string, Possible>();
  readonly #found = new Map<Expression, Possible>();
  readonly #scopes = new Map<Expression, NameScope>();
  readonly #root: NameScope;

  constructor(assumptions: Assumptions) {
    this.#assumptions = assumptions;
    const { shape } = assumptions;
    this.#root = { element: shape ? ofShape(shape) : anything, aliases: new Map() };
  }

  statement(statement: Statement): this {
    this.assignments(statement.assignments);
    this.#select(statement.select, this.#root);
    if (statement.where !== null) this.expression(statement.where);
    return this;
  }

  assignments(assignments: readonly Assignment[]): void {
    for (const { name, value } of assignments) this.#variables.set(name, this.expression(value));
  }

  expression(expression: Expression): Possible {
    return this.#infer(expression, this.#root);
  }

  /** Of an expression that was walked over. */
  at(expression: Expression): Possible {
    return this.#found.get(expression) ?? anything;
  }

  /** `left = right`. */
  compare(left: Expression, right: Expression): Possible {
    return binaryResult('=', this.at(left), this.at(right));
  }

  /** Where the names in `expression` are looked up. */
  scopeOf(expression: Expression): NameScope {
    return this.#scopes.get(expression) ?? this.#root;
  }

  /** What `expression` would be if `subject` beside it were `possible`. */
  assuming(expression: Expression, subject: string, possible: Possible): Possible {
    const scope = this.#scopes.get(expression) ?? this.#root;
    const other = new Inference({ ...this.#assumptions, known: { subject, scope, possible } });
    for (const [name, value] of this.#variables) other.#variables.set(name, value);
    return other.#infer(expression, scope);
  }

  #infer(expression: Expression, scope: NameScope): Possible {
    const { known } = this.#assumptions;
    const inferred = this.#derive(expression, scope);
    const isKnown = known !== undefined && known.scope === scope && subjectOf(expression) === known.subject;
    const possible = isKnown ? known.possible : inferred;
    this.#found.set(expression, possible);
    this.#scopes.set(expression, scope);
    return possible;
  }

  #derive(expression: Expression, scope: NameScope): Possible {
    switch (expression.kind) {
      case 'literal':
        return ofValues([expression.value]);
      case 'name':
        return scope.aliases.get(expression.name) ?? member(scope.element, expression.name);
      case 'variable':
        return this.#variables.get(expression.name) ?? anything;
      case 'star':
        return scope.element;
      case 'member':
        return member(this.#infer(expression.object, scope), expression.name);
      case 'index': {
        const object = this.#infer(expression.object, scope);
        return element(object, this.#infer(expression.index, scope));
      }
      case 'unary':
        return unaryResult(expression.operator, this.#infer(expression.operand, scope));
      case 'binary':
        return this.#binary(expression, scope);
      case 'case':
        return this.#case(expression, scope);
      case 'call':
        return this.#call(expression, scope);
      case 'cast':
        return castResult(expression.type, this.#infer(expression.operand, scope));
      case 'array': {
        const items = expression.items.map((item) => constantOf(this.#infer(item, scope)));
        const values = items.flatMap((item) => (item === null ? [] : [item.value]));
        return values.length === items.length ? ofValues([values]) : ofKinds(kinds.array);
      }
      case 'object':
        for (const { value } of expression.members) this.#infer(value, scope);
        return ofKinds(kinds.object);
      case 'nested':
        return this.#nested(expression, scope);
      case 'exists': {
        this.#nested(expression.query, scope);
        const isThere = (this.at(expression.query.source).kinds & (kinds.array | kinds.object)) !== 0;
        return isThere ? ofKinds(kinds.true | kinds.false) : ofValues([false]);
      }
    }
  }

  #binary(expression: Extract<Expression, { kind: 'binary' }>, scope: NameScope): Possible {
    const left = this.#infer(expression.left, scope);
    const right = this.#infer(expression.right, scope);
    if (expression.operator === 'IN' && expression.right.kind === 'array' && right.values === null) {
      const items = expression.right.items.map((item) => this.at(item));
      return inItemsResult(left, items);
    }
    return binaryResult(expression.operator, left, right);
  }

  #case(expression: Extract<Expression, { kind: 'case' }>, scope: NameScope): Possible {
    const subject = this.#infer(expression.subject, scope);
    let result: Possible | null = (subject.kinds & kinds.undefined) !== 0 ? onlyUndefined : null;
    for (const branch of expression.branches) {
      const when = this.#infer(branch.when, scope);
      const value = this.#infer(branch.result, scope);
      if ((binaryResult('=', subject, when).kinds & kinds.true) === 0) continue;
      result = result === null ? value : either(result, value);
    }
    const otherwise = expression.otherwise === null ? onlyUndefined : this.#infer(expression.otherwise, scope);
    if ((subject.kinds & ~kinds.undefined) === 0) return onlyUndefined;
    return result === null ? otherwise : either(result, otherwise);
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: NameScope): Possible {
    const parameters = expression.parameters.map((parameter) =>
      parameter.kind === 'star' ? ofKinds(kinds.bytes) : this.#infer(parameter, scope),
    );
    const [first, second] = parameters;
    switch (expression.name.toLowerCase()) {
      case 'sql_version':
        return parameters.length === 0 ? ofValues([this.#assumptions.version]) : onlyUndefined;
      case 'topic':
        if (typeof this.#assumptions.topicFilter !== 'string' || parameters.length > 1) break;
        return topicLevel(this.#assumptions.topicFilter, first) ?? callResult(expression.name, parameters);
      case 'get':
        if (first === undefined || second === undefined || parameters.length > 2) break;
        return element(first, second);
    }
    return callResult(expression.name, parameters);
  }

  #select(select: Select, scope: NameScope): Possible {
    if (select.kind === 'single') return this.#infer(select.expression, scope);
    for (const item of select.items) {
      if (item.kind === 'spread') this.#infer(item.object, scope);
      if (item.kind === 'value') this.#infer(item.expression, scope);
    }
    const isWhole = select.items.length === 1 && select.items[0]?.kind === 'all';
    return isWhole ? scope.element : ofKinds(kinds.object);
  }

  #nested(query: NestedQuery, scope: NameScope): Possible {
    const source = this.#infer(query.source, scope);
    const element = elementsOf(source);
    const aliases = query.alias === null ? scope.aliases : new Map([...scope.aliases, [query.alias, element]]);
    const inner: NameScope = { element, aliases };
    const selected = this.#select(query.select, inner);
    if (query.where !== null) this.#infer(query.where, inner);
    let result = ofKinds((source.kinds & kinds.array) === 0 ? 0 : kinds.array);
    if ((source.kinds & kinds.object) !== 0) result = either(result, { ...selected, values: null });
    return ofKinds(result.kinds | kinds.undefined);
  }
}

function member(object: Possible, name: string): Possible {
  if ((object.kinds & kinds.object) === 0) return onlyUndefined;
  const constant = constantOf(object);
  if (constant !== null) return ofValues([memberOf(constant.value, name)]);
  const shape = object.shape?.members.get(name);
  return shape === undefined ? anything : ofShape(shape);
}

/** `container[key]`, `get(container, key)`. */
function element(container: Possible, key: Possible): Possible {
  const name = constantOf(key)?.value;
  if (typeof name === 'string' && (container.kinds & ~kinds.undefined) === kinds.object) return member(container, name);
  const shape = container.shape?.element ?? null;
  const isArrayAlone = (container.kinds & ~(kinds.undefined | kinds.null)) === kinds.array;
  if (typeof name === 'number' && isArrayAlone && shape !== null) return ofShape(shape);
  return callResult('get', [container, key]);
}

/** What names in a nested SELECT are looked up in. */
function elementsOf(source: Possible): Possible {
  const array = constantOf(source)?.value;
  if (isArray(array ?? null)) return anything;
  if ((source.kinds & ~(kinds.undefined | kinds.null)) === kinds.array) {
    const shape = source.shape?.element ?? null;
    return shape === null ? anything : ofShape(shape);
  }
  return (source.kinds & kinds.array) === 0 ? source : anything;
}
