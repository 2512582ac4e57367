/**
 * SQL values. JSON's types map to JavaScript's; `undefined` is SQL's Undefined, distinct from `null`. Numbers are doubles while a
 * double holds them exactly as written, and Decimals (34 digits) otherwise. Objects are plain; their keys are data, whatever they spell.
 */
import type { Decimal } from '../decimal.ts';

export type Value =
  | undefined
  | null
  | boolean
  | number
  | string
  | Decimal
  | Uint8Array
  | readonly Value[]
  | ValueObject;

export interface ValueObject {
  readonly [key: string]: Value;
}
