/** Recursive descent over the grammar of AWS IoT SQL: expressions, and the SELECT clauses that they contain. */
import { parseNumber } from '../../decimal.ts';
import type { BinaryOperator, Expression, NestedQuery, Select, SelectItem } from './ast.ts';
import type { Token } from './lexer.ts';
import type { Source, Span } from './source.ts';
import { reservedWords, type TokenReader } from './token-reader.ts';

/** Operands in a row, `a + b + c …`; each is one more level of the tree. */
const OPERANDS_MAX = 1_000;

const comparisons: Readonly<Record<string, BinaryOperator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

export class ExpressionParser {
  readonly #source: Source;
  readonly #tokens: TokenReader;
  readonly #keepsForm: boolean;
  /** Commas before FROM that were read over. */
  readonly looseCommas: Span[] = [];

  constructor(source: Source, tokens: TokenReader, keepsForm: boolean) {
    this.#source = source;
    this.#tokens = tokens;
    this.#keepsForm = keepsForm;
  }

  /** select = "SELECT" ( "VALUE" expression [ "AS" alias ] | item { "," item } ) */
  select(): Select {
    const { start } = this.#tokens.next();
    if (this.#tokens.isWord('VALUE') && !this.#tokens.isValueField()) {
      this.#tokens.next();
      const expression = this.starOrExpression();
      // A value has no key; AWS's grammar lets one be named all the same.
      if (this.#tokens.skipWord('AS')) this.#alias();
      return { kind: 'single', expression, start, end: this.#tokens.lastEnd };
    }
    const items = [this.#item()];
    while (this.#tokens.isMark(',')) {
      const comma = this.#tokens.next();
      // AWS's DynamoDB tutorial has a comma before FROM.
      if (this.#tokens.isWord('FROM') && !this.#tokens.isFieldNamedByWord()) {
        this.looseCommas.push(comma);
        break;
      }
      items.push(this.#item());
    }
    return { kind: 'items', items, start, end: this.#tokens.lastEnd };
  }

  /** item = "*" [ "AS" alias ] | expression ".*" | expression [ "AS" alias ] */
  #item(): SelectItem {
    const { start } = this.#tokens.peek();
    const expression = this.starOrExpression();
    if (this.#tokens.skipMark('.')) {
      this.#tokens.expectMark('*');
      return { kind: 'spread', object: expression, start, end: this.#tokens.lastEnd };
    }
    const end = this.#tokens.lastEnd;
    if (this.#tokens.skipWord('AS')) {
      return { kind: 'value', expression, key: this.#alias(), start, end: this.#tokens.lastEnd };
    }
    if (expression.kind === 'star') return { kind: 'all', start, end };
    return {
      kind: 'value',
      expression,
      key: [defaultKey(expression, (part) => this.#source.text.slice(part.start, part.end))],
      start,
      end,
    };
  }

  /** alias = name { "." name } */
  #alias(): string[] {
    const token = this.#tokens.peek();
    const following = this.#tokens.peek(1);
    const isKeyword = (token.word === 'FROM' || token.word === 'WHERE') && following.kind === 'string';
    if (isKeyword || token.kind !== 'name') throw this.#tokens.unexpected('a name after AS');
    const path = [this.#tokens.next().text];
    while (this.#tokens.skipMark('.')) path.push(this.#tokens.name());
    return path;
  }

  starOrExpression(): Expression {
    if (!this.#tokens.isMark('*')) return this.expression();
    const { start, end } = this.#tokens.next();
    return { kind: 'star', start, end };
  }

  /** expression = and { "OR" and } */
  expression(): Expression {
    return this.#tokens.nested(() =>
      this.#chain(
        () => this.#and(),
        () => (this.#tokens.skipWord('OR') ? 'OR' : null),
      ),
    );
  }

  /** and = not { "AND" not } */
  #and(): Expression {
    return this.#chain(
      () => this.#not(),
      () => (this.#tokens.skipWord('AND') ? 'AND' : null),
    );
  }

  /** not = "NOT" not | comparison */
  #not(): Expression {
    if (!this.#tokens.isWord('NOT') || this.#tokens.isFieldNamedByWord()) return this.#comparison();
    const { start } = this.#tokens.next();
    const operand = this.#tokens.nested(() => this.#not());
    return { kind: 'unary', operator: 'NOT', operand, start, end: this.#tokens.lastEnd };
  }

  /** comparison = sum [ ( "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "IN" ) sum ] */
  #comparison(): Expression {
    // Not the span of the operands, which leaves out their parentheses.
    const { start } = this.#tokens.peek();
    const left = this.#sum();
    const operator = this.#tokens.skipWord('IN') ? 'IN' : this.#tokens.skipOperator(comparisons);
    if (operator === null) return left;
    const right = this.#sum();
    return { kind: 'binary', operator, left, right, start, end: this.#tokens.lastEnd };
  }

  /** sum = product { ( "+" | "-" ) product } */
  #sum(): Expression {
    return this.#chain(
      () => this.#product(),
      () => this.#tokens.skipOperator({ '+': '+', '-': '-' }),
    );
  }

  /** product = unary { ( "*" | "/" | "%" ) unary } */
  #product(): Expression {
    return this.#chain(
      () => this.#unary(),
      () => this.#tokens.skipOperator({ '*': '*', '/': '/', '%': '%' }),
    );
  }

  /** unary = "-" unary | postfix */
  #unary(): Expression {
    if (!this.#tokens.isMark('-')) return this.#postfix();
    const { start } = this.#tokens.next();
    const operand = this.#tokens.nested(() => this.#unary());
    return { kind: 'unary', operator: '-', operand, start, end: this.#tokens.lastEnd };
  }

  /** postfix = primary { "." name | "[" expression "]" } */
  #postfix(): Expression {
    const { start } = this.#tokens.peek();
    let object = this.#primary();
    for (let count = 0; count < OPERANDS_MAX; count++) {
      if (this.#tokens.isMark('[')) {
        this.#tokens.next();
        const index = this.expression();
        this.#tokens.expectMark(']');
        object = { kind: 'index', object, index, start, end: this.#tokens.lastEnd };
      } else if (this.#tokens.isMark('.') && this.#tokens.peek(1).text !== '*') {
        this.#tokens.next();
        object = { kind: 'member', object, name: this.#tokens.name(), start, end: this.#tokens.lastEnd };
      } else {
        return object;
      }
    }
    throw this.#tokens.error(this.#tokens.peek(), `A path has more than ${OPERANDS_MAX} segments.`);
  }

  /** primary = number | string | "TRUE" | "FALSE" | "NULL" | variable | "(" … ")" | "[" … "]" | "{" … "}" | worded */
  #primary(): Expression {
    const token = this.#tokens.peek();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
        this.#tokens.next();
        return { kind: 'literal', value: parseNumber(token.text, this.#keepsForm), start, end };
      case 'string':
        this.#tokens.next();
        return { kind: 'literal', value: token.text, start, end };
      case 'variable':
        this.#tokens.next();
        return { kind: 'variable', name: token.text, start, end };
      case 'name':
        return this.#worded(token);
      case 'mark':
        if (token.text === '(') return this.#parenthesized();
        if (token.text === '[') return this.#array();
        if (token.text === '{') return this.#object();
        throw this.#tokens.unexpected('a value');
      case 'bad':
      case 'end':
        throw this.#tokens.unexpected('a value');
    }
  }

  /** worded = case | "EXISTS" nested | cast | call | name */
  #worded(token: Token): Expression {
    const { start, end } = token;
    const opens = this.#tokens.peek(1).kind === 'mark' && this.#tokens.peek(1).text === '(';
    if (token.word === 'TRUE' || token.word === 'FALSE' || token.word === 'NULL') {
      this.#tokens.next();
      return { kind: 'literal', value: token.word === 'NULL' ? null : token.word === 'TRUE', start, end };
    }
    if (token.word === 'CAST' && opens) return this.#cast();
    if (reservedWords.has(token.word) && !this.#tokens.isFieldNamedByWord()) {
      if (token.word === 'CASE') return this.#case();
      if (token.word === 'EXISTS' && opens) return this.#exists();
      if (token.word !== 'SET' && token.word !== 'VALUE') throw this.#tokens.unexpected('a value');
    }
    if (opens && !reservedWords.has(token.word)) return this.#call();
    this.#tokens.next();
    return { kind: 'name', name: token.text, start, end };
  }

  /** nested = "(" select "FROM" postfix [ "AS" name ] [ "WHERE" expression ] ")", or "(" expression ")" */
  #parenthesized(): Expression {
    const { start } = this.#tokens.next();
    if (this.#tokens.isWord('SELECT') && !this.#tokens.isFieldNamedByWord())
      return this.#tokens.nested(() => this.#nested(start));
    const expression = this.expression();
    this.#tokens.expectMark(')');
    return expression;
  }

  #nested(start: number): NestedQuery {
    const select = this.select();
    if (!this.#tokens.skipWord('FROM')) throw this.#tokens.unexpected("',' or FROM");
    const source = this.#postfix();
    const alias = this.#tokens.skipWord('AS') ? this.#tokens.name() : null;
    const where = this.#tokens.skipWord('WHERE') ? this.expression() : null;
    this.#tokens.expectMark(')');
    return { kind: 'nested', select, source, alias, where, start, end: this.#tokens.lastEnd };
  }

  #exists(): Expression {
    const { start } = this.#tokens.next();
    const open = this.#tokens.next();
    if (!this.#tokens.isWord('SELECT')) throw this.#tokens.unexpected('SELECT');
    const query = this.#tokens.nested(() => this.#nested(open.start));
    return { kind: 'exists', query, start, end: query.end };
  }

  /** array = "[" [ expression { "," expression } ] "]" */
  #array(): Expression {
    const { start } = this.#tokens.next();
    const items = this.#tokens.list(']', () => this.starOrExpression());
    return { kind: 'array', items, start, end: this.#tokens.lastEnd };
  }

  /** object = "{" [ string ":" expression { "," string ":" expression } ] "}" */
  #object(): Expression {
    const { start } = this.#tokens.next();
    const members = this.#tokens.list('}', () => {
      const key = this.#tokens.peek();
      if (key.kind !== 'string') throw this.#tokens.unexpected('a key in quotes');
      this.#tokens.next();
      this.#tokens.expectMark(':');
      return { key: key.text, value: this.starOrExpression() };
    });
    return { kind: 'object', members, start, end: this.#tokens.lastEnd };
  }

  /** case = "CASE" expression "WHEN" expression "THEN" expression { "WHEN" … } [ "ELSE" expression ] "END" */
  #case(): Expression {
    const { start } = this.#tokens.next();
    const subject = this.expression();
    const branches: { when: Expression; result: Expression }[] = [];
    while (this.#tokens.skipWord('WHEN')) {
      const when = this.expression();
      if (!this.#tokens.skipWord('THEN')) throw this.#tokens.unexpected('THEN');
      branches.push({ when, result: this.expression() });
    }
    if (branches.length === 0) throw this.#tokens.unexpected('WHEN');
    const otherwise = this.#tokens.skipWord('ELSE') ? this.expression() : null;
    if (!this.#tokens.skipWord('END')) throw this.#tokens.unexpected(otherwise === null ? 'WHEN, ELSE or END' : 'END');
    return { kind: 'case', subject, branches, otherwise, start, end: this.#tokens.lastEnd };
  }

  /** cast = "CAST" "(" expression "AS" type ")" */
  #cast(): Expression {
    const { start } = this.#tokens.next();
    this.#tokens.next();
    const operand = this.expression();
    if (!this.#tokens.skipWord('AS')) throw this.#tokens.unexpected('AS and a type');
    const typeSpan = this.#tokens.peek();
    const type = this.#tokens.name();
    this.#tokens.expectMark(')');
    return { kind: 'cast', operand, type, typeSpan, start, end: this.#tokens.lastEnd };
  }

  /** call = name "(" [ argument { "," argument } ] ")"; argument = "*" | expression */
  #call(): Expression {
    const nameSpan = this.#tokens.next();
    this.#tokens.next();
    const parameters = this.#tokens.list(')', () => this.starOrExpression());
    return {
      kind: 'call',
      name: nameSpan.text,
      nameSpan,
      parameters,
      start: nameSpan.start,
      end: this.#tokens.lastEnd,
    };
  }

  /** Left-associative operators of one precedence. */
  #chain(operand: () => Expression, skipOperator: () => BinaryOperator | null): Expression {
    const { start } = this.#tokens.peek();
    let left = operand();
    for (let count = 0; count < OPERANDS_MAX; count++) {
      const operator = skipOperator();
      if (operator === null) return left;
      const right = operand();
      left = { kind: 'binary', operator, left, right, start, end: this.#tokens.lastEnd };
    }
    throw this.#tokens.error(this.#tokens.peek(), `More than ${OPERANDS_MAX} operands in a row.`);
  }
}

/** The key of an item without AS: the last name of a path, the name of a function, else the text of the expression. */
export function defaultKey(expression: Expression, textOf: (expression: Expression) => string): string {
  return nameOf(expression) ?? textOf(expression);
}

function nameOf(expression: Expression): string | null {
  let named = expression;
  while (named.kind === 'index') named = named.object;
  switch (named.kind) {
    case 'name':
    case 'variable':
    case 'member':
    case 'call':
      return named.name;
    case 'cast':
      return 'cast';
    default:
      return null;
  }
}
