/** SQL values as JSON text. */
import { Decimal, formatNumber } from '../decimal.ts';
import { isArray } from './object.ts';
import type { Value, ValueObject } from './value.ts';

/**
 * Compact JSON. Decimals are bare digits, Undefined members are left out, Undefined elements are null, raw bytes are base64 text;
 * Undefined by itself is the empty string. Never throws: values are as deep as the decoder and the parser allow.
 */
export function serializeValue(value: Value): string {
  if (value === undefined) return '';
  return isPlain(value) ? JSON.stringify(value) : write(value);
}

/** Whether JSON.stringify, which is much faster than anything written in JavaScript, gives the text. */
function isPlain(value: Value): boolean {
  if (typeof value === 'number') return Math.abs(value) < 1e21 && (value === 0 || Math.abs(value) >= 1e-6);
  if (typeof value !== 'object' || value === null) return true;
  if (isArray(value)) return value.every(isPlain);
  if (value instanceof Decimal || value instanceof Uint8Array) return false;
  // A member `toJSON` is data; JSON.stringify asks for a function only. [ECMA-262 SerializeJSONProperty]
  for (const key of Object.keys(value)) {
    if (!isPlain((value as ValueObject)[key])) return false;
  }
  return true;
}

function write(value: Value): string {
  if (value === undefined) return 'null';
  if (typeof value === 'number') return Number.isFinite(value) ? formatNumber(value) : 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Decimal) return formatNumber(value);
  if (value instanceof Uint8Array) return JSON.stringify(base64Of(value));
  if (isArray(value)) return `[${value.map(write).join(',')}]`;
  return writeObject(value as ValueObject);
}

function writeObject(value: ValueObject): string {
  let text = '{';
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key)}:${write(member)}`;
  }
  return `${text}}`;
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
