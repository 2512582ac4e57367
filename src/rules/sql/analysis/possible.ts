/**
 * What is known of an expression's value before any message is there: the kinds that it can have, as a set of bits, and its values
 * where there are few. Sets are never too small: what an expression can be is always among them.
 */
import { Decimal } from '../../../decimal.ts';
import { booleanOf, numericOf } from '../../convert.ts';
import type { Value } from '../../value.ts';
import type { Shape } from './shape.ts';

/** Strings are told apart by what operators make of them. */
export const kinds = {
  undefined: 1,
  null: 2,
  true: 4,
  false: 8,
  number: 16,
  numericText: 32,
  trueText: 64,
  falseText: 128,
  otherText: 256,
  array: 512,
  object: 1024,
  bytes: 2048,
} as const;

export const anyBoolean = kinds.true | kinds.false;
export const anyText = kinds.numericText | kinds.trueText | kinds.falseText | kinds.otherText;
/** Int, Decimal, and Strings that convert to them. */
export const anyNumeric = kinds.number | kinds.numericText;
/** What has a text: all but Null, Undefined and raw bytes. */
export const anyTextual = anyBoolean | kinds.number | anyText | kinds.array | kinds.object;
export const anyKind = kinds.undefined | kinds.null | anyTextual | kinds.bytes;

export interface Possible {
  readonly kinds: number;
  /** All values that it can have; null when there are too many to say. */
  readonly values: readonly Value[] | null;
  /** What samples had there; null when nothing is known. */
  readonly shape: Shape | null;
}

/** More values than this are described by their kinds. */
const VALUES_MAX = 16;

export const anything: Possible = ofKinds(anyKind);
export const onlyUndefined: Possible = { kinds: kinds.undefined, values: [undefined], shape: null };

export function ofKinds(set: number): Possible {
  return { kinds: set, values: null, shape: null };
}

export function ofValues(values: readonly Value[]): Possible {
  let set = 0;
  for (const value of values) set |= kindOf(value);
  return { kinds: set, values: values.length <= VALUES_MAX ? values : null, shape: null };
}

export function either(left: Possible, right: Possible): Possible {
  const values = left.values === null || right.values === null ? null : [...left.values, ...right.values];
  return {
    kinds: left.kinds | right.kinds,
    values: values !== null && values.length <= VALUES_MAX ? values : null,
    shape: left.shape === right.shape ? left.shape : null,
  };
}

/** The one value that it always has. */
export function constantOf(possible: Possible): { readonly value: Value } | null {
  return possible.values?.length === 1 ? { value: possible.values[0] } : null;
}

export function kindOf(value: Value): number {
  switch (typeof value) {
    case 'undefined':
      return kinds.undefined;
    case 'boolean':
      return value ? kinds.true : kinds.false;
    case 'number':
      return kinds.number;
    case 'string': {
      const boolean = booleanOf(value);
      if (boolean !== undefined) return boolean ? kinds.trueText : kinds.falseText;
      return numericOf(value) === undefined ? kinds.otherText : kinds.numericText;
    }
    default:
      if (value === null) return kinds.null;
      if (value instanceof Decimal) return kinds.number;
      if (value instanceof Uint8Array) return kinds.bytes;
      return Array.isArray(value) ? kinds.array : kinds.object;
  }
}

/** `a String or Undefined`. */
export function describeKinds(set: number): string {
  const names = [
    [anyBoolean, 'a Boolean'],
    [kinds.number, 'a number'],
    [anyText, 'a String'],
    [kinds.array, 'an Array'],
    [kinds.object, 'an Object'],
    [kinds.bytes, 'raw bytes'],
    [kinds.null, 'Null'],
    [kinds.undefined, 'Undefined'],
  ] as const;
  const found = names.filter(([mask]) => (set & mask) !== 0).map(([, name]) => name);
  const last = found.pop() ?? 'nothing';
  return found.length === 0 ? last : `${found.join(', ')} or ${last}`;
}
