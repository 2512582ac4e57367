/** cast(value AS type): conversions on request ("Functions", cast). */
import { Decimal, settle } from '../decimal.ts';
import { booleanOf, numericOf, textOf } from './convert.ts';
import type { Value } from './value.ts';

export interface CastType {
  readonly since: '2015-10-08' | '2016-03-23';
  readonly convert: (value: Value) => Value;
}

const toText: CastType = { since: '2015-10-08', convert: textOf };
const toInt: CastType = { since: '2015-10-08', convert: intOf };
const toDouble: CastType = { since: '2015-10-08', convert: doubleOf };
const toDecimal: CastType = { since: '2016-03-23', convert: decimalOf };
const toBoolean: CastType = { since: '2016-03-23', convert: truthOf };

const castTypes: ReadonlyMap<string, CastType> = new Map([
  ['STRING', toText],
  ['NVARCHAR', toText],
  ['TEXT', toText],
  ['NTEXT', toText],
  ['VARCHAR', toText],
  ['INT', toInt],
  ['INTEGER', toInt],
  ['DOUBLE', toDouble],
  ['DECIMAL', toDecimal],
  ['BOOL', toBoolean],
  ['BOOLEAN', toBoolean],
]);

export function findCastType(name: string): CastType | undefined {
  return castTypes.get(name.toUpperCase());
}

/** A Boolean is 1 or 0. */
function decimalOf(value: Value): number | Decimal | undefined {
  return typeof value === 'boolean' ? Number(value) : numericOf(value);
}

function intOf(value: Value): Value {
  const number = decimalOf(value);
  if (number === undefined) return undefined;
  return typeof number === 'number' ? Math.floor(number) + 0 : settle(number.floor());
}

/** At double precision: 17 digits at most, and no more than 1.8E308. */
function doubleOf(value: Value): Value {
  const number = decimalOf(value);
  const double = number instanceof Decimal ? number.toNumber() : number;
  return double === undefined || Number.isFinite(double) ? double : undefined;
}

function truthOf(value: Value): Value {
  if (typeof value === 'number') return value !== 0;
  if (value instanceof Decimal) return !value.isZero();
  return booleanOf(value);
}
