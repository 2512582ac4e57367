import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../../src/codec/decode/json.ts';
import { Decimal } from '../../../src/decimal.ts';
import { times } from '../../support/effort.ts';

const V2 = '2016-03-23';

function decode(payload: Buffer | string, version = V2) {
  const bytes = Buffer.from(payload);
  return decodeJson(bytes, 0, bytes.length, version);
}

function documentOf(payload: Buffer | string, version = V2): unknown {
  const decoded = decode(payload, version);
  if (!decoded.isJson) throw new Error(decoded.reason);
  return decoded.document;
}

describe('decodeJson', () => {
  it('gives what JSON.parse gives, for any JSON with short numbers', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        if (/\d{16}|[eE]|\d\.\d{12}/.test(text)) return;
        expect(documentOf(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: times(100) },
    );
  });

  it('gives equal documents with and without the second reading', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify({ value, long: '#1' });
        const exact = documentOf(text.replace('"#1"', '12345678901234567890')) as { value: unknown; long: unknown };
        expect(exact.long).toEqual(new Decimal('12345678901234567890'));
        expect(JSON.stringify(exact.value)).toBe(JSON.stringify(JSON.parse(text).value));
      }),
      { numRuns: times(500) },
    );
  });

  it('decodes a part of a larger buffer', () => {
    const bytes = Buffer.from('xx{"a":1}yy');
    expect(decodeJson(bytes, 2, 9, V2)).toMatchObject({ isJson: true, document: { a: 1 } });
    expect(decodeJson(bytes, 2, 10, V2)).toMatchObject({ isJson: false, code: 'MESSAGE_NOT_JSON' });
  });

  it.each<[string, Buffer | string]>([
    ['an empty payload', ''],
    ['white space', '  '],
    ['text', 'hello'],
    ['two documents', '{}{}'],
    ['an open bracket', '[1,'],
    ['NaN', '[NaN]'],
    ['a leading zero', '[01]'],
    ['a raw line feed in a string', '["\n"]'],
    ['an invalid byte', Buffer.from([0x22, 0xff, 0x22])],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['long digits with a sign in the wrong place', '[12345678901234567890-1]'],
    ['a single quote mark', '"'],
    ['a backslash at the end', '"\\'],
  ])('takes %s for not JSON', (_, payload) => {
    expect(decode(payload)).toMatchObject({ isJson: false, code: 'MESSAGE_NOT_JSON' });
  });

  it('reads over a byte order mark', () => {
    expect(documentOf('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it('accepts 64 levels and no more', () => {
    expect(decode('['.repeat(64) + ']'.repeat(64)).isJson).toBe(true);
    expect(decode('['.repeat(65) + ']'.repeat(65))).toMatchObject({ isJson: false, code: 'MESSAGE_TOO_DEEP' });
    expect(decode(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`).isJson).toBe(true);
    expect(decode(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)).toMatchObject({ code: 'MESSAGE_TOO_DEEP' });
    expect(decode('[],'.repeat(100)).isJson).toBe(false);
    expect(decode(`["${'['.repeat(100)}"]`).isJson).toBe(true);
    expect(decode(`["\\"${'['.repeat(100)}"]`).isJson).toBe(true);
  });

  it('stops early in 100,000 levels', () => {
    const payload = '['.repeat(100_000) + ']'.repeat(100_000);
    const bytes = Buffer.from(payload);
    const start = performance.now();
    for (let i = 0; i < 1000; i++) expect(decodeJson(bytes, 0, bytes.length, V2).isJson).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'keeps %s as an own member, with and without long numbers',
    (name) => {
      for (const extra of ['1', '12345678901234567890']) {
        const document = documentOf(`{"${name}":{"polluted":1},"n":${extra}}`) as object;
        expect(Object.keys(document)).toEqual([name, 'n']);
        expect(Object.getPrototypeOf(document)).toBe(Object.prototype);
        expect((document as Record<string, unknown>)['polluted']).toBeUndefined();
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }
    },
  );

  it('gives plain numbers for whatever doubles print', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(documentOf(JSON.stringify([value]))).toEqual([value + 0]);
      }),
      { numRuns: times(500) },
    );
  });

  it('keeps the digits of long numbers', () => {
    const document = documentOf(
      '{"a":9007199254740993,"b":[0.12345678901234567890,-1.5],"c":"9007199254740993","9":1e-400}',
    );
    expect(document).toEqual({
      a: new Decimal('9007199254740993'),
      b: [new Decimal('0.1234567890123456789'), -1.5],
      c: '9007199254740993',
      9: new Decimal('1e-400'),
    });
  });

  it('has a value for numbers that are too large or too small', () => {
    expect(documentOf('[1e400,1e1000,1e-1000,1E+2,-0]')).toEqual([new Decimal('1e400'), undefined, 0, 100, -0]);
    expect(documentOf('1e308')).toBe(1e308);
  });

  it('lets the last of duplicate keys win', () => {
    expect(documentOf('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(documentOf('{"a":1,"a":12345678901234567890}')).toEqual({ a: new Decimal('12345678901234567890') });
  });

  it('leaves escaped lone surrogates as they are', () => {
    expect(documentOf('"\\ud800"')).toBe('\ud800');
  });

  it('tells where the form of a whole number differs between versions', () => {
    expect(decode('{"a":10.0}')).toMatchObject({ hasWholeDecimals: true, document: { a: 10 } });
    expect(decode('{"a":10.5,"b":"1.0"}')).toMatchObject({ hasWholeDecimals: false });
    expect(documentOf('{"a":10.0,"b":1E2,"c":10,"d":"1.0"}', '2015-10-08')).toEqual({
      a: new Decimal(10),
      b: new Decimal(100),
      c: 10,
      d: '1.0',
    });
  });

  it('never throws and reads no byte outside its range', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ':',
      ',',
      '1',
      '.',
      'e',
      '-',
      '12345678901234567890',
      'true',
      ' ',
      '€',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(V2, '2015-10-08'), (pieces, version) => {
        const text = pieces.join('');
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const bytes = Buffer.from(`"${text}"`);
        expect(decodeJson(bytes, 1, bytes.length - 1, version).isJson).toBe(isJson);
      }),
      { numRuns: times(3000) },
    );
  });
});
