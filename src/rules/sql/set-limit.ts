import { Decimal } from '../../decimal.ts';
import { isArray } from '../object.ts';
import { serializeValue } from '../serialize.ts';
import type { Value, ValueObject } from '../value.ts';
import type { Expression } from './ast.ts';
import type { Evaluate, Frame } from './frame.ts';

/** AWS IoT, "SET clause", limits: of each value and of all together, as minified JSON in UTF-8. */
export const SET_BYTES_MAX = 128 * 1024;
/** A number of at most 34 digits with sign, point and exponent; true, false, null. */
const SCALAR_BYTES_MAX = 42;
/** A UTF-16 unit that is escaped. */
const CHARACTER_BYTES_MAX = 6;
/** Minified JSON is longer than what the device wrote where `1E33,` becomes 34 digits and a comma, and nowhere by more. */
const PAYLOAD_GROWTH_MAX = 9;
/** A part of the payload is measured only when ten of them could be too large. */
const PAYLOAD_BYTES_UNMEASURED = SET_BYTES_MAX / 10 / PAYLOAD_GROWTH_MAX;

/** The SET variables of a statement grew beyond AWS's limit, which fails the rule for this message. */
class VariablesTooLarge extends Error {
  constructor(bytes: number) {
    super(`The SET variables have ${bytes} bytes as JSON; AWS IoT allows ${SET_BYTES_MAX}.`);
    this.name = 'VariablesTooLarge';
  }
}

export interface Variable {
  readonly slot: number;
  readonly evaluate: Evaluate;
  /** Its value is a part of the payload, so that the payload's size bounds it. */
  readonly isOfPayload: boolean;
}

/**
 * Assigns the variables, in order. Common sizes are told from an upper bound, without looking at every character; one that is too large
 * ends it at once, before others are made of it. @throws VariablesTooLarge
 */
export function assignVariables(frame: Frame, variables: readonly Variable[]): void {
  let bytesMax = 0;
  for (let i = 0; i < variables.length; i++) {
    const { slot, evaluate, isOfPayload } = variables[i] as Variable;
    const value = evaluate(frame);
    frame.slots[slot] = value;
    bytesMax += bytesAtMost(value, isOfPayload ? frame : null);
    if (bytesMax > SET_BYTES_MAX) bytesMax = measured(frame, variables.slice(0, i + 1));
  }
}

function measured(frame: Frame, variables: readonly Variable[]): number {
  let bytes = 0;
  for (const { slot } of variables) bytes += Buffer.byteLength(serializeValue(frame.slots[slot]));
  if (bytes > SET_BYTES_MAX) throw new VariablesTooLarge(bytes);
  return bytes;
}

export function isOfPayload(expression: Expression): boolean {
  switch (expression.kind) {
    case 'star':
    case 'name':
      return true;
    case 'member':
    case 'index':
      return isOfPayload(expression.object);
    default:
      return false;
  }
}

function bytesAtMost(value: Value, frame: Frame | null): number {
  if (typeof value === 'string') return value.length * CHARACTER_BYTES_MAX + 2;
  if (typeof value !== 'object' || value === null || value instanceof Decimal) return SCALAR_BYTES_MAX;
  if (frame !== null) {
    const { length } = frame.context.payload;
    if (length <= PAYLOAD_BYTES_UNMEASURED) return length * PAYLOAD_GROWTH_MAX;
  }
  // Base64 text.
  if (value instanceof Uint8Array) return value.length * 2 + 4;
  let bytes = 2;
  if (isArray(value)) {
    for (const element of value) bytes += bytesAtMost(element, null) + 1;
    return bytes;
  }
  for (const key of Object.keys(value)) {
    bytes += key.length * CHARACTER_BYTES_MAX + 4 + bytesAtMost((value as ValueObject)[key], null);
  }
  return bytes;
}
