import type { JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors.ts';
import { CallFailed } from '../../../src/rules/external.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import { compileStatement } from '../../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../../src/rules/template.ts';
import type { Value } from '../../../src/rules/value.ts';
import { times } from '../../support/effort.ts';
import { contextOf, V2 } from '../context.ts';
import { encoded, telemetry, withoutImports, withoutJsonNames } from './telemetry.ts';

const options = { version: V2, descriptors: [telemetry, withoutImports, withoutJsonNames] };

const decoding = (value: string, file = 'plant/reading', type = 'Reading', key = 'plant.desc') =>
  `decode(${value}, 'proto', 'descriptors', '${key}', '${file}', '${type}')`;

function evaluate(expression: string, payload: Buffer | string): Value {
  const statement = compileStatement(`SELECT VALUE ${expression} FROM '#'`, options);
  return statement.evaluate(contextOf(payload)) as Value;
}

/** A reading that has `message`, another one, as its `extra`: each begins a depth of its own. */
function inAny(message: Buffer): Buffer {
  const any = Buffer.concat([delimited(1, Buffer.from('a/plant.Reading')), delimited(2, message)]);
  return delimited(12, any);
}

/** A field of bytes, of less than 16 KiB. */
function delimited(number: number, bytes: Buffer): Buffer {
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}

describe("decode with 'proto'", () => {
  const part = { deviceId: 'p1', temp: 21.3 };
  const reading: JsonValue = {
    deviceId: 'dev-1',
    temp: 21.3,
    exact: 0.1,
    count: '9007199254740993',
    total: '18446744073709551615',
    raw: 'AAEC/v8=',
    unit: 'CELSIUS',
    at: '2026-01-02T03:04:05.678Z',
    samples: [0.1, -2.7, 1.6777218e17, 1e-45],
    limits: { high: 80.1, __proto__x: 1 },
    part: { ...part, part },
    extra: { '@type': 'type.googleapis.com/plant.Reading', deviceId: 'inner' },
    ok: true,
    axis: [{ x: 1, load: 0.7 }, { load: 1.1 }],
    loss: 0.3,
    flags: [true, false],
  };

  it("gives protobuf's JSON, with floats as short as the device means them", () => {
    const value = JSON.parse(serializeValue(evaluate(decoding('*'), encoded(reading))));
    expect(value).toEqual(reading);
  });

  it('derives names that the set does not give', () => {
    const value = evaluate(decoding('*', 'plant/reading', 'Reading', 'unnamed.desc'), encoded(part));
    expect(value).toEqual(part);
  });

  it('leaves out what is not set', () => {
    expect(evaluate(decoding('*'), Buffer.alloc(0))).toEqual({});
    expect(evaluate(decoding('*'), encoded({ temp: 0, unit: 'UNKNOWN', samples: [] }))).toEqual({});
  });

  it('gives what is not a finite number by name, and numbers of enums that have none', () => {
    expect(evaluate(decoding('*'), encoded({ temp: 'NaN', exact: '-Infinity' }))).toEqual({
      temp: 'NaN',
      exact: '-Infinity',
    });
    expect(evaluate(decoding('*'), Buffer.from([7 << 3, 9]))).toEqual({ unit: 9 });
  });

  it('walks into the result, and reads base64 text as well', () => {
    const payload = encoded(reading);
    expect(evaluate(`${decoding('*')}.part.part.temp`, payload)).toBe(21.3);
    expect(evaluate(`${decoding("encode(*, 'base64')")}.unit`, payload)).toBe('CELSIUS');
    expect(evaluate(decoding('data'), JSON.stringify({ data: encoded(part).toString('base64') }))).toEqual(part);
  });

  it.each([
    ['plant/reading.proto', 'Reading', { deviceId: 'a' }],
    ['plant/reading', 'plant.Reading', { deviceId: 'a' }],
    ['google/protobuf/wrappers', 'StringValue', 'a'],
  ])('finds in %s the type %s', (file, type, expected) => {
    expect(evaluate(decoding('*', file, type), encoded({ deviceId: 'a' }))).toEqual(expected);
  });

  it.each(['Reading.Axis', 'plant.Reading.Axis'])('finds the type within a type %s', (type) => {
    const payload = encoded({ load: 0.7 }, 'plant.Reading.Axis');
    expect(evaluate(decoding('*', 'plant/reading', type), payload)).toEqual({ load: 0.7 });
  });

  it('does not need JSON, nor asks anybody', () => {
    const statement = compileStatement(`SELECT ${decoding('*')}.temp AS t FROM '#'`, options);
    expect(statement).toMatchObject({ needsDocument: false, callsExternal: false });
  });

  it.each<[string, string, Buffer | string]>([
    ['what is no such message', decoding('*'), Buffer.from([0xff])],
    ['a message that breaks off', decoding('*'), encoded(reading).subarray(0, 40)],
    ['text that is no UTF-8', decoding('*'), Buffer.from([0x0a, 0x01, 0xff])],
    [
      'a type that the set does not have',
      decoding('*'),
      Buffer.concat([Buffer.from([0x62, 6, 0x0a, 4]), Buffer.from('a/b.')]),
    ],
    ['what is no base64', decoding('data'), '{"data":"%%%%"}'],
    ['what is no text', decoding('data'), '{"data":5}'],
    ['what is missing', decoding('data'), '{}'],
  ])('fails for %s, and get_or_default swallows it', (_, expression, payload) => {
    expect(() => evaluate(expression, payload)).toThrow(CallFailed);
    expect(() => evaluate(expression, payload)).toThrow(/^decode: The value is not /);
    expect(evaluate(`get_or_default(${expression}.temp, 'none')`, payload)).toBe('none');
  });

  it('takes 128 KiB and no more, in and out', () => {
    const name = 5;
    const message = (bytes: number) => encoded({ deviceId: 'a'.repeat(bytes) });
    const most = message(131_072 - name);
    expect(most.length).toBe(131_072 - 1);
    // {"deviceId":"…"} is longer than the message around the same text.
    expect(() => evaluate(decoding('*'), most)).toThrow('its JSON has more than 131072 bytes');
    expect(serializeValue(evaluate(decoding('*'), message(131_072 - 15))).length).toBe(131_072);
    expect(() => evaluate(decoding('*'), message(131_072 - 14))).toThrow('its JSON has more than 131072 bytes');
    expect(() => evaluate(decoding('*'), message(131_073))).toThrow('131077 bytes are more than 131072');
    // A byte each, and six in JSON.
    const flags = encoded({ flags: new Array(30_000).fill(false) });
    expect(() => evaluate(decoding('*'), flags)).toThrow('its JSON has more than 131072 bytes');
  });

  it('takes no messages that nest too deep', () => {
    const nested = (levels: number): JsonValue => (levels === 1 ? {} : { part: nested(levels - 1) });
    expect(() => evaluate(decoding('*'), encoded(nested(64)))).not.toThrow();
    expect(() => evaluate(decoding('*'), encoded(nested(66)))).toThrow(CallFailed);
    let any: Buffer = Buffer.alloc(0);
    for (let level = 0; level < 65; level++) any = inAny(any);
    expect(() => evaluate(decoding('*'), any)).toThrow('it nests deeper than 64 levels');
  });

  it('gives an object or fails, whatever the bytes are', () => {
    const statement = compileStatement(`SELECT VALUE ${decoding('*')} FROM '#'`, options);
    const whole = encoded(reading);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
        const damaged = new Uint8Array(whole);
        damaged[at] = byte;
        return damaged;
      }),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        try {
          expect(typeof statement.evaluate(contextOf(Buffer.from(payload)))).toBe('object');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CallFailed);
        }
      }),
      { numRuns: times(500) },
    );
  });
});

describe("the check of decode with 'proto'", () => {
  function findingsOf(expression: string, descriptors = options.descriptors) {
    try {
      compileStatement(`SELECT ${expression} AS a FROM '#'`, { version: V2, descriptors });
    } catch (error) {
      if (error instanceof CodedError) return error.findings;
      throw error;
    }
    return [];
  }

  it.each([
    [
      decoding('*', 'plant/reading', 'Reading', 'plan.desc'),
      'CONFIG_REFERENCE_UNKNOWN',
      /connectors\.descriptors.*Did you mean 's3:\/\/descriptors\/plant\.desc'\?$/,
      "'plan.desc'",
    ],
    [
      decoding('*', 'plant/redding'),
      'CONFIG_REFERENCE_UNKNOWN',
      /has no file 'plant\/redding'\. Did you mean 'plant\/reading'\?$/,
      "'plant/redding'",
    ],
    [
      decoding('*', 'plant/reading', 'Readng'),
      'CONFIG_REFERENCE_UNKNOWN',
      /has no message type 'Readng'\. Did you mean 'Reading'\?$/,
      "'Readng'",
    ],
    [
      decoding('*', 'plant/units', 'Reading'),
      'CONFIG_REFERENCE_UNKNOWN',
      /has no message type 'Reading'\.$/,
      "'Reading'",
    ],
    [
      decoding('*', 'plant/reading', 'Reading', 'alone.desc'),
      'CONFIG_VALUE_INVALID',
      /cannot be read: .*include_imports/,
      "'alone.desc'",
    ],
    ["decode(*, 'proto', 'b', 'k', 'p')", 'SQL_ARGUMENTS', /takes 6 parameters.*, not 5\.$/, 'decode'],
    ["decode(*, 'proto')", 'SQL_ARGUMENTS', /takes 6 parameters.*, not 2\.$/, 'decode'],
    [
      "decode(*, scheme, 'descriptors', 'plant.desc', 'plant/reading', 'Reading')",
      'SQL_ARGUMENTS',
      /takes literals/,
      'scheme',
    ],
    [
      "decode(*, 'proto', 'descriptors', 'plant.desc', 'plant/reading', type)",
      'SQL_ARGUMENTS',
      /takes literals/,
      'type',
    ],
    [`get_or_default(a, ${decoding('*')})`, 'SQL_ARGUMENTS', /the default of get_or_default\(\) must not/, 'decode'],
    [`[${decoding('*')}, ${decoding('a')}, ${decoding('b')}]`, 'SQL_ARGUMENTS', /2 times in a statement/, 'decode(b'],
  ])('refuses %s', (expression, code, message, at) => {
    const findings = findingsOf(expression);
    expect(findings).toMatchObject([{ code, message: expect.stringMatching(message), severity: 'error' }]);
    expect(findings[0]?.column).toBe(`SELECT ${expression}`.indexOf(at) + 1);
  });

  it('refuses descriptor sets that AWS would not take', () => {
    const bytes = new Uint8Array(32 * 1024 + 1);
    const [finding] = findingsOf(decoding('*'), [{ ...telemetry, bytes }]);
    expect(finding).toMatchObject({ code: 'CONFIG_VALUE_INVALID', message: expect.stringMatching(/32769 bytes/) });
    const garbage = findingsOf(decoding('*'), [{ ...telemetry, bytes: Buffer.from('syntax = "proto3";') }]);
    expect(garbage).toMatchObject([{ code: 'CONFIG_VALUE_INVALID' }]);
  });

  it('allows two calls, and two values', () => {
    expect(findingsOf(`[${decoding('*')}, ${decoding('a')}]`)).toEqual([]);
  });

  it('knows nothing without a list of descriptor sets; then the call fails', () => {
    const statement = compileStatement(`SELECT ${decoding('*')} AS a FROM '#'`, { version: V2 });
    expect(() => statement.evaluate(contextOf('{}'))).toThrow(/^decode: No descriptor set is configured/);
  });

  it('refuses it in templates, where a variable of the statement may stand for it', () => {
    expect(() => compileTemplate(`x/\${${decoding('*')}.temp}`, options)).toThrow(/cannot stand in a template/);
    const sql = `SET @d = ${decoding('*')} SELECT @d.temp AS t FROM '#'`;
    const template = compileTemplate('x/${@d.deviceId}', { ...options, sql });
    expect(template.render(contextOf(encoded({ deviceId: 'a' })))).toBe('x/a');
  });
});
