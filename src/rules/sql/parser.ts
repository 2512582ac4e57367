/** Recursive descent over the grammar of AWS IoT SQL; one method per production, with its rule. */
import { parseNumber } from '../../decimal.ts';
import type { Assignment, BinaryOperator, Expression, NestedQuery, Select, SelectItem, Statement } from './ast.ts';
import { Lexer, type Token } from './lexer.ts';
import { errorAt, type Source, type Span } from './source.ts';

/** AWS: a whole rule is at most 128 KiB. https://docs.aws.amazon.com/general/latest/gr/iot-core.html#rules-engine-limits */
const SQL_CHARACTERS_MAX = 131_072;
/** Parentheses, calls, literals within each other. Bounds the stack of parser and evaluator. */
const NESTING_MAX = 100;
/** Operands in a row, `a + b + c …`; each is one more level of the tree. */
const OPERANDS_MAX = 1_000;

/** Words that cannot begin an operand, unless what follows shows that a field of that name is meant. */
const reservedWords = new Set('SELECT FROM WHERE AS AND OR NOT IN CASE WHEN THEN ELSE END EXISTS SET VALUE'.split(' '));
const wordsAfterOperand = new Set('FROM WHERE AS AND OR IN WHEN THEN ELSE END'.split(' '));
const marksAfterOperand = new Set(', . ) ] } = <> != < <= > >= + - * / %'.split(' '));
const comparisons: Readonly<Record<string, BinaryOperator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

export class Parser {
  readonly #source: Source;
  readonly #lexer: Lexer;
  /** 2015-10-08 keeps `10.0` a Decimal. */
  readonly #keepsForm: boolean;
  readonly #looseCommas: Span[] = [];
  #nesting = 0;
  #lastEnd = 0;

  constructor(source: Source, keepsForm: boolean, start = 0) {
    this.#source = source;
    this.#keepsForm = keepsForm;
    this.#lexer = new Lexer(source.text, start);
  }

  /** statement = [ set ] select [ "FROM" filter ] [ "WHERE" expression ] */
  statement(): Statement {
    if (this.#source.text.length > SQL_CHARACTERS_MAX) {
      throw this.#error({ start: 0, end: 1 }, `SQL is longer than ${SQL_CHARACTERS_MAX} characters.`);
    }
    const setStart = this.#peek();
    const assignments = this.#isWord('SET') ? this.#set() : [];
    const set = assignments.length > 0 ? { start: setStart.start, end: setStart.end } : null;
    if (!this.#isWord('SELECT')) throw this.#unexpected(set === null ? 'SELECT' : "',' or SELECT");
    const select = this.#select();
    const topicFilter = this.#skipWord('FROM') ? this.#filter() : null;
    const where = this.#skipWord('WHERE') ? this.#expression() : null;
    if (this.#peek().kind !== 'end') {
      throw this.#unexpected(expectedAfter(select, topicFilter !== null, where !== null));
    }
    return { assignments, set, select, topicFilter, where, looseCommas: this.#looseCommas };
  }

  /** template = expression "}"; gives the offset after the brace. */
  template(): { readonly expression: Expression; readonly end: number } {
    const expression = this.#expression();
    this.#expectMark('}');
    return { expression, end: this.#lastEnd };
  }

  /** set = "SET" variable "=" value { "," variable "=" value }; value = "*" | expression */
  #set(): Assignment[] {
    this.#next();
    const assignments: Assignment[] = [];
    do {
      const token = this.#peek();
      if (token.kind !== 'variable' || token.text === '') throw this.#unexpected('a variable, @name,');
      this.#next();
      this.#expectMark('=');
      const value = this.#starOrExpression();
      assignments.push({ name: token.text, value, start: token.start, end: token.end });
    } while (this.#skipMark(','));
    return assignments;
  }

  /** select = "SELECT" ( "VALUE" expression | item { "," item } ) */
  #select(): Select {
    const { start } = this.#next();
    if (this.#isWord('VALUE') && !this.#isValueField()) {
      this.#next();
      const expression = this.#starOrExpression();
      return { kind: 'single', expression, start, end: this.#lastEnd };
    }
    const items = [this.#item()];
    while (this.#isMark(',')) {
      const comma = this.#next();
      // AWS's DynamoDB tutorial has a comma before FROM.
      if (this.#isWord('FROM') && !this.#isFieldNamedByWord()) {
        this.#looseCommas.push(comma);
        break;
      }
      items.push(this.#item());
    }
    return { kind: 'items', items, start, end: this.#lastEnd };
  }

  /** Whether `value` after SELECT names a field: `SELECT value FROM`, `SELECT value * 2`, but not `SELECT VALUE * FROM`. */
  #isValueField(): boolean {
    const following = this.#lexer.peek(1);
    const after = this.#lexer.peek(2);
    if (following.text === '*' && following.kind === 'mark') {
      return !(after.kind === 'end' || after.text === ')' || wordsAfterOperand.has(after.word));
    }
    return this.#isFieldNamedByWord();
  }

  /** item = "*" [ "AS" alias ] | expression ".*" | expression [ "AS" alias ] */
  #item(): SelectItem {
    const { start } = this.#peek();
    const expression = this.#starOrExpression();
    if (this.#skipMark('.')) {
      this.#expectMark('*');
      return { kind: 'spread', object: expression, start, end: this.#lastEnd };
    }
    const end = this.#lastEnd;
    if (this.#skipWord('AS')) {
      return { kind: 'value', expression, key: this.#alias(), start, end: this.#lastEnd };
    }
    if (expression.kind === 'star') return { kind: 'all', start, end };
    return { kind: 'value', expression, key: [defaultKey(expression, this.#source.text)], start, end };
  }

  /** alias = name { "." name } */
  #alias(): string[] {
    const token = this.#peek();
    const following = this.#lexer.peek(1);
    const isKeyword = (token.word === 'FROM' || token.word === 'WHERE') && following.kind === 'string';
    if (isKeyword || token.kind !== 'name') throw this.#unexpected('a name after AS');
    const path = [this.#next().text];
    while (this.#skipMark('.')) path.push(this.#name());
    return path;
  }

  /** filter = string; AWS demands single quotes, its examples do not always have them. */
  #filter(): Statement['topicFilter'] {
    const token = this.#peek();
    if (token.kind === 'string') {
      this.#next();
      const isSingleQuoted = this.#source.text.charAt(token.start) === "'";
      return { text: token.text, span: token, isSingleQuoted };
    }
    if (token.kind === 'end') throw this.#unexpected('a topic filter in single quotes');
    const bare = this.#lexer.nextUntilBlank();
    this.#lastEnd = bare.end;
    return { text: bare.text, span: bare, isSingleQuoted: false };
  }

  #starOrExpression(): Expression {
    if (!this.#isMark('*')) return this.#expression();
    const { start, end } = this.#next();
    return { kind: 'star', start, end };
  }

  /** expression = and { "OR" and } */
  #expression(): Expression {
    this.#nesting++;
    if (this.#nesting > NESTING_MAX) throw this.#error(this.#peek(), `This nests deeper than ${NESTING_MAX} levels.`);
    const expression = this.#chain(
      () => this.#and(),
      () => (this.#skipWord('OR') ? 'OR' : null),
    );
    this.#nesting--;
    return expression;
  }

  /** and = not { "AND" not } */
  #and(): Expression {
    return this.#chain(
      () => this.#not(),
      () => (this.#skipWord('AND') ? 'AND' : null),
    );
  }

  /** not = "NOT" not | comparison */
  #not(): Expression {
    if (!this.#isWord('NOT') || this.#isFieldNamedByWord()) return this.#comparison();
    const { start } = this.#enter();
    const operand = this.#not();
    this.#nesting--;
    return { kind: 'unary', operator: 'NOT', operand, start, end: operand.end };
  }

  /** comparison = sum [ ( "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "IN" ) sum ] */
  #comparison(): Expression {
    const left = this.#sum();
    const operator = this.#skipWord('IN') ? 'IN' : this.#skipOperator(comparisons);
    if (operator === null) return left;
    const right = this.#sum();
    return { kind: 'binary', operator, left, right, start: left.start, end: right.end };
  }

  /** sum = product { ( "+" | "-" ) product } */
  #sum(): Expression {
    return this.#chain(
      () => this.#product(),
      () => this.#skipOperator({ '+': '+', '-': '-' }),
    );
  }

  /** product = unary { ( "*" | "/" | "%" ) unary } */
  #product(): Expression {
    return this.#chain(
      () => this.#unary(),
      () => this.#skipOperator({ '*': '*', '/': '/', '%': '%' }),
    );
  }

  /** unary = "-" unary | postfix */
  #unary(): Expression {
    if (!this.#isMark('-')) return this.#postfix();
    const { start } = this.#enter();
    const operand = this.#unary();
    this.#nesting--;
    return { kind: 'unary', operator: '-', operand, start, end: operand.end };
  }

  /** postfix = primary { "." name | "[" expression "]" } */
  #postfix(): Expression {
    let object = this.#primary();
    for (let count = 0; count < OPERANDS_MAX; count++) {
      if (this.#isMark('[')) {
        this.#next();
        const index = this.#expression();
        this.#expectMark(']');
        object = { kind: 'index', object, index, start: object.start, end: this.#lastEnd };
      } else if (this.#isMark('.') && this.#lexer.peek(1).text !== '*') {
        this.#next();
        object = { kind: 'member', object, name: this.#name(), start: object.start, end: this.#lastEnd };
      } else {
        return object;
      }
    }
    throw this.#error(this.#peek(), `A path has more than ${OPERANDS_MAX} segments.`);
  }

  /** primary = number | string | "TRUE" | "FALSE" | "NULL" | variable | "(" … ")" | "[" … "]" | "{" … "}" | worded */
  #primary(): Expression {
    const token = this.#peek();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
        this.#next();
        return { kind: 'literal', value: parseNumber(token.text, this.#keepsForm), start, end };
      case 'string':
        this.#next();
        return { kind: 'literal', value: token.text, start, end };
      case 'variable':
        this.#next();
        return { kind: 'variable', name: token.text, start, end };
      case 'name':
        return this.#worded(token);
      case 'mark':
        if (token.text === '(') return this.#parenthesized();
        if (token.text === '[') return this.#array();
        if (token.text === '{') return this.#object();
        throw this.#unexpected('a value');
      case 'bad':
      case 'end':
        throw this.#unexpected('a value');
    }
  }

  /** worded = case | "EXISTS" nested | cast | call | name */
  #worded(token: Token): Expression {
    const { start, end } = token;
    const opens = this.#lexer.peek(1).kind === 'mark' && this.#lexer.peek(1).text === '(';
    if (token.word === 'TRUE' || token.word === 'FALSE' || token.word === 'NULL') {
      this.#next();
      return { kind: 'literal', value: token.word === 'NULL' ? null : token.word === 'TRUE', start, end };
    }
    if (token.word === 'CAST' && opens) return this.#cast();
    if (reservedWords.has(token.word) && !this.#isFieldNamedByWord()) {
      if (token.word === 'CASE') return this.#case();
      if (token.word === 'EXISTS' && opens) return this.#exists();
      if (token.word !== 'SET' && token.word !== 'VALUE') throw this.#unexpected('a value');
    }
    if (opens && !reservedWords.has(token.word)) return this.#call();
    this.#next();
    return { kind: 'name', name: token.text, start, end };
  }

  /** nested = "(" select "FROM" postfix [ "AS" name ] [ "WHERE" expression ] ")", or "(" expression ")" */
  #parenthesized(): Expression {
    const { start } = this.#next();
    if (this.#isWord('SELECT') && !this.#isFieldNamedByWord()) return this.#nested(start);
    const expression = this.#expression();
    this.#expectMark(')');
    return expression;
  }

  #nested(start: number): NestedQuery {
    this.#nesting++;
    if (this.#nesting > NESTING_MAX) throw this.#error(this.#peek(), `This nests deeper than ${NESTING_MAX} levels.`);
    const select = this.#select();
    if (!this.#skipWord('FROM')) throw this.#unexpected("',' or FROM");
    const source = this.#postfix();
    const alias = this.#skipWord('AS') ? this.#name() : null;
    const where = this.#skipWord('WHERE') ? this.#expression() : null;
    this.#expectMark(')');
    this.#nesting--;
    return { kind: 'nested', select, source, alias, where, start, end: this.#lastEnd };
  }

  #exists(): Expression {
    const { start } = this.#next();
    const open = this.#next();
    if (!this.#isWord('SELECT')) throw this.#unexpected('SELECT');
    const query = this.#nested(open.start);
    return { kind: 'exists', query, start, end: query.end };
  }

  /** array = "[" [ expression { "," expression } ] "]" */
  #array(): Expression {
    const { start } = this.#next();
    const items = this.#list(']', () => this.#starOrExpression());
    return { kind: 'array', items, start, end: this.#lastEnd };
  }

  /** object = "{" [ string ":" expression { "," string ":" expression } ] "}" */
  #object(): Expression {
    const { start } = this.#next();
    const members = this.#list('}', () => {
      const key = this.#peek();
      if (key.kind !== 'string') throw this.#unexpected('a key in quotes');
      this.#next();
      this.#expectMark(':');
      return { key: key.text, value: this.#starOrExpression() };
    });
    return { kind: 'object', members, start, end: this.#lastEnd };
  }

  /** case = "CASE" expression "WHEN" expression "THEN" expression { "WHEN" … } [ "ELSE" expression ] "END" */
  #case(): Expression {
    const { start } = this.#next();
    const subject = this.#expression();
    const branches: { when: Expression; result: Expression }[] = [];
    while (this.#skipWord('WHEN')) {
      const when = this.#expression();
      if (!this.#skipWord('THEN')) throw this.#unexpected('THEN');
      branches.push({ when, result: this.#expression() });
    }
    if (branches.length === 0) throw this.#unexpected('WHEN');
    const otherwise = this.#skipWord('ELSE') ? this.#expression() : null;
    if (!this.#skipWord('END')) throw this.#unexpected(otherwise === null ? 'WHEN, ELSE or END' : 'END');
    return { kind: 'case', subject, branches, otherwise, start, end: this.#lastEnd };
  }

  /** cast = "CAST" "(" expression "AS" type ")" */
  #cast(): Expression {
    const { start } = this.#next();
    this.#next();
    const operand = this.#expression();
    if (!this.#skipWord('AS')) throw this.#unexpected('AS and a type');
    const typeSpan = this.#peek();
    const type = this.#name();
    this.#expectMark(')');
    return { kind: 'cast', operand, type, typeSpan, start, end: this.#lastEnd };
  }

  /** call = name "(" [ argument { "," argument } ] ")"; argument = "*" | expression */
  #call(): Expression {
    const nameSpan = this.#next();
    this.#next();
    const parameters = this.#list(')', () => this.#starOrExpression());
    return { kind: 'call', name: nameSpan.text, nameSpan, parameters, start: nameSpan.start, end: this.#lastEnd };
  }

  #list<Item>(close: string, parse: () => Item): Item[] {
    const items: Item[] = [];
    if (this.#skipMark(close)) return items;
    do items.push(parse());
    while (this.#skipMark(','));
    if (!this.#isMark(close)) throw this.#unexpected(`',' or '${close}'`);
    this.#next();
    return items;
  }

  /** Left-associative operators of one precedence. */
  #chain(operand: () => Expression, skipOperator: () => BinaryOperator | null): Expression {
    let left = operand();
    for (let count = 0; count < OPERANDS_MAX; count++) {
      const operator = skipOperator();
      if (operator === null) return left;
      const right = operand();
      left = { kind: 'binary', operator, left, right, start: left.start, end: right.end };
    }
    throw this.#error(this.#peek(), `More than ${OPERANDS_MAX} operands in a row.`);
  }

  /** Whether the word that comes next is used as a field's name, to judge by what follows it. */
  #isFieldNamedByWord(): boolean {
    const following = this.#lexer.peek(1);
    if (following.kind === 'end') return true;
    if (following.word === 'WHEN' && this.#isWord('CASE')) return false;
    if (following.text === '*' && this.#isWord('SELECT')) return false;
    if (following.kind !== 'mark') return wordsAfterOperand.has(following.word);
    // `value - 1` subtracts, `VALUE -1` is a negative number.
    if (following.text === '-') return following.end !== this.#lexer.peek(2).start;
    return marksAfterOperand.has(following.text);
  }

  #enter(): Token {
    this.#nesting++;
    if (this.#nesting > NESTING_MAX) throw this.#error(this.#peek(), `This nests deeper than ${NESTING_MAX} levels.`);
    return this.#next();
  }

  #name(): string {
    if (this.#peek().kind !== 'name') throw this.#unexpected('a name');
    return this.#next().text;
  }

  #peek(): Token {
    return this.#lexer.peek();
  }

  #next(): Token {
    const token = this.#lexer.next();
    this.#lastEnd = token.end;
    return token;
  }

  #isWord(word: string): boolean {
    return this.#peek().word === word;
  }

  #isMark(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'mark' && token.text === text;
  }

  #skipWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#next();
    return true;
  }

  #skipMark(text: string): boolean {
    if (!this.#isMark(text)) return false;
    this.#next();
    return true;
  }

  #skipOperator(operators: Readonly<Record<string, BinaryOperator>>): BinaryOperator | null {
    const token = this.#peek();
    const operator = token.kind === 'mark' && Object.hasOwn(operators, token.text) ? operators[token.text] : undefined;
    if (operator === undefined) return null;
    this.#next();
    return operator;
  }

  #expectMark(text: string): void {
    if (!this.#skipMark(text)) throw this.#unexpected(`'${text}'`);
  }

  #unexpected(expected: string): Error {
    const token = this.#peek();
    if (token.kind === 'bad') return this.#error(token, token.text);
    const found = token.kind === 'end' ? 'the end' : `'${this.#source.text.slice(token.start, token.end)}'`;
    return this.#error(token, `Expected ${expected}, found ${found}.`);
  }

  #error(span: Span, message: string): Error {
    return errorAt(this.#source, span, 'SQL_SYNTAX', message);
  }
}

/** What could have followed the clauses that were read. */
function expectedAfter(select: Select, hasFrom: boolean, hasWhere: boolean): string {
  if (hasWhere) return 'an operator or the end';
  if (hasFrom) return 'WHERE';
  return select.kind === 'single' ? 'an operator, FROM or WHERE' : "',', AS, FROM or WHERE";
}

/** The key of an item without AS: the last name of a path, the name of a function, else the text of the expression. */
function defaultKey(expression: Expression, text: string): string {
  switch (expression.kind) {
    case 'name':
    case 'variable':
    case 'member':
    case 'call':
      return expression.name;
    case 'cast':
      return 'cast';
    case 'index':
      return defaultKey(expression.object, text);
    default:
      return text.slice(expression.start, expression.end);
  }
}
