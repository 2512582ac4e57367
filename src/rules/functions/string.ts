/** Text functions. Every parameter is converted to text first; Null and Undefined have none, and give Undefined. */
import { floorOf, textOf, truncatedOf } from '../convert.ts';
import { isArray } from '../object.ts';
import { TEXT_CHARACTERS_MAX } from '../size.ts';
import type { Value } from '../value.ts';
import type { EvaluateCall, FunctionSpec, ParameterSpec } from './spec.ts';

const text: readonly ParameterSpec[] = [{ name: 'text' }];

export const stringFunctions: readonly FunctionSpec[] = [
  {
    name: 'concat',
    category: 'string',
    summary:
      'All parameters as one text if one of them is a String; as one array, arrays spliced in, if one is an Array; a single parameter as it is.',
    since: '2015-10-08',
    params: [{ name: 'value', isRepeated: true }],
    pure: true,
    examples: [
      { sql: "concat('con', 'cat')", result: '"concat"' },
      { sql: 'concat([1, 2, 3], 4)', result: '[1,2,3,4]' },
      { sql: "concat([1, 2, 3], 'hello')", result: '[1,2,3,"hello"]' },
    ],
    evaluate: concatenate,
  },
  {
    name: 'length',
    category: 'string',
    summary: 'Number of characters (UTF-16 code units).',
    since: '2016-03-23',
    params: text,
    pure: true,
    examples: [
      { sql: "length('hi')", result: '2' },
      { sql: 'length(false)', result: '5' },
    ],
    evaluate: ofText((value) => value.length),
  },
  {
    name: 'numbytes',
    category: 'string',
    summary: 'Number of bytes in UTF-8.',
    since: '2016-03-23',
    params: text,
    pure: true,
    examples: [
      { sql: "numbytes('hi')", result: '2' },
      { sql: "numbytes('€')", result: '3' },
    ],
    evaluate: ofText((value) => Buffer.byteLength(value)),
  },
  {
    name: 'lower',
    category: 'string',
    summary: 'In lower case.',
    since: '2015-10-08',
    params: text,
    pure: true,
    examples: [{ sql: "lower('HELLO')", result: '"hello"' }],
    evaluate: ofText((value) => value.toLowerCase()),
  },
  {
    name: 'upper',
    category: 'string',
    summary: 'In upper case.',
    since: '2015-10-08',
    params: text,
    pure: true,
    examples: [{ sql: "upper('hello')", result: '"HELLO"' }],
    evaluate: ofText((value) => value.toUpperCase()),
  },
  {
    name: 'trim',
    category: 'string',
    summary: 'Without white space at both ends.',
    since: '2015-10-08',
    params: text,
    pure: true,
    examples: [{ sql: "trim('  h i ')", result: '"h i"' }],
    evaluate: ofText((value) => value.trim()),
  },
  {
    name: 'ltrim',
    category: 'string',
    summary: 'Without white space in front.',
    since: '2015-10-08',
    params: text,
    pure: true,
    examples: [{ sql: "ltrim(' h i ')", result: '"h i "' }],
    evaluate: ofText((value) => value.trimStart()),
  },
  {
    name: 'rtrim',
    category: 'string',
    summary: 'Without white space at the end.',
    since: '2015-10-08',
    params: text,
    pure: true,
    examples: [{ sql: "rtrim(' h i ')", result: '" h i"' }],
    evaluate: ofText((value) => value.trimEnd()),
  },
  {
    name: 'lpad',
    category: 'string',
    summary: 'With so many blanks in front, 0 to 1000.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'count' }],
    pure: true,
    examples: [{ sql: "lpad('hello', 2)", result: '"  hello"' }],
    evaluate: pad((value, blanks) => blanks + value),
  },
  {
    name: 'rpad',
    category: 'string',
    summary: 'With so many blanks at the end, 0 to 1000.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'count' }],
    pure: true,
    examples: [{ sql: "rpad('hello', 2)", result: '"hello  "' }],
    evaluate: pad((value, blanks) => value + blanks),
  },
  {
    name: 'startswith',
    category: 'string',
    summary: 'Whether the first text begins with the second.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'start' }],
    pure: true,
    examples: [{ sql: "startswith('ranger', 'ran')", result: 'true' }],
    evaluate: ofTexts((value, start) => value.startsWith(start)),
  },
  {
    name: 'endswith',
    category: 'string',
    summary: 'Whether the first text ends with the second.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'end' }],
    pure: true,
    examples: [{ sql: "endswith('cat', 'at')", result: 'true' }],
    evaluate: ofTexts((value, end) => value.endsWith(end)),
  },
  {
    name: 'indexof',
    category: 'string',
    summary: 'Zero-based place of the second text in the first; -1 when it is not there.',
    since: '2016-03-23',
    params: [{ name: 'text' }, { name: 'part' }],
    pure: true,
    examples: [{ sql: "indexof('abcd', 'bc')", result: '1' }],
    evaluate: ofTexts((value, part) => value.indexOf(part)),
  },
  {
    name: 'substring',
    category: 'string',
    summary:
      'From the first index to before the second, or to the end. Indexes are cut to whole numbers and to the text.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'start' }, { name: 'end', isOptional: true }],
    pure: true,
    examples: [
      { sql: "substring('012345', 2.745)", result: '"2345"' },
      { sql: "substring('012345', 1, 3)", result: '"12"' },
      { sql: "substring('012345', -50, 50)", result: '"012345"' },
    ],
    evaluate: substring,
  },
  {
    name: 'replace',
    category: 'string',
    summary: 'With all occurrences of the second text replaced by the third.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'part' }, { name: 'replacement' }],
    pure: true,
    examples: [{ sql: "replace('abcdabcd', 'bc', 'x')", result: '"axdaxd"' }],
    evaluate: ([value, part, replacement]) => {
      const whole = textOf(value);
      const old = textOf(part);
      const fresh = textOf(replacement);
      if (whole === undefined || old === undefined || fresh === undefined) return undefined;
      const length = whole.length + countOf(whole, old) * (fresh.length - old.length);
      return length > TEXT_CHARACTERS_MAX ? undefined : whole.replaceAll(old, () => fresh);
    },
  },
  {
    name: 'chr',
    category: 'string',
    summary: 'The ASCII character of a code, 0 to 127.',
    since: '2015-10-08',
    params: [{ name: 'code' }],
    pure: true,
    examples: [
      { sql: 'chr(65)', result: '"A"' },
      { sql: 'chr(49)', result: '"1"' },
    ],
    evaluate: ([code]) => {
      const number = floorOf(code);
      return number === undefined || number < 0 || number > 127 ? undefined : String.fromCharCode(number);
    },
  },
];

/** Arrays multiply when functions are nested, as texts do. What is longer than this is Undefined. */
export const ELEMENTS_MAX = 1_000_000;

export function bounded(value: string): Value {
  return value.length > TEXT_CHARACTERS_MAX ? undefined : value;
}

/** A function of one text. */
export function ofText(calculate: (value: string) => Value): EvaluateCall {
  return ([value]) => {
    const converted = textOf(value);
    return converted === undefined ? undefined : calculate(converted);
  };
}

/** A function of two texts. */
function ofTexts(calculate: (left: string, right: string) => Value): EvaluateCall {
  return ([left, right]) => {
    const first = textOf(left);
    const second = textOf(right);
    return first === undefined || second === undefined ? undefined : calculate(first, second);
  };
}

const PAD_MAX = 1000;

function pad(join: (value: string, blanks: string) => string): EvaluateCall {
  return ([value, count]) => {
    const converted = textOf(value);
    const blanks = floorOf(count);
    if (converted === undefined || blanks === undefined) return undefined;
    return join(converted, ' '.repeat(Math.min(Math.max(blanks, 0), PAD_MAX)));
  };
}

function substring(parameters: readonly Value[]): Value {
  const whole = textOf(parameters[0]);
  const start = truncatedOf(parameters[1]);
  const end = parameters.length < 3 ? Number.MAX_SAFE_INTEGER : truncatedOf(parameters[2]);
  if (whole === undefined || start === undefined || end === undefined) return undefined;
  // Not String.prototype.substring, which swaps indexes in the wrong order.
  return whole.slice(Math.max(start, 0), Math.max(end, 0));
}

function concatenate(parameters: readonly Value[]): Value {
  if (parameters.length < 2) return parameters[0];
  if (parameters.some(isArray)) return spliced(parameters);
  if (!parameters.some((value) => typeof value === 'string')) return undefined;
  let joined = '';
  for (const value of parameters) {
    const converted = textOf(value);
    if (converted === undefined) return undefined;
    joined += converted;
    if (joined.length > TEXT_CHARACTERS_MAX) return undefined;
  }
  return joined;
}

function spliced(parameters: readonly Value[]): Value {
  let length = 0;
  for (const value of parameters) length += isArray(value) ? value.length : 1;
  if (length > ELEMENTS_MAX) return undefined;
  return parameters.flatMap((value) => (value === undefined ? [] : isArray(value) ? value : [value]));
}

/** Occurrences that do not overlap; the empty text stands before every character and at the end. */
function countOf(whole: string, part: string): number {
  if (part === '') return whole.length + 1;
  let count = 0;
  for (let at = whole.indexOf(part); at >= 0; at = whole.indexOf(part, at + part.length)) count++;
  return count;
}
