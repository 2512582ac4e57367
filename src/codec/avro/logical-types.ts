/** Logical types that take more than their underlying type: timestamps from ISO texts, decimals from numbers. Others are left to the underlying type. */
import { Decimal } from '../../decimal.ts';
import type { Output } from '../output.ts';
import { mismatch } from './mismatch.ts';
import { writeBigLong, writeLong } from './primitives.ts';

/** An ISO 8601 instant: date, time, optional fraction, zone. Without a zone it would not be an instant. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,](\d{1,9}))?)?(?:Z|[+-]\d\d:?\d\d)$/;

export function encodeTimestampMillis(output: Output, value: unknown): void {
  writeLong(output, Math.floor(epochMs(value)));
}

/** A number is epoch milliseconds here too, as `timestamp()` returns them; its fraction is kept as microseconds. */
export function encodeTimestampMicros(output: Output, value: unknown): void {
  const ms = epochMs(value);
  const whole = Math.floor(ms);
  const fraction = typeof value === 'string' ? (INSTANT.exec(value)?.[1] ?? '') : '';
  const micros = fraction === '' ? Math.round((ms - whole) * 1000) : Number(fraction.padEnd(6, '0').slice(3, 6));
  writeBigLong(output, BigInt(whole) * 1000n + BigInt(micros));
}

function epochMs(value: unknown): number {
  const ms =
    value instanceof Decimal
      ? value.toNumber()
      : typeof value === 'string' && INSTANT.test(value)
        ? Date.parse(value.replace(',', '.'))
        : value;
  // Avro's long would hold more, but no reader's date type does. ECMA-262 21.4.1.1.
  if (typeof ms !== 'number' || !(Math.abs(ms) <= 8.64e15))
    throw mismatch('a time (epoch milliseconds, or ISO 8601 with a zone)', value);
  return ms;
}

/** Two's complement big-endian bytes of the unscaled value; `size` = 0 for as few bytes as it takes. */
export function decimalBytes(value: unknown, precision: number, scale: number, size: number): Buffer {
  const number =
    typeof value === 'number' ||
    value instanceof Decimal ||
    (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
      ? new Decimal(value)
      : null;
  if (number === null || !number.isFinite()) throw mismatch('a decimal number', value);
  if (number.decimalPlaces() > scale || number.precision(true) - number.decimalPlaces() > precision - scale)
    throw mismatch(`a decimal of ${precision} digits, ${scale} of them after the point`, value);
  const unscaled = BigInt(number.toFixed(scale).replace('.', ''));
  let length = 1;
  while (unscaled < -(1n << BigInt(length * 8 - 1)) || unscaled >= 1n << BigInt(length * 8 - 1)) length++;
  if (size > 0 && length > size) throw mismatch(`a decimal that fits ${size} bytes`, value);
  const bytes = Buffer.alloc(size > 0 ? size : length);
  let rest = unscaled;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
