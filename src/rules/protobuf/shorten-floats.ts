/**
 * Floats of 32 bits as the shortest decimals that mean them: the sensor's 21.3 and not the double next to it, 21.299999237060547, which
 * protobuf's own JSON printers, Java's among them, do not print either.
 */
import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { setMember } from '../object.ts';

/** ScalarType.FLOAT of the library, whose values are not loaded here. */
const FLOAT = 2;
/** Every float of 32 bits can be told by so many digits. (IEEE 754, binary32) */
const DIGITS_MAX = 9;

/** Changes `json`, which is a message of this type. */
export function shortenFloats(type: DescMessage, json: JsonValue): JsonValue {
  // A google.protobuf.FloatValue is a bare number.
  if (typeof json === 'number') return shortest(json);
  if (!isJsonObject(json)) return json;
  for (const field of floatFieldsOf(type)) {
    const value = Object.hasOwn(json, field.jsonName) ? json[field.jsonName] : undefined;
    if (value !== undefined) setMember(json, field.jsonName, shortenField(field, value));
  }
  return json;
}

/** Fields that are floats, or messages that may hold some. */
export function floatFieldsOf(type: DescMessage): readonly DescField[] {
  const known = floatFields.get(type);
  if (known !== undefined) return known;
  const fields = type.fields.filter((field) => {
    if (field.scalar === FLOAT) return true;
    return field.message !== undefined && reachableFrom(field.message).some(hasFloat);
  });
  floatFields.set(type, fields);
  return fields;
}

const floatFields = new WeakMap<DescMessage, readonly DescField[]>();

function hasFloat(type: DescMessage): boolean {
  return type.fields.some((field) => field.scalar === FLOAT);
}

/** Types refer to each other in circles. */
function reachableFrom(type: DescMessage): readonly DescMessage[] {
  const reached = new Set([type]);
  for (const next of reached) {
    for (const { message } of next.fields) if (message !== undefined) reached.add(message);
  }
  return [...reached];
}

function shortenField(field: DescField, value: JsonValue): JsonValue {
  const { message } = field;
  const shorten = (one: JsonValue): JsonValue => {
    if (message !== undefined) return shortenFloats(message, one);
    return typeof one === 'number' ? shortest(one) : one;
  };
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map(shorten);
  if (field.fieldKind === 'map' && isJsonObject(value)) {
    for (const [key, one] of Object.entries(value)) setMember(value, key, shorten(one));
    return value;
  }
  return shorten(value);
}

function shortest(float: number): number {
  if (Number.isSafeInteger(float)) return float;
  for (let digits = 1; digits < DIGITS_MAX; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(DIGITS_MAX));
}

function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
