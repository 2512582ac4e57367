/** Array functions. */
import { isArray, isObject, setMember } from '../object.ts';
import { serializeValue } from '../serialize.ts';
import { isLonger } from '../size.ts';
import type { Value } from '../value.ts';
import { dynamic, type FunctionSpec } from './spec.ts';

/** AWS: "The maximum size of the payload returned by transform is 128 KiB." */
const TRANSFORM_BYTES_MAX = 131_072;

export const arrayFunctions: readonly FunctionSpec[] = [
  {
    name: 'transform',
    category: 'array',
    summary: "With mode 'enrichArray': the array, with the members of the object added to each of its objects.",
    since: '2016-03-23',
    params: [{ name: 'mode', literal: 'inAws' }, { name: 'object' }, { name: 'array' }],
    pure: true,
    examples: [
      {
        sql: "transform('enrichArray', {'key': 1}, [{'a': 3}, {'b': 4}])",
        result: '[{"a":3,"key":1},{"b":4,"key":1}]',
      },
    ],
    complain: ([mode]) => (mode === dynamic || mode === 'enrichArray' ? null : "The only mode is 'enrichArray'."),
    evaluate: ([mode, object, array]) => {
      if (mode !== 'enrichArray' || !isObject(object) || !isArray(array)) return undefined;
      // A large object in each of many elements is not even made.
      const copies = array.filter(isObject).length;
      if (copies > 0 && isLonger(object, TRANSFORM_BYTES_MAX / copies)) return undefined;
      const enriched = array.map((element) => enrich(element, object));
      if (isLonger(enriched, TRANSFORM_BYTES_MAX)) return undefined;
      return Buffer.byteLength(serializeValue(enriched)) > TRANSFORM_BYTES_MAX ? undefined : enriched;
    },
  },
];

/** Elements that are no objects have no members to add to, and stay as they are. */
function enrich(element: Value, object: { readonly [key: string]: Value }): Value {
  if (!isObject(element)) return element;
  const enriched: { [key: string]: Value } = { ...element };
  for (const [key, value] of Object.entries(object)) setMember(enriched, key, value);
  return enriched;
}
