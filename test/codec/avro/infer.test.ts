import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerHeader, syncMarker, writeBlock } from '../../../src/codec/avro/container.ts';
import { inferSchema } from '../../../src/codec/avro/infer.ts';
import { readContainer } from '../../../src/codec/avro/read-container.ts';
import { compileRecordEncoder } from '../../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../../src/codec/avro/schema.ts';
import { Output } from '../../../src/codec/output.ts';
import { Decimal } from '../../../src/decimal.ts';
import { times } from '../../support/effort.ts';

const options = { name: 'R', smallIntegers: 'long' } as const;

function typesOf(samples: unknown[], smallIntegers: 'long' | 'double' = 'long'): Record<string, unknown> {
  const text = inferSchema(samples, { name: 'R', smallIntegers }) ?? '';
  loadSchema(text, 'inferred');
  const { fields } = JSON.parse(text) as { fields: { name: string; type: [string, unknown] }[] };
  return Object.fromEntries(fields.filter(({ name }) => name !== 'extra').map(({ name, type }) => [name, type[1]]));
}

async function roundTrip(samples: unknown[], values: unknown[]): Promise<Record<string, unknown>[]> {
  const schema = loadSchema(inferSchema(samples, options) ?? '', 'inferred');
  const encoder = compileRecordEncoder(schema, { overlayNames: [], jsonText: JSON.stringify });
  const file = new Output(64);
  file.append(containerHeader(schema, 'null'));
  const records = new Output(64);
  for (const value of values) encoder.encode(records, value, []);
  writeBlock(file, values.length, records.written(), 'null', syncMarker(schema.id, 'null'));
  const read: Record<string, unknown>[] = [];
  for await (const record of readContainer(file.written())) read.push({ ...(record as Record<string, unknown>) });
  return read;
}

describe('schema inference', () => {
  it('widens long to double and mixed types to JSON texts', () => {
    const jsonText = { type: 'string', 'headgate.json': true };
    expect(
      typesOf([
        { a: 1, b: 1, c: 1, d: true },
        { a: 2, b: 2.5, c: 'x', d: null },
      ]),
    ).toEqual({
      a: 'long',
      b: 'double',
      c: jsonText,
      d: 'boolean',
    });
  });

  it('makes doubles of small whole numbers where a few samples decide for good', () => {
    expect(typesOf([{ a: 20, at: 1_700_000_000_000 }], 'double')).toEqual({ a: 'double', at: 'long' });
  });

  it('keeps whole numbers that neither long nor double holds as texts', () => {
    const jsonText = { type: 'string', 'headgate.json': true };
    const big = { a: new Decimal('92233720368547758070123456789'), b: new Decimal('9007199254740993'), c: 1e20 };
    expect(typesOf([big])).toEqual({ a: jsonText, b: 'long', c: 'double' });
  });

  it('makes doubles of fractions, however many digits a division gave them', async () => {
    const celsius = new Decimal(71).minus(32).times(5).div(9);
    expect(celsius.toString().length).toBeGreaterThan(30);
    expect(typesOf([{ celsius }])).toEqual({ celsius: 'double' });
    const [record] = await roundTrip([{ celsius }], [{ celsius }]);
    expect(record?.['celsius']).toBe(39 * (5 / 9));
  });

  it('catches fields that the samples did not show', async () => {
    const [record] = await roundTrip([{ a: 1, in: { x: 1 } }], [{ a: 2, in: { x: 2, y: [3] }, b: { c: 'x' }, d: 4 }]);
    expect(record).toMatchObject({ a: 2, extra: { b: '{"c":"x"}', d: '4' } });
    expect(record?.['in']).toMatchObject({ x: 2, extra: { y: '[3]' } });
  });

  it('replaces names that Avro does not allow and reads the payload by the old ones', async () => {
    const sample = JSON.parse('{"°C":1.5,"2nd":"b","a-b":1,"a_b":2,"extra":3,"__proto__":4}') as unknown;
    const [record] = await roundTrip([sample], [sample]);
    expect(record).toMatchObject({ _C: 1.5, _2nd: 'b', a_b: 1, a_b_2: 2, extra: 3, extra_2: null, _proto_: 4 });
  });

  it('leaves out nothing, whatever the samples: every field comes back', async () => {
    const leaf = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
    );
    const value = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.oneof(
        leaf,
        fc.array(leaf, { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 4 }), leaf, { maxKeys: 3 }),
      ),
      { maxKeys: 6 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 4 }), async (samples) => {
        const records = await roundTrip(samples, samples);
        expect(records).toHaveLength(samples.length);
        for (const [i, record] of records.entries()) {
          const written = Object.values(samples[i] ?? {}).filter((member) => member !== null).length;
          const extra = Object.keys((record['extra'] ?? {}) as object).length;
          expect(Object.values(record).filter((member) => member !== null).length).toBeGreaterThanOrEqual(
            written - extra,
          );
        }
      }),
      { numRuns: times(200) },
    );
  });

  it('has nothing to say about samples that are no objects', () => {
    expect(inferSchema([1, 'x', null, [1]], options)).toBeNull();
  });
});
