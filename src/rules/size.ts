/**
 * Bounds of what a message can grow to. Values share their parts, so that a statement makes arrays of a million large objects in no time;
 * whoever writes them out pays. These are asked before that.
 */
import { Decimal } from '../decimal.ts';
import { isArray } from './object.ts';
import type { Value, ValueObject } from './value.ts';

/** Texts, and results as JSON text, in UTF-16 units: what is longer is no message any more. */
export const TEXT_CHARACTERS_MAX = 16_777_216;

/** Whether the value has more than `charactersMax` characters as JSON. Counts no further than that, and a little less than there are. */
export function isLonger(value: Value, charactersMax: number): boolean {
  return roomAfter(value, charactersMax) < 0;
}

/** What is left of `room` when the value is written, at the most; negative when it does not fit. */
export function roomAfter(value: Value, room: number): number {
  if (typeof value === 'string') return room - value.length - 2;
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return room - 1;
  if (value instanceof Uint8Array) return room - value.length;
  let left = room - 2;
  if (isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = roomAfter(value[i], left);
    return left;
  }
  for (const key of Object.keys(value)) {
    const member = (value as ValueObject)[key];
    if (member !== undefined) left = roomAfter(member, left - key.length - 3);
    if (left < 0) break;
  }
  return left;
}
