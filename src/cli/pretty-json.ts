/** A SQL value as indented JSON, numbers with all their digits. */
import { isArray, isObject } from '../rules/object.ts';
import { serializeValue } from '../rules/serialize.ts';
import type { Value } from '../rules/value.ts';

/** `isSorted`: members by name, for texts that are compared. Undefined by itself is the empty text. */
export function prettyJson(value: Value, isSorted = false, indent = ''): string {
  const inner = `${indent}  `;
  if (isArray(value) && value.length > 0) {
    const items = value.map((item) => `${inner}${prettyJson(item, isSorted, inner) || 'null'}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (!isObject(value)) return serializeValue(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  if (names.length === 0) return '{}';
  if (isSorted) names.sort();
  const members = names.map((name) => `${inner}${JSON.stringify(name)}: ${prettyJson(value[name], isSorted, inner)}`);
  return `{\n${members.join(',\n')}\n${indent}}`;
}
