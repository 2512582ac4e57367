/** Messages of protobuf as SQL values: protobuf's JSON mapping. https://protobuf.dev/programming-guides/json/ */
import type { FileRegistry } from '@bufbuild/protobuf';
import { JSON_DEPTH_MAX } from '../../json.ts';
import { isArray, isObject } from '../object.ts';
import { serializeValue } from '../serialize.ts';
import type { Value } from '../value.ts';
import type { FoundType } from './descriptor-set.ts';
import { protobuf } from './library.ts';
import { floatFieldsOf, shortenFloats } from './shorten-floats.ts';

/** AWS IoT Core, "Working with binary payloads", limitations of protobuf: of what goes in, and of the JSON that comes out. */
const MESSAGE_BYTES_MAX = 128 * 1024;
/** Nothing but names makes a field longer than this in JSON for a byte of the message: a timestamp of two bytes has 22. */
const GROWTH_WITHOUT_NAMES = 32;

export type ReadMessage = (bytes: Uint8Array) => Value;

/** A reader of messages of one type. It throws an Error for bytes that are no such message, or beyond the limits. */
export function createReader({ type, registry }: Extract<FoundType, { isFound: true }>): ReadMessage {
  const { fromBinary, toJson } = protobuf();
  const growthMax = growthOf(registry);
  const hasFloats = floatFieldsOf(type).length > 0;
  // Unknown fields have no name to appear under.
  const options = { readUnknownFields: false, recursionLimit: JSON_DEPTH_MAX };
  return (bytes) => {
    if (bytes.length > MESSAGE_BYTES_MAX) throw new Error(`${bytes.length} bytes are more than ${MESSAGE_BYTES_MAX}`);
    const json = toJson(type, fromBinary(type, bytes, options), { registry });
    const value: Value = hasFloats ? shortenFloats(type, json) : json;
    if (isDeeper(value, JSON_DEPTH_MAX)) throw new Error(`it nests deeper than ${JSON_DEPTH_MAX} levels`);
    if (bytes.length * growthMax > MESSAGE_BYTES_MAX && Buffer.byteLength(serializeValue(value)) > MESSAGE_BYTES_MAX) {
      throw new Error(`its JSON has more than ${MESSAGE_BYTES_MAX} bytes`);
    }
    return value;
  };
}

/** So many bytes of JSON come at most from a byte of a message: most messages are so short that nothing has to be measured. */
function growthOf(registry: FileRegistry): number {
  let nameBytesMax = 0;
  let enumBytesMax = 0;
  for (const type of registry) {
    if (type.kind === 'message') {
      for (const { jsonName } of type.fields) nameBytesMax = Math.max(nameBytesMax, jsonBytesOf(jsonName));
    } else if (type.kind === 'enum') {
      for (const { name } of type.values) enumBytesMax = Math.max(enumBytesMax, jsonBytesOf(name));
    }
  }
  return nameBytesMax + enumBytesMax + GROWTH_WITHOUT_NAMES;
}

function jsonBytesOf(name: string): number {
  return Buffer.byteLength(JSON.stringify(name));
}

function isDeeper(value: Value, levels: number): boolean {
  if (isArray(value)) return levels === 0 || value.some((element) => isDeeper(element, levels - 1));
  if (!isObject(value)) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
