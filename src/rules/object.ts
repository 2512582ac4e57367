/** Access to SQL objects. Their keys are data: `__proto__` or `constructor` in a payload names a member and never a prototype. */
import { Decimal } from '../decimal.ts';
import type { Value, ValueObject } from './value.ts';

/** An object under construction; only its maker may hold it as this. */
export interface MutableObject {
  [key: string]: Value;
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isObject(value: Value): value is ValueObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Decimal) &&
    !(value instanceof Uint8Array)
  );
}

/** The member `name`; Undefined when `value` is no object or has none of that name. */
export function memberOf(value: Value, name: string): Value {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** One of each kind of value that JavaScript itself gives members to. */
const samples: readonly object[] = [{}, [], new Decimal('1.5'), Buffer.alloc(1)];

/**
 * Whether only an object's own member can have this name: it is none of JavaScript's own, such as `constructor` or `length`, and no
 * position in an array. Costly: for names that are known when a rule is loaded.
 */
export function isOrdinary(name: string): boolean {
  return !/^\d+$/.test(name) && !samples.some((sample) => name in sample);
}

/** `memberOf` for an ordinary name, at a third of its cost. */
export function ordinaryMemberOf(value: Value, name: string): Value {
  return typeof value === 'object' && value !== null ? (value as ValueObject)[name] : undefined;
}

/** Sets an own member. A plain assignment of `__proto__` would change the prototype instead. */
export function setMember(object: MutableObject, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}

/**
 * Sets the member at a path, making objects on the way. Those that are there already are copied, because they may belong to the
 * payload; not so if `isOwn`: then this function made all of them.
 */
export function setMemberAt(object: MutableObject, path: readonly string[], value: Value, isOwn = false): void {
  let target = object;
  const last = path.length - 1;
  for (let i = 0; i < last; i++) {
    const name = path[i] as string;
    const existing = memberOf(target, name);
    let next: MutableObject;
    if (isOwn && existing !== undefined) next = existing as MutableObject;
    else {
      next = isObject(existing) ? { ...existing } : {};
      setMember(target, name, next);
    }
    target = next;
  }
  setMember(target, path[last] as string, value);
}
