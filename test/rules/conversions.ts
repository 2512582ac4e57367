/**
 * The tables of AWS's SQL reference ("Data types", "Operators", "Functions") as data and small functions: what every operator, cast and
 * function gives for operands of every type. Written from the tables alone; it shares no code with the engine. Where the tables are
 * silent, what `src/rules/sql/choices.ts` promises.
 */
import { createHash } from 'node:crypto';
import type { Exact } from './exact.ts';
import * as exact from './exact.ts';

/** SQL values by type. Numbers are exact; an Int is a number without places. */
export type Sql =
  | { readonly type: 'Number'; readonly value: Exact }
  | { readonly type: 'Boolean'; readonly value: boolean }
  | { readonly type: 'String'; readonly value: string }
  | { readonly type: 'Array'; readonly items: readonly Sql[] }
  | { readonly type: 'Object'; readonly members: ReadonlyMap<string, Sql> }
  | { readonly type: 'Null' }
  | { readonly type: 'Undefined' };

/** What is expected: a value, a double within rounding, or text of a form. */
export type Expected =
  | Sql
  | { readonly type: 'About'; readonly value: number }
  | { readonly type: 'Like'; readonly form: RegExp };

const U: Sql = { type: 'Undefined' };
const Null: Sql = { type: 'Null' };
const bool = (value: boolean): Sql => ({ type: 'Boolean', value });
const string = (value: string): Sql => ({ type: 'String', value });
const int = (value: bigint | number): Sql => ({ type: 'Number', value: { digits: BigInt(value), places: 0 } });
const number = (value: Exact | undefined): Sql => (value === undefined ? U : { type: 'Number', value });
const array = (...items: readonly Sql[]): Sql => ({ type: 'Array', items });
const object = (members: Record<string, Sql>): Sql => ({ type: 'Object', members: new Map(Object.entries(members)) });
const decimal = (text: string): Sql => number(exact.exactOf(text));
const about = (value: number): Expected => (Number.isFinite(value) ? { type: 'About', value } : U);

/** Operands of every type; of each, the ones that a row of some table treats in its own way. */
export const operands: Readonly<Record<string, Sql>> = {
  int: int(5),
  negativeInt: int(-3),
  zero: int(0),
  decimal: decimal('2.7'),
  negativeDecimal: decimal('-2.5'),
  true: bool(true),
  false: bool(false),
  intText: string('12'),
  decimalText: string('-1.5'),
  exponentText: string('25E-1'),
  almostNumericText: string('+1'),
  text: string('abc'),
  emptyText: string(''),
  trueText: string('True'),
  falseText: string('FALSE'),
  array: array(int(1), string('a'), Null),
  emptyArray: array(),
  object: object({ a: int(1), '5': bool(true) }),
  null: Null,
  undefined: U,
};

// Conversions: "Data types", Conversions.

const numericText = /^-?\d+(\.\d+)?([eE]-?\d+)?$/;

function toNumber(value: Sql): Exact | undefined {
  if (value.type === 'Number') return value.value;
  return value.type === 'String' && numericText.test(value.value) ? exact.exactOf(value.value) : undefined;
}

function toBoolean(value: Sql): boolean | undefined {
  if (value.type === 'Boolean') return value.value;
  if (value.type !== 'String') return undefined;
  return { true: true, false: false }[value.value.toLowerCase()];
}

function toText(value: Sql): string | undefined {
  switch (value.type) {
    case 'Number':
      return exact.textOf(value.value);
    case 'Boolean':
      return String(value.value);
    case 'String':
      return value.value;
    case 'Array':
    case 'Object':
      return jsonOf(value);
    case 'Null':
    case 'Undefined':
      return undefined;
  }
}

export function jsonOf(value: Sql): string {
  switch (value.type) {
    case 'String':
      return JSON.stringify(value.value);
    case 'Null':
      return 'null';
    case 'Undefined':
      return '';
    case 'Array':
      return `[${value.items.map((item) => jsonOf(item) || 'null').join(',')}]`;
    case 'Object': {
      const members = [...value.members].filter(([, member]) => member.type !== 'Undefined');
      // The keys of a JavaScript object that look like indexes come first.
      members.sort(([a], [b]) => Number(/^\d+$/.test(b)) - Number(/^\d+$/.test(a)));
      return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonOf(member)}`).join(',')}}`;
    }
    default:
      return toText(value) ?? '';
  }
}

// Operators: "Operators". Rows in the order of the tables.

type Binary = (left: Sql, right: Sql) => Sql;

function logic(combine: (left: boolean, right: boolean) => boolean): Binary {
  return (left, right) => {
    const a = toBoolean(left);
    const b = toBoolean(right);
    return a === undefined || b === undefined ? U : bool(combine(a, b));
  };
}

function comparison(holds: (order: number) => boolean): Binary {
  return (left, right) => {
    const a = toNumber(left);
    const b = toNumber(right);
    return a === undefined || b === undefined ? U : bool(holds(exact.order(a, b)));
  };
}

function arithmetic(calculate: (left: Exact, right: Exact) => Exact | undefined): Binary {
  return (left, right) => {
    const a = toNumber(left);
    const b = toNumber(right);
    return a === undefined || b === undefined ? U : number(calculate(a, b));
  };
}

function isSame(left: Sql, right: Sql): boolean {
  if (left.type === 'Number' && right.type === 'Number') return exact.order(left.value, right.value) === 0;
  if (left.type === 'Array' && right.type === 'Array') {
    return left.items.length === right.items.length && left.items.every((item, i) => isSame(item, right.items[i] ?? U));
  }
  if (left.type === 'Object' && right.type === 'Object') {
    return (
      left.members.size === right.members.size &&
      [...left.members].every(([key, member]) => isSame(member, right.members.get(key) ?? U))
    );
  }
  return left.type === right.type && jsonOf(left) === jsonOf(right);
}

export const binaryOperators: Readonly<Record<string, Binary>> = {
  AND: logic((a, b) => a && b),
  OR: logic((a, b) => a || b),
  '>': comparison((order) => order > 0),
  '>=': comparison((order) => order >= 0),
  '<': comparison((order) => order < 0),
  '<=': comparison((order) => order <= 0),
  '=': (left, right) => (left.type === 'Undefined' || right.type === 'Undefined' ? U : bool(isSame(left, right))),
  '<>': (left, right) => (left.type === 'Undefined' || right.type === 'Undefined' ? U : bool(!isSame(left, right))),
  '!=': (left, right) => (left.type === 'Undefined' || right.type === 'Undefined' ? U : bool(!isSame(left, right))),
  '+': (left, right) => {
    if (left.type === 'String' || right.type === 'String') {
      const a = toText(left);
      const b = toText(right);
      return a === undefined || b === undefined ? U : string(a + b);
    }
    return left.type === 'Number' && right.type === 'Number' ? number(exact.plus(left.value, right.value)) : U;
  },
  '-': arithmetic(exact.minus),
  '*': arithmetic(exact.times),
  '/': arithmetic(exact.over),
  '%': arithmetic(exact.rest),
  IN: (left, right) => {
    if (left.type === 'Undefined' || right.type !== 'Array') return U;
    return bool(right.items.some((item) => isSame(left, item)));
  },
};

export const unaryOperators: Readonly<Record<string, (operand: Sql) => Sql>> = {
  NOT: (operand) => {
    const value = toBoolean(operand);
    return value === undefined ? U : bool(!value);
  },
  '-': (operand) => {
    const value = toNumber(operand);
    return value === undefined ? U : number({ digits: -value.digits, places: value.places });
  },
};

// cast(): one table of its own.

type Unary = (value: Sql) => Sql;

const castNumber: Unary = (value) => (value.type === 'Boolean' ? int(value.value ? 1 : 0) : number(toNumber(value)));
const castInt: Unary = (value) => {
  const converted = castNumber(value);
  return converted.type === 'Number' ? int(exact.down(converted.value)) : U;
};
const castBoolean: Unary = (value) => {
  if (value.type === 'Number') return bool(value.value.digits !== 0n);
  const converted = toBoolean(value);
  return converted === undefined ? U : bool(converted);
};
const castText: Unary = (value) => {
  const converted = toText(value);
  return converted === undefined ? U : string(converted);
};

/** By the name of the type; `first` are there in 2015-10-08 too. */
export const casts: Readonly<Record<string, { readonly first: boolean; readonly cast: Unary }>> = {
  String: { first: true, cast: castText },
  Nvarchar: { first: true, cast: castText },
  Text: { first: true, cast: castText },
  Ntext: { first: true, cast: castText },
  Varchar: { first: true, cast: castText },
  Int: { first: true, cast: castInt },
  Integer: { first: true, cast: castInt },
  Double: { first: true, cast: castNumber },
  Decimal: { first: false, cast: castNumber },
  Bool: { first: false, cast: castBoolean },
  Boolean: { first: false, cast: castBoolean },
};

// Functions.

type Parameters = readonly Sql[];

export interface FunctionRows {
  readonly counts: readonly [min: number, max: number];
  /** Operands that only this function treats in their own way. */
  readonly special?: Readonly<Record<string, Sql>>;
  /** `null`: the table does not say; any value is right. */
  readonly result: (parameters: Parameters) => Expected | null;
}

function ofNumber(calculate: (value: Exact) => Expected): FunctionRows {
  return {
    counts: [1, 1],
    result: ([x = U]) => {
      const value = toNumber(x);
      return value === undefined ? U : calculate(value);
    },
  };
}

function ofNumbers(calculate: (a: Exact, b: Exact) => Expected): FunctionRows {
  return {
    counts: [2, 2],
    result: ([x = U, y = U]) => {
      const a = toNumber(x);
      const b = toNumber(y);
      return a === undefined || b === undefined ? U : calculate(a, b);
    },
  };
}

function ofDouble(calculate: (value: number) => number): FunctionRows {
  return ofNumber((value) => about(calculate(Number(exact.textOf(value)))));
}

function ofDoubles(calculate: (a: number, b: number) => number): FunctionRows {
  return ofNumbers((a, b) => about(calculate(Number(exact.textOf(a)), Number(exact.textOf(b)))));
}

/** All parameters become text; Null and Undefined cannot. */
function ofTexts(count: number, calculate: (...texts: string[]) => Expected): FunctionRows {
  return {
    counts: [count, count],
    result: (parameters) => {
      const texts = parameters.map(toText);
      return texts.every((text) => text !== undefined) ? calculate(...texts) : U;
    },
  };
}

function hash(name: string): FunctionRows {
  return ofTexts(1, (text = '') => string(createHash(name).update(text, 'utf8').digest('hex')));
}

const pads = (join: (text: string, blanks: string) => string): FunctionRows => ({
  counts: [2, 2],
  special: { many: int(5000) },
  result: ([value = U, count = U]) => {
    const text = toText(value);
    const blanks = toNumber(count);
    if (text === undefined || blanks === undefined) return U;
    return string(join(text, ' '.repeat(Math.min(Math.max(Number(exact.down(blanks)), 0), 1000))));
  },
});

const away = (value: Exact): bigint => {
  const magnitude: Exact = { digits: value.digits < 0n ? -value.digits : value.digits, places: value.places };
  const half = exact.plus(magnitude, { digits: 5n, places: 1 }) ?? magnitude;
  return value.digits < 0n ? -exact.down(half) : exact.down(half);
};

const up = (value: Exact): bigint => -exact.down({ digits: -value.digits, places: value.places });

function pattern(use: (found: RegExp, texts: readonly string[]) => Expected, count: number): FunctionRows {
  return ofTexts(count, (...texts) => {
    const [, source = ''] = texts;
    // JavaScript takes the empty class; no other dialect does.
    if (source === '[]') return U;
    let found: RegExp;
    try {
      found = new RegExp(source, 'g');
    } catch {
      return U;
    }
    return use(found, texts);
  });
}

const fixed = (expected: Expected): FunctionRows => ({ counts: [0, 0], result: () => expected });

const uuid: Expected = { type: 'Like', form: /^"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$/ };
const base64 = { scheme: string('base64'), encoded: string('ODA='), encodedText: string('aGk='), broken: string('%%') };

const rows: Readonly<Record<string, FunctionRows>> = {
  // Numbers.
  abs: ofNumber((x) => number(x.digits < 0n ? { ...x, digits: -x.digits } : x)),
  sign: ofNumber((x) => int(x.digits < 0n ? -1 : x.digits > 0n ? 1 : 0)),
  ceil: ofNumber((x) => int(up(x))),
  floor: ofNumber((x) => int(exact.down(x))),
  round: ofNumber((x) => int(away(x))),
  trunc: {
    counts: [2, 2],
    special: { long: decimal('1.23456789012345678901234567890123'), hundred: int(100) },
    result: ([x = U, n = U]) => {
      const value = toNumber(x);
      const places = toNumber(n);
      if (value === undefined || places === undefined) return U;
      return number(exact.toward0(value, Math.min(Math.max(Number(exact.down(places)), 0), 34)));
    },
  },
  mod: ofNumbers((a, b) => number(exact.rest(a, b))),
  remainder: ofNumbers((a, b) => number(exact.rest(a, b))),
  bitand: ofNumbers((a, b) => int(exact.down(a) & exact.down(b))),
  bitor: ofNumbers((a, b) => int(exact.down(a) | exact.down(b))),
  bitxor: ofNumbers((a, b) => int(exact.down(a) ^ exact.down(b))),
  bitnot: ofNumber((x) => int(-exact.down(x) - 1n)),
  acos: ofDouble(Math.acos),
  asin: ofDouble(Math.asin),
  atan: ofDouble(Math.atan),
  atan2: ofDoubles(Math.atan2),
  cos: ofDouble(Math.cos),
  cosh: ofDouble(Math.cosh),
  sin: ofDouble(Math.sin),
  sinh: ofDouble(Math.sinh),
  tan: ofDouble(Math.tan),
  tanh: ofDouble(Math.tanh),
  exp: ofDouble(Math.exp),
  ln: ofDouble(Math.log),
  log: ofDouble(Math.log10),
  sqrt: ofDouble(Math.sqrt),
  power: ofDoubles((a, b) => a ** b),
  rand: fixed({ type: 'Like', form: /^0(\.\d+)?$|^\d(\.\d+)?E-\d+$/ }),

  // Conversion and inspection.
  nanvl: { counts: [2, 2], result: ([a = U, b = U]) => (a.type === 'Null' || a.type === 'Undefined' ? b : a) },
  isNull: { counts: [1, 1], result: ([x = U]) => bool(x.type === 'Null') },
  isUndefined: { counts: [1, 1], result: ([x = U]) => bool(x.type === 'Undefined') },
  get_or_default: {
    counts: [1, 2],
    result: ([x = U, fallback = U]) => (x.type === 'Null' || x.type === 'Undefined' ? fallback : x),
  },
  get: {
    counts: [2, 2],
    special: { one: int(1), fraction: decimal('1.9'), oneText: string('1'), key: string('a'), fiveText: string('5') },
    result: ([container = U, key = U]) => {
      if (container.type === 'Object') return key.type === 'String' ? (container.members.get(key.value) ?? U) : U;
      const index = toNumber(key);
      if (index === undefined) return U;
      const at = Number(exact.down(index));
      if (container.type === 'Array') return container.items[at] ?? U;
      if (container.type !== 'String') return U;
      return at < 0 || at >= container.value.length ? U : string(container.value.charAt(at));
    },
  },
  encode: {
    counts: [2, 2],
    special: base64,
    result: ([x = U, scheme = U]) => {
      const text = toText(x);
      if (text === undefined || scheme.type !== 'String' || scheme.value !== 'base64') return U;
      return string(btoa(String.fromCharCode(...new TextEncoder().encode(text))));
    },
  },
  decode: {
    counts: [2, 2],
    special: base64,
    result: ([x = U, scheme = U]) => {
      if (scheme.type !== 'String' || scheme.value !== 'base64') return U;
      if (x.type === 'Undefined') return U;
      if (x.type === 'String' && x.value === 'ODA=') return int(80);
      if (x.type === 'String' && x.value === 'aGk=') return string('hi');
      if (x.type === 'String' && x.value === '') return string('');
      // Four letters are base64 by chance; of what else there is, nothing is.
      return x.type === 'String' && /^\w{4}$/.test(x.value) ? null : x.type === 'Boolean' && x.value ? null : Null;
    },
  },

  // Texts.
  concat: {
    counts: [1, Number.POSITIVE_INFINITY],
    result: (parameters) => {
      const [first = U] = parameters;
      if (parameters.length === 1) return first;
      if (parameters.some((value) => value.type === 'Array')) {
        return array(
          ...parameters.flatMap((value) =>
            value.type === 'Array' ? value.items : value.type === 'Undefined' ? [] : [value],
          ),
        );
      }
      if (!parameters.some((value) => value.type === 'String')) return U;
      const texts = parameters.map(toText);
      return texts.includes(undefined) ? U : string(texts.join(''));
    },
  },
  chr: {
    counts: [1, 1],
    special: { letter: decimal('65.9'), last: int(127), beyond: int(128), letterText: string('66.2') },
    result: ([x = U]) => {
      const code = toNumber(x);
      if (code === undefined) return U;
      const at = exact.down(code);
      return at < 0n || at > 127n ? U : string(String.fromCodePoint(Number(at)));
    },
  },
  startswith: ofTexts(2, (a = '', b = '') => bool(a.slice(0, b.length) === b)),
  endswith: ofTexts(2, (a = '', b = '') => bool(b === '' || a.slice(-b.length) === b)),
  indexof: ofTexts(2, (a = '', b = '') =>
    int(a.split(b).length > 1 || b === '' ? (a.split(b)[0] ?? '').length * Number(b !== '') : -1),
  ),
  length: ofTexts(1, (text = '') => int(text.length)),
  numbytes: ofTexts(1, (text = '') => int(new TextEncoder().encode(text).length)),
  lower: ofTexts(1, (text = '') => string(text.toLowerCase())),
  upper: ofTexts(1, (text = '') => string(text.toUpperCase())),
  trim: {
    ...ofTexts(1, (text = '') => string(text.replace(/^\s+|\s+$/g, ''))),
    special: { blanks: string('\t a b ') },
  },
  ltrim: { ...ofTexts(1, (text = '') => string(text.replace(/^\s+/, ''))), special: { blanks: string('\t a b ') } },
  rtrim: { ...ofTexts(1, (text = '') => string(text.replace(/\s+$/, ''))), special: { blanks: string('\t a b ') } },
  lpad: pads((text, blanks) => blanks + text),
  rpad: pads((text, blanks) => text + blanks),
  replace: ofTexts(3, (text = '', old = '', fresh = '') =>
    // The empty text stands before every character and at the end.
    string(
      old === '' ? `${fresh}${[...text].map((character) => character + fresh).join('')}` : text.split(old).join(fresh),
    ),
  ),
  substring: {
    counts: [2, 3],
    special: { wide: int(50), one: string('1.9') },
    result: ([value = U, ...indexes]) => {
      const text = toText(value);
      const cut = indexes.map(toNumber).map((index) => (index === undefined ? undefined : exact.toward0(index, 0)));
      if (text === undefined || cut.includes(undefined)) return U;
      const clamped = cut.map((index) => Math.min(Math.max(Number(index?.digits ?? 0n), 0), text.length));
      const [start = 0, end = text.length] = clamped;
      return string(start >= end ? '' : [...text].slice(start, end).join(''));
    },
  },
  regexp_matches: pattern((found, [text = '']) => bool(found.test(text)), 2),
  regexp_substr: pattern((found, [text = '']) => {
    const match = found.exec(text);
    return match === null ? U : string(match[0]);
  }, 2),
  regexp_replace: pattern((found, [text = '', , fresh = '']) => string(text.replace(found, fresh)), 3),
  md2: ofTexts(1, () => ({ type: 'Like', form: /^"[0-9a-f]{32}"$/ })),
  md5: hash('md5'),
  sha1: hash('sha1'),
  sha224: hash('sha224'),
  sha256: hash('sha256'),
  sha384: hash('sha384'),
  sha512: hash('sha512'),

  // Arrays, dates.
  transform: {
    counts: [3, 3],
    special: {
      mode: string('enrichArray'),
      rows: array(object({ b: int(2) }), object({ a: int(9) })),
      scalars: array(int(7)),
    },
    result: ([mode = U, added = U, list = U]) => {
      if (mode.type !== 'String' || mode.value !== 'enrichArray' || added.type !== 'Object' || list.type !== 'Array')
        return U;
      return array(
        ...list.items.map(
          (item): Sql =>
            item.type === 'Object' ? { type: 'Object', members: new Map([...item.members, ...added.members]) } : item,
        ),
      );
    },
  },
  parse_time: {
    counts: [2, 3],
    special: {
      pattern: string('yyyy-MM-dd HH:mm:ss'),
      instant: decimal('1700000000123.9'),
      zone: string('America/New_York'),
    },
    result: ([form = U, instant = U, ...zone]) => {
      const at = toNumber(instant);
      if (toText(form) === undefined || at === undefined) return U;
      if (form.type !== 'String' || form.value !== 'yyyy-MM-dd HH:mm:ss') return null;
      const [id = string('UTC')] = zone;
      if (id.type === 'Null' || id.type === 'Undefined') return U;
      if (id.type !== 'String' || (id.value !== 'UTC' && id.value !== 'America/New_York')) return null;
      const shifted = Number(exact.down(at)) - (id.value === 'UTC' ? 0 : 5 * 3_600_000);
      return string(new Date(shifted).toISOString().slice(0, 19).replace('T', ' '));
    },
  },
  time_to_epoch: {
    counts: [2, 2],
    special: {
      date: string('2023-11-14 22:13:20'),
      form: string('yyyy-MM-dd HH:mm:ss'),
      compact: int(20231114),
      day: string('yyyyMMdd'),
    },
    result: ([text = U, form = U]) => {
      if (toText(text) === undefined || toText(form) === undefined) return U;
      if (form.type !== 'String') return null;
      if (form.value === 'yyyyMMdd') return toText(text) === '20231114' ? int(Date.UTC(2023, 10, 14)) : U;
      if (form.value !== 'yyyy-MM-dd HH:mm:ss') return null;
      return toText(text) === '2023-11-14 22:13:20' ? int(1_700_000_000_000) : U;
    },
  },

  // The message, as in `./context.ts`.
  topic: {
    counts: [0, 1],
    special: { first: int(1), second: decimal('2.9'), third: string('3'), fourth: int(4) },
    result: ([n]) => {
      const topic = 'things/myThings/thingOne';
      if (n === undefined) return string(topic);
      const at = toNumber(n);
      const segment = at === undefined ? undefined : topic.split('/')[Number(exact.down(at)) - 1];
      return segment === undefined ? U : string(segment);
    },
  },
  timestamp: fixed(int(1_481_825_251_155)),
  clientid: fixed(string('thing-1')),
  accountid: fixed(string('123456789012')),
  principal: fixed(string('press-shop')),
  sourceip: fixed(string('192.0.2.7')),
  traceid: fixed(uuid),
  newuuid: fixed(uuid),
  sql_version: fixed({ type: 'Like', form: /^"20(15-10-08|16-03-23)"$/ }),
  get_mqtt_property: {
    counts: [1, 1],
    special: {
      content: string('content_type'),
      format: string('format_indicator'),
      response: string('response_topic'),
      correlation: string('correlation_data'),
    },
    result: ([name = U]) => {
      if (name.type !== 'String') return U;
      if (name.value === 'content_type') return string('text/plain');
      return name.value === 'format_indicator' ? string('UNSPECIFIED_BYTES') : U;
    },
  },
  get_user_properties: {
    counts: [0, 1],
    special: { key: string('line'), otherCase: string('Line') },
    result: ([key]) => {
      if (key === undefined) return array(object({ line: string('a') }), object({ line: string('b') }));
      return key.type === 'String' && key.value === 'line' ? array(string('a'), string('b')) : U;
    },
  },
};

/** By name in lower case. */
export const functionRows: ReadonlyMap<string, FunctionRows> = new Map(
  Object.entries(rows).map(([name, row]) => [name.toLowerCase(), row]),
);
