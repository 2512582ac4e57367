import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readYaml, validate } from '../src/yaml-document.ts';

const schema = z.strictObject({
  sql: z.string(),
  actions: z.array(z.unknown()),
  ruleDisabled: z.boolean().optional(),
  qos: z.union([z.literal(0), z.literal(1)]).optional(),
  format: z.enum(['RAW', 'JSON']).optional(),
  delivery: z.strictObject({ seconds: z.int() }).optional(),
});

function messages(text: string): string[] {
  const { sources, findings } = readYaml('rule.yaml', text);
  const [source] = sources;
  const found = source === undefined ? findings : validate(source, source.data, schema).findings;
  return found.map(({ line, message }) => `${line} ${message}`);
}

describe('messages about a document', () => {
  it('says that a key is missing', () => {
    expect(messages('actions: []\n')).toEqual(['1 "sql" is missing.']);
  });

  it('says what was expected and what kind of thing was found, and never the value', () => {
    expect(messages("sql: 5\nactions: { republish: {} }\nruleDisabled: 's3cret'\ndelivery:\n")).toEqual([
      '1 Expected a text, found a number.',
      '2 Expected a list, found a map.',
      '3 Expected true or false, found a text.',
      '4 Expected a map, found nothing.',
    ]);
  });

  it('names all choices, those of a union too', () => {
    expect(messages("sql: x\nactions: []\nqos: '1'\nformat: XML\n")).toEqual([
      '3 Expected 0 or 1.',
      '4 Expected "RAW" or "JSON".',
    ]);
  });

  it('advises a block for a text whose quotes or colons YAML misreads, and says it once a line', () => {
    expect(messages("sql: 'SELECT * FROM 'a/b''\n")).toEqual([
      expect.stringMatching(/^1 Unexpected scalar at node end\. .*">-" after its key/),
    ]);
    expect(messages("sql: SELECT {'a': 1} AS x FROM 'a' WHERE b: 1\n")).toEqual([
      expect.stringMatching(/^1 Nested mappings .*">-" after its key/),
    ]);
  });
});
