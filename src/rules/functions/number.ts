/** Arithmetic functions. Decimal and numeric String are accepted wherever a number is; anything else gives Undefined. */
import { Decimal, settle } from '../../decimal.ts';
import { compareNumbers, negate, remainder } from '../arithmetic.ts';
import { floorOf, type Numeric, numericOf } from '../convert.ts';
import type { Value } from '../value.ts';
import { unitInterval } from './chance.ts';
import type { EvaluateCall, FunctionSpec } from './spec.ts';

const x = [{ name: 'x' }] as const;
const dividendAndDivisor = [{ name: 'dividend' }, { name: 'divisor' }] as const;

export const numberFunctions: readonly FunctionSpec[] = [
  {
    name: 'abs',
    category: 'number',
    summary: 'Absolute value.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [
      { sql: 'abs(-5)', result: '5' },
      { sql: 'abs("-5.123")', result: '5.123' },
    ],
    evaluate: ofNumber((value) => (compareNumbers(value, 0) < 0 ? negate(value) : value)),
  },
  {
    name: 'sign',
    category: 'number',
    summary: '-1, 0 or 1.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [
      { sql: 'sign(-7)', result: '-1' },
      { sql: 'sign(0)', result: '0' },
    ],
    evaluate: ofNumber((value) => compareNumbers(value, 0)),
  },
  {
    name: 'ceil',
    category: 'number',
    summary: 'The smallest Int that is not less.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [
      { sql: 'ceil(1.2)', result: '2' },
      { sql: 'ceil(-1.2)', result: '-1' },
    ],
    evaluate: ofNumber((value) => (typeof value === 'number' ? Math.ceil(value) + 0 : settle(value.ceil()))),
  },
  {
    name: 'floor',
    category: 'number',
    summary: 'The largest Int that is not greater.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [
      { sql: 'floor(1.2)', result: '1' },
      { sql: 'floor(-1.2)', result: '-2' },
    ],
    evaluate: ofNumber((value) => (typeof value === 'number' ? Math.floor(value) + 0 : settle(value.floor()))),
  },
  {
    name: 'round',
    category: 'number',
    summary: 'The nearest Int; halves go away from zero.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [
      { sql: 'round(1.2)', result: '1' },
      { sql: 'round(1.5)', result: '2' },
      { sql: 'round(-1.5)', result: '-2' },
    ],
    evaluate: ofNumber(round),
  },
  {
    name: 'trunc',
    category: 'number',
    summary: 'The number cut to so many decimal places, 0 to 34.',
    since: '2015-10-08',
    params: [{ name: 'x' }, { name: 'places' }],
    pure: true,
    examples: [
      { sql: 'trunc(2.3, 0)', result: '2' },
      { sql: 'trunc(2.888, 2)', result: '2.88' },
    ],
    evaluate: ([value, places]) => truncate(numericOf(value), floorOf(places)),
  },
  ...(['mod', 'remainder'] as const).map(
    (name): FunctionSpec => ({
      name,
      category: 'number',
      summary: 'Remainder of a division, as the operator `%`.',
      since: '2015-10-08',
      params: dividendAndDivisor,
      pure: true,
      examples: [{ sql: `${name}(8, 3)`, result: '2' }],
      evaluate: ofNumbers(remainder),
    }),
  ),
  {
    name: 'power',
    category: 'number',
    summary: 'The first number to the power of the second, in double precision.',
    since: '2015-10-08',
    params: [{ name: 'base' }, { name: 'exponent' }],
    pure: true,
    examples: [{ sql: 'power(2, 5)', result: '32' }],
    evaluate: ofNumbers((base, exponent) => finite(Number(base) ** Number(exponent))),
  },
  {
    name: 'sqrt',
    category: 'number',
    summary: 'Square root; Undefined for negative numbers.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [{ sql: 'sqrt(9)', result: '3' }],
    evaluate: ofDouble(Math.sqrt),
  },
  {
    name: 'exp',
    category: 'number',
    summary: 'e to the power of x.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [{ sql: 'exp(0)', result: '1' }],
    evaluate: ofDouble(Math.exp),
  },
  {
    name: 'ln',
    category: 'number',
    summary: 'Natural logarithm; Undefined for numbers that are not positive.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [{ sql: 'ln(1)', result: '0' }],
    evaluate: ofDouble(Math.log),
  },
  {
    name: 'log',
    category: 'number',
    summary: 'Logarithm to base 10; Undefined for numbers that are not positive.',
    since: '2015-10-08',
    params: x,
    pure: true,
    examples: [{ sql: 'log(100)', result: '2' }],
    evaluate: ofDouble(Math.log10),
  },
  {
    name: 'rand',
    category: 'number',
    summary: 'A number from 0 up to 1. It depends on the message alone, so that a replay yields the same.',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'rand() < 1', result: 'true' }],
    evaluate: (_, context) => unitInterval(context),
  },
];

/** A function of one number. */
function ofNumber(calculate: (value: Numeric) => Value): EvaluateCall {
  return ([value]) => {
    const number = numericOf(value);
    return number === undefined ? undefined : calculate(number);
  };
}

/** A function of two numbers. */
export function ofNumbers(calculate: (left: Numeric, right: Numeric) => Value): EvaluateCall {
  return ([left, right]) => {
    const first = numericOf(left);
    const second = numericOf(right);
    return first === undefined || second === undefined ? undefined : calculate(first, second);
  };
}

/** A function that AWS evaluates in double precision; Undefined where it has no finite value. */
export function ofDouble(calculate: (value: number) => number): EvaluateCall {
  return ofNumber((value) => finite(calculate(Number(value))));
}

/** Undefined instead of NaN and infinities. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value + 0 : undefined;
}

function round(value: Numeric): Value {
  if (typeof value !== 'number') return settle(value.toDecimalPlaces(0, Decimal.ROUND_HALF_UP));
  if (Number.isInteger(value)) return value;
  // Math.round takes halves up; a fraction has fewer than 53 bits before the point, so the sum below is exact where it matters.
  const whole = Math.trunc(value);
  return (Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole) + 0;
}

const PLACES_MAX = 34;

function truncate(value: Numeric | undefined, places: number | undefined): Value {
  if (value === undefined || places === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const kept = Math.min(Math.max(places, 0), PLACES_MAX);
  return settle(new Decimal(value).toDecimalPlaces(kept, Decimal.ROUND_DOWN));
}
