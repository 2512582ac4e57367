import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { fixtureJsonSchema } from '../../src/cli/fixtures/fixture-schema.ts';
import { rulesJsonSchema } from '../../src/cli/rules-schema.ts';
import { sinkDefinitions } from '../../src/sinks/index.ts';

/** The printed schema, read back by a validator: what an editor does with it. */
const validator = (schema: object) =>
  z.fromJSONSchema(JSON.parse(JSON.stringify(schema)) as Parameters<typeof z.fromJSONSchema>[0]);
const rules = validator(rulesJsonSchema());
const fixtures = validator(fixtureJsonSchema());

const root = fileURLToPath(new URL('../../examples', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /rules\/.*\.yaml$/.test(file));
const documents = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as unknown);

const good = {
  ruleName: 'press',
  sql: "SELECT * FROM 'a'",
  awsIotSqlVersion: '2016-03-23',
  actions: [{ firehose: { deliveryStreamName: 's', separator: '\n' }, delivery: { batch: { latencyMs: 100 } } }],
};

describe('the JSON Schema of rule files', () => {
  it('takes every rule of the examples', () => {
    const ruleFiles = files.filter((file) => !file.endsWith('.test.yaml'));
    expect(ruleFiles.length).toBeGreaterThan(10);
    for (const file of ruleFiles) {
      for (const document of documents(readFileSync(join(root, file), 'utf8'))) {
        expect([file, rules.safeParse(document).error?.issues ?? []]).toEqual([file, []]);
      }
    }
  });

  it('takes the example of each action, and lists of rules', () => {
    for (const { type, example } of sinkDefinitions) {
      const action = documents(example)[0];
      expect([type, rules.safeParse([{ ...good, actions: [action], errorAction: action }]).success]).toEqual([
        type,
        true,
      ]);
    }
  });

  it.each<[string, object]>([
    ['an unknown key', { ...good, sqlVersion: '1' }],
    ['a missing name', { sql: good.sql, actions: [] }],
    ['a name with a hyphen', { ...good, ruleName: 'press-shop' }],
    ['an unknown version', { ...good, awsIotSqlVersion: '2016-03-24' }],
    ['actions that are no list', { ...good, actions: good.actions[0] }],
    ['more than ten actions', { ...good, actions: Array.from({ length: 11 }, () => good.actions[0]) }],
    ['an unknown action', { ...good, actions: [{ dynamoDB: {} }] }],
    ['two actions in one', { ...good, actions: [{ stdout: {}, republish: { topic: 'b' } }] }],
    ['an action without its field', { ...good, actions: [{ firehose: {} }] }],
    ['an unknown field of an action', { ...good, actions: [{ republish: { topic: 'b', retain: true } }] }],
    ['a QoS that there is none', { ...good, actions: [{ republish: { topic: 'b', qos: 2 } }] }],
    [
      'what another action takes under delivery',
      { ...good, actions: [{ republish: { topic: 'b' }, delivery: { pack: false } }] },
    ],
    ['a value out of its bounds', { ...good, actions: [{ file: { path: 'a' }, delivery: { batch: { seconds: 0 } } }] }],
    ['an error action that is a list', { ...good, errorAction: good.actions }],
  ])('refuses %s', (_what, document) => {
    expect(rules.safeParse(good).success).toBe(true);
    expect(rules.safeParse(document).success).toBe(false);
  });

  it('describes every action and every field, and says which take templates', () => {
    const { definitions } = rulesJsonSchema() as {
      definitions: { action: { anyOf: { title: string; properties: Record<string, Described> }[] } };
    };
    const { anyOf } = definitions.action;
    expect(anyOf.map(({ title }) => title)).toEqual(sinkDefinitions.map(({ type }) => type));
    for (const [index, { type, templates }] of sinkDefinitions.entries()) {
      const { [type]: action, delivery } = anyOf[index]?.properties ?? {};
      expect(Object.keys(delivery?.properties ?? {})).toContain('class');
      const fields = Object.entries(action?.properties ?? {});
      expect(
        fields.filter(([, { description = '' }]) => description === '').map(([name]) => `${type}.${name}`),
      ).toEqual([]);
      const taking = fields.filter(([, { description = '' }]) => description.includes('Takes templates'));
      expect(taking.map(([name]) => name).sort()).toEqual(templates.map(({ field }) => field).sort());
    }
  });
});

interface Described {
  readonly description?: string;
  readonly properties?: Record<string, Described>;
}

describe('the JSON Schema of fixtures', () => {
  const given = { topic: 'a', payload: { a: 1 } };
  const one = { name: 'one', rule: 'press', given, expect: { output: { a: 1 } } };

  it('takes the fixtures of the examples', () => {
    const fixtureFiles = files.filter((file) => file.endsWith('.test.yaml'));
    expect(fixtureFiles.length).toBeGreaterThan(0);
    for (const file of fixtureFiles) {
      for (const document of documents(readFileSync(join(root, file), 'utf8'))) {
        expect([file, fixtures.safeParse(document).error?.issues ?? []]).toEqual([file, []]);
      }
    }
  });

  it.each<[string, unknown]>([
    ['no cases', { cases: [] }],
    ['a case without a name', { cases: [{ ...one, name: undefined }] }],
    ['an unknown key', { cases: [{ ...one, given: { ...given, client: 'c' } }] }],
    ['a match that is no Boolean', { cases: [{ ...one, expect: { match: 'no' } }] }],
    ['an unknown function', { cases: [{ ...one, given: { ...given, answers: [{ function: 'get_weather' }] } }] }],
  ])('refuses %s', (_what, document) => {
    expect(fixtures.safeParse({ cases: [one] }).success).toBe(true);
    expect(fixtures.safeParse(document).success).toBe(false);
  });
});
