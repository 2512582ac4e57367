/** The tokens of a statement as a parser wants them: look, skip, expect, and say what was expected instead. */
import type { BinaryOperator } from './ast.ts';
import { insteadOf } from './instead.ts';
import { Lexer, type Token } from './lexer.ts';
import { errorAt, type Source, type Span } from './source.ts';

/** Parentheses, calls, literals within each other. Bounds the stack of parser and evaluator. */
const NESTING_MAX = 100;

/** Words that cannot begin an operand, unless what follows shows that a field of that name is meant. */
export const reservedWords: ReadonlySet<string> = new Set(
  'SELECT FROM WHERE AS AND OR NOT IN CASE WHEN THEN ELSE END EXISTS SET VALUE'.split(' '),
);
const wordsAfterOperand = new Set('FROM WHERE AS AND OR IN WHEN THEN ELSE END'.split(' '));
const marksAfterOperand = new Set(', . ) ] } = <> != < <= > >= + - * / %'.split(' '));

export class TokenReader {
  readonly #source: Source;
  readonly #lexer: Lexer;
  #nesting = 0;
  #lastEnd = 0;
  #lastText = '';

  constructor(source: Source, start: number) {
    this.#source = source;
    this.#lexer = new Lexer(source.text, start);
  }

  /** Where the token that was read last ends. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  peek(distance = 0): Token {
    return this.#lexer.peek(distance);
  }

  next(): Token {
    const token = this.#lexer.next();
    this.#lastEnd = token.end;
    this.#lastText = token.text;
    return token;
  }

  /** Whatever stands before the next white space. */
  nextUntilBlank(): Token {
    const token = this.#lexer.nextUntilBlank();
    this.#lastEnd = token.end;
    return token;
  }

  /** Parses one level deeper. */
  nested<Result>(parse: () => Result): Result {
    this.#nesting++;
    if (this.#nesting > NESTING_MAX) throw this.error(this.peek(), `This nests deeper than ${NESTING_MAX} levels.`);
    const result = parse();
    this.#nesting--;
    return result;
  }

  list<Item>(close: string, parse: () => Item): Item[] {
    const items: Item[] = [];
    if (this.skipMark(close)) return items;
    do items.push(parse());
    while (this.skipMark(','));
    if (!this.isMark(close)) throw this.unexpected(`',' or '${close}'`);
    this.next();
    return items;
  }

  /** Whether the word that comes next is used as a field's name, to judge by what follows it. */
  isFieldNamedByWord(): boolean {
    const following = this.#lexer.peek(1);
    if (following.kind === 'end') return true;
    if (following.word === 'WHEN' && this.isWord('CASE')) return false;
    if (following.text === '*' && this.isWord('SELECT')) return false;
    if (following.kind !== 'mark') return wordsAfterOperand.has(following.word);
    // `value - 1` subtracts, `VALUE -1` is a negative number.
    if (following.text === '-') return following.end !== this.#lexer.peek(2).start;
    return marksAfterOperand.has(following.text);
  }

  /** Whether `value` after SELECT names a field: `SELECT value FROM`, `SELECT value * 2`, but not `SELECT VALUE * FROM`. */
  isValueField(): boolean {
    const following = this.#lexer.peek(1);
    const after = this.#lexer.peek(2);
    if (following.text === '*' && following.kind === 'mark') {
      return !(after.kind === 'end' || after.text === ')' || wordsAfterOperand.has(after.word));
    }
    return this.isFieldNamedByWord();
  }

  name(): string {
    if (this.peek().kind !== 'name') throw this.unexpected('a name');
    return this.next().text;
  }

  isWord(word: string): boolean {
    return this.peek().word === word;
  }

  isMark(text: string): boolean {
    const token = this.peek();
    return token.kind === 'mark' && token.text === text;
  }

  skipWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }

  skipMark(text: string): boolean {
    if (!this.isMark(text)) return false;
    this.next();
    return true;
  }

  skipOperator(operators: Readonly<Record<string, BinaryOperator>>): BinaryOperator | null {
    const token = this.peek();
    const operator = token.kind === 'mark' && Object.hasOwn(operators, token.text) ? operators[token.text] : undefined;
    if (operator === undefined) return null;
    this.next();
    return operator;
  }

  expectMark(text: string): void {
    if (!this.skipMark(text)) throw this.unexpected(`'${text}'`);
  }

  unexpected(expected: string): Error {
    const token = this.peek();
    const text = this.#source.text.slice(token.start, token.end);
    const hint = insteadOf(text, this.#lastText);
    if (token.kind === 'bad') return this.error(token, `${token.text}${hint}`);
    const found = token.kind === 'end' ? 'the end' : `'${text}'`;
    return this.error(token, `Expected ${expected}, found ${found}.${hint}`);
  }

  error(span: Span, message: string): Error {
    return errorAt(this.#source, span, 'SQL_SYNTAX', message);
  }
}
