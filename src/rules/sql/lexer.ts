/**
 * Tokens of AWS IoT SQL, made on demand: a template's text after its closing brace is not SQL and must not be looked at. What is no
 * token becomes a `bad` one, an error only when the parser comes to it.
 */
import type { Span } from './source.ts';

export interface Token extends Span {
  readonly kind: 'name' | 'variable' | 'number' | 'string' | 'mark' | 'bad' | 'end';
  /** Names as written; strings without quotes; variables without `@`; for `bad`, what is wrong. */
  readonly text: string;
  /** Names in upper case, to compare with keywords; '' for other kinds. */
  readonly word: string;
}

const blank = /\s*/y;
const name = /[\p{L}_][\p{L}\p{N}_]*/uy;
const variable = /@[A-Za-z0-9_]*/y;
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const mark = /<>|<=|>=|!=|[-+*/%<>=(),.[\]{}:]/y;
/** A quote inside a string of the same quote is doubled; backslashes are ordinary, so that regular expressions pass. */
const string = /'(?:[^']|'')*'|"(?:[^"]|"")*"/y;

export class Lexer {
  readonly #text: string;
  readonly #ahead: Token[] = [];
  #position: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#position = start;
  }

  /** The token `distance` after the next one, which is at distance 0. */
  peek(distance = 0): Token {
    while (this.#ahead.length <= distance) this.#ahead.push(this.#read());
    return this.#ahead[distance] ?? this.#read();
  }

  next(): Token {
    const token = this.peek();
    this.#ahead.shift();
    return token;
  }

  /** Reads up to the next white space from where the next token starts, whatever is there. */
  nextUntilBlank(): Token {
    const { start } = this.peek();
    let end = start;
    while (end < this.#text.length && !/\s/.test(this.#text.charAt(end))) end++;
    this.#ahead.length = 0;
    this.#position = end;
    return { kind: 'string', text: this.#text.slice(start, end), word: '', start, end };
  }

  #read(): Token {
    this.#match(blank);
    const start = this.#position;
    if (start >= this.#text.length) return { kind: 'end', text: '', word: '', start, end: start };
    const found = this.#readText(start);
    return { ...found, start, end: this.#position };
  }

  #readText(start: number): Pick<Token, 'kind' | 'text' | 'word'> {
    const first = this.#text.charAt(start);
    if (first === "'" || first === '"') {
      const quoted = this.#match(string);
      if (quoted === null) {
        this.#position = this.#text.length;
        return { kind: 'bad', text: `This string has no closing ${first}.`, word: '' };
      }
      return { kind: 'string', text: quoted.slice(1, -1).replaceAll(first + first, first), word: '' };
    }
    const word = this.#match(name);
    if (word !== null) return { kind: 'name', text: word, word: word.toUpperCase() };
    const at = this.#match(variable);
    if (at !== null) return { kind: 'variable', text: at.slice(1), word: '' };
    const digits = this.#match(number);
    if (digits !== null) {
      const rest = this.#match(name);
      if (rest === null) return { kind: 'number', text: digits, word: '' };
      return { kind: 'bad', text: `'${digits}${rest}' is neither a number nor a name.`, word: '' };
    }
    const found = this.#match(mark);
    if (found !== null) return { kind: 'mark', text: found, word: '' };
    this.#position = start + (String.fromCodePoint(this.#text.codePointAt(start) ?? 0).length || 1);
    return { kind: 'bad', text: `'${this.#text.slice(start, this.#position)}' means nothing in SQL.`, word: '' };
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#position = pattern.lastIndex;
    return found[0];
  }
}
