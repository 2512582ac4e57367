/** What the gateway itself knows of a message and an action asked for: `delivery.fields`. */
import type { ActionPlan, MetadataName } from '../message.ts';
import { isObject, type MutableObject, memberOf, setMember } from '../rules/object.ts';
import type { Value } from '../rules/value.ts';
import type { LaneMessage } from './lane-message.ts';

export interface Metadata {
  /** Output fields, in the order of `values`. */
  readonly names: readonly string[];
  /** True: a value comes from the payload, which has to be decoded. */
  readonly needsDocument: boolean;
  /** The values for one message; the array is reused. */
  values(message: LaneMessage): readonly Value[];
  /** The same, with numbers so large that an inferred schema makes longs of them. */
  samples(message: LaneMessage): readonly Value[];
}

const LARGE = Number.MAX_SAFE_INTEGER;

export function compileMetadata(plan: ActionPlan, gatewayId: string): Metadata {
  const names = Object.keys(plan.fields);
  const path = plan.sourceTimePath === '' ? [] : plan.sourceTimePath.split('.');
  const kinds = Object.values(plan.fields);
  const readers = kinds.map((name) => reader(name, gatewayId, path));
  const values: Value[] = readers.map(() => undefined);
  return {
    names,
    needsDocument: path.length > 0 && kinds.includes('sourceTime'),
    values(message) {
      for (let i = 0; i < readers.length; i++) values[i] = readers[i]?.(message);
      return values;
    },
    samples(message) {
      return kinds.map((kind, i) => (kind === 'receiveTime' || kind === 'sequence' ? LARGE : readers[i]?.(message)));
    },
  };
}

/** `value` with the metadata added; values that are not objects stay as they are, having no fields. */
export function withMetadata(value: Value, names: readonly string[], values: readonly Value[]): Value {
  if (names.length === 0 || !isObject(value)) return value;
  const added: MutableObject = { ...value };
  for (let i = 0; i < names.length; i++) setMember(added, names[i] ?? '', values[i]);
  return added;
}

function reader(name: MetadataName, gatewayId: string, path: readonly string[]): (message: LaneMessage) => Value {
  switch (name) {
    case 'receiveTime':
      return (message) => message.timestamp;
    case 'sourceTime':
      return (message) => valueAt(message.document, path);
    case 'gatewayId':
      return () => gatewayId;
    case 'sequence':
      return (message) => message.sequence;
    case 'clientId':
      return (message) => message.sender().clientId;
    case 'topic':
      return (message) => message.topic;
  }
}

function valueAt(document: Value, path: readonly string[]): Value {
  let value = path.length === 0 ? undefined : document;
  for (const name of path) value = memberOf(value, name);
  return value;
}
