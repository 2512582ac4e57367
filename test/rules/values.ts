/** SQL values of every kind, for property tests. */
import fc from 'fast-check';
import { Decimal } from '../../src/decimal.ts';
import type { Value } from '../../src/rules/value.ts';

/** Names that mean something to JavaScript, and must mean nothing here. */
export const prototypeNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
  'toJSON',
] as const;

const key = fc.oneof(fc.constantFrom(...prototypeNames, 'a', 'b'), fc.string());

const interestingText = fc.constantFrom(
  ...[
    '',
    '0',
    '-1',
    '2.5',
    '1e400',
    '5E-12',
    'true',
    'FALSE',
    '(',
    'a{2,}',
    '[0-9]+',
    '$1',
    '$9',
    'base64',
    'aGVsbG8=',
    '%%%%',
  ],
  ...[
    'yyyy-MM-dd',
    "HH 'o''clock'",
    "'",
    '[',
    'UTC',
    'Europe/Berlin',
    '+25:00',
    '2021-01-01',
    'enrichArray',
    '\ud800',
    '€',
    '😀',
  ],
  ...prototypeNames,
);

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 34n), max: 10n ** 34n }), fc.integer({ min: -900, max: 900 }))
  .map(([digits, exponent]) => new Decimal(`${digits}e${exponent}`));

const scalar = fc.oneof(
  fc.constantFrom<Value>(undefined, null, true, false, 0, -0, 1, -1.5, 2 ** 53, 1e308, 5e-324, -1e21),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  decimal,
  fc.string(),
  interestingText,
  fc.uint8Array({ maxLength: 8 }),
);

export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => objectOf(entries)),
  ),
})).value;

/** As JSON.parse makes them: every key an own member. */
function objectOf(entries: readonly (readonly [string, Value])[]): Value {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Arrays and objects become immutable: whoever writes to them throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
