/** Conversion and inspection of values. */
import { Decimal } from '../../decimal.ts';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { findCastType } from '../cast.ts';
import { floorOf, textOf } from '../convert.ts';
import { isArray, isObject, memberOf } from '../object.ts';
import type { Value } from '../value.ts';
import { dynamic, type FunctionSpec } from './spec.ts';

/** Has its own syntax; the compiler calls it with the value and the name of the type. */
export const castFunction: FunctionSpec = {
  name: 'cast',
  category: 'conversion',
  summary:
    'The value as another type, or Undefined. Types: String, Nvarchar, Text, Ntext, Varchar, Int, Integer, Double; from 2016-03-23 on also Decimal, Bool, Boolean. Booleans become 1 and 0, numbers other than 0 become true, and fractions are rounded down to Int.',
  since: '2015-10-08',
  params: [{ name: 'value AS type' }],
  pure: true,
  examples: [
    { sql: 'cast(true AS Int)', result: '1' },
    { sql: "cast('12.7' AS Int)", result: '12' },
    { sql: 'cast([1, 2] AS String)', result: '"[1,2]"' },
  ],
  evaluate: ([value, type]) => (typeof type === 'string' ? findCastType(type)?.convert(value) : undefined),
  prepare: ([, type]) => {
    const found = typeof type === 'string' ? findCastType(type) : undefined;
    return found === undefined ? null : ([value]) => found.convert(value);
  },
};

export const conversionFunctions: readonly FunctionSpec[] = [
  castFunction,
  {
    name: 'get',
    category: 'conversion',
    summary:
      'Element of an array or character of a string at a zero-based index, or member of an object by its exact name; Undefined when there is none.',
    since: '2015-10-08',
    params: [{ name: 'container' }, { name: 'key' }],
    pure: true,
    examples: [
      { sql: 'get(["a", "b", "c"], 1)', result: '"b"' },
      { sql: 'get({"a": "b"}, "a")', result: '"b"' },
      { sql: 'get("abc", 0)', result: '"a"' },
    ],
    evaluate: ([container, key]) => elementOf(container, key),
  },
  {
    name: 'get_or_default',
    category: 'conversion',
    summary: 'The first value, unless it is Null or Undefined: then the default, or Undefined without one.',
    since: '2016-03-23',
    params: [{ name: 'value' }, { name: 'default', isOptional: true }],
    pure: true,
    examples: [
      { sql: "get_or_default(missing, 'none')", result: '"none"' },
      { sql: "get_or_default(5, 'none')", result: '5' },
    ],
    evaluate: ([value, fallback]) => value ?? fallback,
  },
  {
    name: 'nanvl',
    category: 'conversion',
    summary: 'The first value, unless it is Null, Undefined or not a number (NaN): then the second.',
    since: '2015-10-08',
    params: [{ name: 'value' }, { name: 'otherwise' }],
    pure: true,
    examples: [{ sql: 'nanvl(8, 3)', result: '8' }],
    evaluate: ([value, otherwise]) => (isMissingNumber(value) ? otherwise : value),
  },
  {
    name: 'isNull',
    category: 'conversion',
    summary: 'Whether the value is Null. Undefined is not Null.',
    since: '2015-10-08',
    params: [{ name: 'value' }],
    pure: true,
    examples: [
      { sql: 'isNull(5)', result: 'false' },
      { sql: 'isNull(NULL)', result: 'true' },
    ],
    evaluate: ([value]) => value === null,
  },
  {
    name: 'isUndefined',
    category: 'conversion',
    summary: 'Whether the value is Undefined: a key that is missing, a conversion that failed. Null is not Undefined.',
    since: '2016-03-23',
    params: [{ name: 'value' }],
    pure: true,
    examples: [
      { sql: 'isUndefined(5)', result: 'false' },
      { sql: 'isUndefined(floor([1, 2, 3]))', result: 'true' },
    ],
    evaluate: ([value]) => value === undefined,
  },
  {
    name: 'encode',
    category: 'conversion',
    summary: "Base64 of the text of a value; `encode(*, 'base64')` encodes the payload byte by byte, whatever it is.",
    since: '2016-03-23',
    params: [{ name: 'value', takesPayload: true }, { name: 'scheme' }],
    pure: true,
    examples: [{ sql: "encode('hello', 'base64')", result: '"aGVsbG8="' }],
    complain: complainOfScheme,
    evaluate: ([value, scheme]) => {
      if (scheme !== 'base64') return undefined;
      if (value instanceof Uint8Array) return encodeBase64(value);
      const text = textOf(value);
      return text === undefined ? undefined : encodeBase64(Buffer.from(text));
    },
  },
  {
    name: 'decode',
    category: 'conversion',
    summary:
      "The JSON value that base64 text stands for, or else the text; Null for what is no base64 of UTF-8 text. `decode(value, 'proto', bucket, key, protoName, messageType)` decodes a protobuf message, `*` or base64 text, with a descriptor set that `connectors.descriptors` names, and fails the rule for what is no such message; twice per statement.",
    since: '2016-03-23',
    params: [{ name: 'value' }, { name: 'scheme' }],
    pure: true,
    examples: [
      { sql: "decode('aGVsbG8=', 'base64')", result: '"hello"' },
      { sql: "decode('eyJhIjoxfQ==', 'base64').a", result: '1' },
      { sql: "decode('%%%%', 'base64')", result: 'null' },
    ],
    // 'proto' is compiled by itself.
    complain: complainOfScheme,
    evaluate: ([value, scheme]) => {
      if (scheme !== 'base64' || value === undefined) return undefined;
      const text = value === null ? undefined : textOf(value);
      return text === undefined ? null : decodeBase64(text);
    },
  },
];

/** `get(container, key)`, and `container[key]`. */
export function elementOf(container: Value, key: Value): Value {
  if (isObject(container)) return typeof key === 'string' ? memberOf(container, key) : undefined;
  if (!isArray(container) && typeof container !== 'string') return undefined;
  const index = floorOf(key);
  // Array.prototype.at and negative indexes count from the end; SQL has no such thing.
  return index === undefined || index < 0 ? undefined : container[index];
}

function complainOfScheme([, scheme]: readonly (Value | typeof dynamic)[]): string | null {
  return scheme === dynamic || scheme === 'base64' ? null : "The only scheme is 'base64'.";
}

function isMissingNumber(value: Value): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'number' ? Number.isNaN(value) : value instanceof Decimal && value.isNaN();
}
