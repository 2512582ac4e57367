import { describe, expect, it } from 'vitest';
import { loadSchema, parseSchema } from '../../../src/codec/avro/schema.ts';

const record = '{"type":"record","name":"R","namespace":"plant","fields":[{"name":"a","type":"long"}]}';

describe('Avro schema', () => {
  it('is identified by its text, whatever the white space', () => {
    const spaced = JSON.stringify(JSON.parse(record), null, 4);
    expect(loadSchema(spaced, 'x').id).toBe(loadSchema(record, 'x').id);
    expect(loadSchema(spaced, 'x').id).toMatch(/^[0-9a-f]{32}$/);
    expect(loadSchema(record, 'x').name).toBe('plant.R');
    const otherDefault = record.replace('"long"', '"long","default":1');
    expect(loadSchema(otherDefault, 'x').id).not.toBe(loadSchema(record, 'x').id);
  });

  it('tells the place of a syntax error', () => {
    const { schema, findings } = parseSchema('{\n  "type": "record",\n  oops\n}', 'a.avsc');
    expect(schema).toBeNull();
    expect(findings[0]).toMatchObject({ code: 'CONFIG_SYNTAX', file: 'a.avsc', line: 3, column: 3 });
  });

  it.each([
    ['"long"', 'write a record'],
    ['{"type":"record","name":"R","fields":[{"name":"a","type":"lnog"}]}', 'lnog'],
    ['{"type":"record","name":"R","fields":[{"name":"a b","type":"long"}]}', 'a b'],
    ['{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":"x"}]}', 'default'],
    ['{"type":"record","name":"R"}', 'fields'],
    ['null', 'not an Avro schema'],
  ])('refuses %s', (text, why) => {
    const { schema, findings } = parseSchema(text, 'a.avsc');
    expect(schema).toBeNull();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: 'SCHEMA_INVALID', severity: 'error' });
    expect(findings[0]?.message).toContain(why);
  });
});
