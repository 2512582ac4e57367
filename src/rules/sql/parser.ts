/** Recursive descent over the grammar of AWS IoT SQL: statements and templates. Each production has its method, with its rule. */
import type { Assignment, Expression, Select, Statement } from './ast.ts';
import { findTooDeep, TREE_DEPTH_MAX } from './depth.ts';
import { ExpressionParser } from './expression-parser.ts';
import type { Source } from './source.ts';
import { TokenReader } from './token-reader.ts';

/** AWS: a whole rule is at most 128 KiB. https://docs.aws.amazon.com/general/latest/gr/iot-core.html#rules-engine-limits */
export const SQL_CHARACTERS_MAX = 131_072;

export class Parser {
  readonly #source: Source;
  readonly #tokens: TokenReader;
  readonly #expressions: ExpressionParser;

  /** With `keepsForm`, `10.0` stays a Decimal (2015-10-08). */
  constructor(source: Source, keepsForm: boolean, start = 0) {
    this.#source = source;
    this.#tokens = new TokenReader(source, start);
    this.#expressions = new ExpressionParser(source, this.#tokens, keepsForm);
  }

  /** statement = [ set ] select [ "FROM" filter ] [ "WHERE" expression ] */
  statement(): Statement {
    if (this.#source.text.length > SQL_CHARACTERS_MAX) {
      throw this.#tokens.error({ start: 0, end: 1 }, `SQL is longer than ${SQL_CHARACTERS_MAX} characters.`);
    }
    const setStart = this.#tokens.peek();
    const assignments = this.#tokens.isWord('SET') ? this.#set() : [];
    const set = assignments.length > 0 ? { start: setStart.start, end: setStart.end } : null;
    if (!this.#tokens.isWord('SELECT')) throw this.#tokens.unexpected(set === null ? 'SELECT' : "',' or SELECT");
    const select = this.#expressions.select();
    const topicFilter = this.#tokens.skipWord('FROM') ? this.#filter() : null;
    const where = this.#tokens.skipWord('WHERE') ? this.#expressions.expression() : null;
    if (this.#tokens.peek().kind !== 'end') {
      throw this.#tokens.unexpected(expectedAfter(select, topicFilter !== null, where !== null));
    }
    this.#refuseDeep([...assignments, select, where ?? []]);
    return { assignments, set, select, topicFilter, where, looseCommas: this.#expressions.looseCommas };
  }

  /** template = expression "}"; gives the offset after the brace. */
  template(): { readonly expression: Expression; readonly end: number } {
    const expression = this.#expressions.expression();
    this.#tokens.expectMark('}');
    this.#refuseDeep(expression);
    return { expression, end: this.#tokens.lastEnd };
  }

  #refuseDeep(tree: object): void {
    const deep = findTooDeep(tree);
    if (deep !== null) throw this.#tokens.error(deep, `This nests deeper than ${TREE_DEPTH_MAX} operators and names.`);
  }

  /** set = "SET" variable "=" value { "," variable "=" value }; value = "*" | expression */
  #set(): Assignment[] {
    this.#tokens.next();
    const assignments: Assignment[] = [];
    do {
      const token = this.#tokens.peek();
      if (token.kind !== 'variable' || token.text === '') throw this.#tokens.unexpected('a variable, @name,');
      this.#tokens.next();
      this.#tokens.expectMark('=');
      const value = this.#expressions.starOrExpression();
      assignments.push({ name: token.text, value, start: token.start, end: token.end });
    } while (this.#tokens.skipMark(','));
    return assignments;
  }

  /** filter = string; AWS demands single quotes, its examples do not always have them. */
  #filter(): Statement['topicFilter'] {
    const token = this.#tokens.peek();
    if (token.kind === 'string') {
      this.#tokens.next();
      const isSingleQuoted = this.#source.text.charAt(token.start) === "'";
      return { text: token.text, span: token, isSingleQuoted };
    }
    if (token.kind === 'end') throw this.#tokens.unexpected('a topic filter in single quotes');
    const bare = this.#tokens.nextUntilBlank();
    return { text: bare.text, span: bare, isSingleQuoted: false };
  }
}

/** What could have followed the clauses that were read. */
function expectedAfter(select: Select, hasFrom: boolean, hasWhere: boolean): string {
  if (hasWhere) return 'an operator or the end';
  if (hasFrom) return 'WHERE';
  return select.kind === 'single' ? 'an operator, FROM or WHERE' : "',', AS, FROM or WHERE";
}
