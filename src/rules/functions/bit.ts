/** Bitwise functions: two's complement of any width. Fractions are rounded down. */
import { Decimal, settle } from '../../decimal.ts';
import { type Numeric, numericOf } from '../convert.ts';
import type { Value } from '../value.ts';
import type { FunctionSpec } from './spec.ts';

export const bitFunctions: readonly FunctionSpec[] = [
  ofBits('bitand', 'Bitwise AND.', (a, b) => a & b, '13, 5', '5'),
  ofBits('bitor', 'Bitwise OR.', (a, b) => a | b, '8, 5', '13'),
  ofBits('bitxor', 'Bitwise exclusive OR.', (a, b) => a ^ b, '13, 5', '8'),
  {
    name: 'bitnot',
    category: 'number',
    summary: "Bitwise negation in two's complement.",
    since: '2015-10-08',
    params: [{ name: 'x' }],
    pure: true,
    examples: [{ sql: 'bitnot(13)', result: '-14' }],
    evaluate: ([value]) => {
      const bits = bitsOf(value);
      return bits === undefined ? undefined : ofBigInt(~bits);
    },
  },
];

function ofBits(
  name: string,
  summary: string,
  combine: (left: bigint, right: bigint) => bigint,
  parameters: string,
  result: string,
): FunctionSpec {
  return {
    name,
    category: 'number',
    summary,
    since: '2015-10-08',
    params: [{ name: 'a' }, { name: 'b' }],
    pure: true,
    examples: [{ sql: `${name}(${parameters})`, result }],
    evaluate: ([left, right]) => {
      const first = bitsOf(left);
      const second = bitsOf(right);
      return first === undefined || second === undefined ? undefined : ofBigInt(combine(first, second));
    },
  };
}

/** Decimals reach 1E999; wider than Ints, bits mean nothing. */
const INT_DIGITS_MAX = 34;

function bitsOf(value: Value): bigint | undefined {
  const number: Numeric | undefined = numericOf(value);
  if (number === undefined) return undefined;
  if (Number.isSafeInteger(number)) return BigInt(Number(number));
  const whole = new Decimal(number).floor();
  return whole.e < INT_DIGITS_MAX ? BigInt(whole.toFixed()) : undefined;
}

function ofBigInt(value: bigint): Value {
  return settle(new Decimal(value.toString()).toSignificantDigits(INT_DIGITS_MAX));
}
