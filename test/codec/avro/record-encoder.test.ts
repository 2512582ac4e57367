import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SchemaMismatch } from '../../../src/codec/avro/mismatch.ts';
import { compileRecordEncoder } from '../../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../../src/codec/avro/schema.ts';
import { Output } from '../../../src/codec/output.ts';
import { Decimal } from '../../../src/decimal.ts';

type Fields = readonly object[];

function encoderOf(fields: Fields, overlayNames: readonly string[] = []) {
  const text = JSON.stringify({ type: 'record', name: 'R', fields });
  return { encoder: compileRecordEncoder(loadSchema(text, 'R'), { overlayNames, jsonText: JSON.stringify }), text };
}

/** Encodes with ours, decodes with avsc. */
function roundTrip(fields: Fields, value: unknown): unknown {
  const { encoder, text } = encoderOf(fields);
  const output = new Output(8);
  encoder.encode(output, value, []);
  const type = avro.Type.forSchema(JSON.parse(text) as avro.Schema);
  return { ...(type.fromBuffer(Buffer.from(output.written())) as object) };
}

function mismatchOf(fields: Fields, value: unknown): SchemaMismatch {
  const { encoder } = encoderOf(fields);
  const output = new Output(64);
  output.append(Buffer.from('before'));
  try {
    encoder.encode(output, value, []);
  } catch (thrown) {
    expect(output.written().toString()).toBe('before');
    if (thrown instanceof SchemaMismatch) return thrown;
    throw thrown;
  }
  throw new Error('It was encoded.');
}

const one = (type: unknown, more: object = {}) => [{ name: 'a', type, ...more }];

describe('record encoder', () => {
  it('writes the same bytes as avsc for whatever fits the schema', () => {
    const fields = [
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'd', type: 'double' },
      { name: 's', type: 'string' },
      { name: 'b', type: 'boolean' },
      { name: 'n', type: ['null', 'string'] },
      { name: 'list', type: { type: 'array', items: 'long' } },
      { name: 'e', type: { type: 'enum', name: 'E', symbols: ['up', 'down'] } },
      { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: 'x', type: ['double', 'null'] }] } },
    ];
    const { encoder, text } = encoderOf(fields);
    const type = avro.Type.forSchema(JSON.parse(text) as avro.Schema);
    // Past 2^52 avsc's doubles lose the last bit of the zig-zag form; the next test looks there.
    const long = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
    const values = fc.record({
      i: fc.integer(),
      l: long,
      d: fc.double(),
      s: fc.string({ unit: 'binary', maxLength: 60 }),
      b: fc.boolean(),
      n: fc.option(fc.string()),
      list: fc.array(long, { maxLength: 5 }),
      e: fc.constantFrom('up', 'down'),
      inner: fc.record({ x: fc.option(fc.double({ noNaN: true })) }),
    });
    fc.assert(
      fc.property(values, (value) => {
        const output = new Output(1);
        expect(encoder.encode(output, value, [])).toBe(0);
        expect(output.written().toString('hex')).toBe(type.toBuffer(value).toString('hex'));
      }),
    );
  });

  it('keeps every digit of a long, also beyond what a double holds', () => {
    for (const text of [
      '9223372036854775807',
      '-9223372036854775808',
      '4503599627370497',
      '-4503599627370497',
      '1e17',
    ]) {
      const { encoder } = encoderOf(one('long'));
      const output = new Output(16);
      encoder.encode(output, { a: new Decimal(text) }, []);
      expect(zigZag(output.written())).toBe(BigInt(new Decimal(text).toFixed(0)));
    }
    for (const number of [2 ** 52 + 1, -(2 ** 52) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 62]) {
      const output = new Output(16);
      encoderOf(one('long')).encoder.encode(output, { a: number }, []);
      expect(zigZag(output.written())).toBe(BigInt(number));
    }
    expect(mismatchOf(one('long'), { a: new Decimal('9223372036854775808') }).path).toBe('a');
    expect(mismatchOf(one('long'), { a: 1.5 }).message).toBe("field 'a': the number 1.5 is not a whole number");
  });

  it('refuses an int just past 32 bits and accepts the last one', () => {
    expect(roundTrip(one('int'), { a: 2_147_483_647 })).toEqual({ a: 2_147_483_647 });
    expect(roundTrip(one('int'), { a: -2_147_483_648 })).toEqual({ a: -2_147_483_648 });
    expect(mismatchOf(one('int'), { a: 2_147_483_648 }).path).toBe('a');
  });

  it('names the path of what does not fit, through records, arrays and maps', () => {
    const fields = one({
      type: 'array',
      items: { type: 'record', name: 'Item', fields: [{ name: 'by', type: { type: 'map', values: 'double' } }] },
    });
    const error = mismatchOf(fields, { a: [{ by: {} }, { by: { hall: 1, yard: 'warm' } }] });
    expect(error.message).toBe('field \'a[1].by.yard\': the string "warm" is not a number');
  });

  it('fills a missing field with its default, or null, and refuses it otherwise', () => {
    expect(roundTrip(one('long', { default: 7 }), {})).toEqual({ a: 7 });
    expect(roundTrip(one(['null', 'long']), {})).toEqual({ a: null });
    expect(roundTrip(one(['long', 'null'], { default: 3 }), {})).toEqual({ a: 3 });
    expect(roundTrip(one(['long', 'null'], { default: 3 }), { a: null })).toEqual({ a: null });
    expect(roundTrip(one('bytes', { default: '\u00ff' }), {})).toEqual({ a: Buffer.from([255]) });
    expect(mismatchOf(one('long'), {}).message).toBe("field 'a': it is missing and has no default");
    expect(mismatchOf(one('long'), { a: null }).message).toBe("field 'a': null is not a whole number");
  });

  it('counts the fields that the schema does not have, and leaves them out', () => {
    const { encoder } = encoderOf(one('long'));
    expect(encoder.encode(new Output(16), { b: 1, a: 2, c: 3 }, [])).toBe(2);
    expect(encoder.encode(new Output(16), { a: 2 }, [])).toBe(0);
  });

  it('treats __proto__ and constructor as names like any other', () => {
    const value: unknown = JSON.parse('{"__proto__": 5, "constructor": 6}');
    const fields = [
      { name: '__proto__', type: ['null', 'long'], default: null },
      { name: 'constructor', type: ['null', 'long'], default: null },
    ];
    const { encoder } = encoderOf(fields);
    const output = new Output(16);
    encoder.encode(output, value, []);
    expect([...output.written()]).toEqual([2, 10, 2, 12]);
    output.position = 0;
    expect(encoder.encode(output, {}, [])).toBe(0);
    expect([...output.written()]).toEqual([0, 0]);
  });

  it('chooses the branch of a union that fits', () => {
    const type = ['null', 'long', 'double', 'string', { type: 'array', items: 'long' }];
    for (const a of [null, 5, 5.5, 'five', [5]]) expect(unwrapped(roundTrip(one(type), { a }))).toEqual(a);
    expect(mismatchOf(one(['null', 'long', 'boolean']), { a: 'x' }).message).toContain('no branch of the union fits');
  });

  it('takes times as epoch milliseconds or as ISO 8601', () => {
    const millis = one({ type: 'long', logicalType: 'timestamp-millis' });
    const micros = one({ type: 'long', logicalType: 'timestamp-micros' });
    expect(roundTrip(millis, { a: 1_700_000_000_123 })).toEqual({ a: 1_700_000_000_123 });
    expect(roundTrip(millis, { a: '2023-11-14T22:13:20.123Z' })).toEqual({ a: 1_700_000_000_123 });
    expect(roundTrip(micros, { a: '2023-11-14T23:13:20.123456+01:00' })).toEqual({ a: 1_700_000_000_123_456 });
    expect(roundTrip(micros, { a: 1_700_000_000_123.5 })).toEqual({ a: 1_700_000_000_123_500 });
    expect(mismatchOf(millis, { a: '2023-11-14 22:13' }).message).toContain('is not a time');
    expect(mismatchOf(millis, { a: Number.NaN }).message).toContain('is not a time');
  });

  it('takes decimals that fit precision and scale', () => {
    const type = { type: 'bytes', logicalType: 'decimal', precision: 5, scale: 2 };
    expect(roundTrip(one(type), { a: 123.45 })).toEqual({ a: Buffer.from([0x30, 0x39]) });
    expect(roundTrip(one(type), { a: new Decimal('-1.28') })).toEqual({ a: Buffer.from([0x80]) });
    expect(roundTrip(one(type), { a: '1.27' })).toEqual({ a: Buffer.from([0x7f]) });
    expect(mismatchOf(one(type), { a: 1234.5 }).path).toBe('a');
    expect(mismatchOf(one(type), { a: 0.001 }).path).toBe('a');
  });

  it('takes bytes raw or as text of characters up to U+00FF, and fixed of the right length only', () => {
    expect(roundTrip(one('bytes'), { a: Uint8Array.of(1, 2) })).toEqual({ a: Buffer.from([1, 2]) });
    expect(roundTrip(one('bytes'), { a: 'ÿ' })).toEqual({ a: Buffer.from([255]) });
    expect(mismatchOf(one('bytes'), { a: 'Ā' }).path).toBe('a');
    const fixed = one({ type: 'fixed', name: 'F', size: 2 });
    expect(roundTrip(fixed, { a: 'ab' })).toEqual({ a: Buffer.from('ab') });
    expect(mismatchOf(fixed, { a: 'abc' }).path).toBe('a');
  });

  it('lets overlay values win over fields of the value', () => {
    const fields = [
      { name: 'a', type: 'long' },
      { name: 'gateway', type: 'string' },
    ];
    const { encoder } = encoderOf(fields, ['gateway']);
    const output = new Output(16);
    expect(encoder.encode(output, { a: 1, gateway: 'device says' }, ['g1'])).toBe(0);
    expect(output.written().toString('latin1')).toBe('\x02\x04g1');
  });

  it('encodes a record that contains itself', () => {
    const fields = one(['null', 'R']);
    const type = avro.Type.forSchema({ type: 'record', name: 'R', fields } as avro.Schema);
    const { encoder } = encoderOf(fields);
    const output = new Output(16);
    encoder.encode(output, { a: { a: { a: null } } }, []);
    expect(output.written().toString('hex')).toBe(type.toBuffer({ a: { a: { a: null } } }).toString('hex'));
  });

  it.each([[[]], ['text'], [null], [5], [Uint8Array.of(1)], [new Decimal(1)]])('refuses %j as a record', (value) => {
    expect(mismatchOf(one(['null', 'long']), value).message).toContain('is not an object');
  });
});

function unwrapped(value: unknown): unknown {
  const { a } = value as { a: unknown };
  return typeof a === 'object' && a !== null && !Array.isArray(a) ? Object.values(a)[0] : a;
}

function zigZag(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * i);
  return BigInt.asIntN(64, value & 1n ? -(value >> 1n) - 1n : value >> 1n);
}
