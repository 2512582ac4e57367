import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runVectors, type VectorCase } from '../../src/cli/vectors.ts';

describe('runVectors', () => {
  let dir = '';

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'headgate-vectors-'));
  });

  afterEach(() => rm(dir, { recursive: true }));

  const base: VectorCase = {
    id: 'one',
    sql: "SELECT a FROM 't'",
    awsIotSqlVersion: null,
    topic: 't',
    payload: { a: 1 },
    expect: { match: true, output: { a: 1 } },
  };

  async function lines(cases: readonly (VectorCase | string)[]): Promise<{ code: number; printed: string[] }> {
    const file = join(dir, 'cases.jsonl');
    await writeFile(file, cases.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'));
    const printed: string[] = [];
    const code = await runVectors(file, (line) => printed.push(line));
    return { code, printed };
  }

  it('prints nothing but the counts when all cases pass', async () => {
    expect(await lines([base, '', { ...base, topic: 'u', expect: { match: false } }])).toEqual({
      code: 0,
      printed: ['2 passed, 0 failed'],
    });
  });

  it('names the case, what was expected and what came, and exits with 1', async () => {
    const failing = { ...base, expect: { match: true, output: { a: 2 } } };
    expect(await lines([failing, base])).toEqual({
      code: 1,
      printed: ['FAIL one: expected {"match":true,"output":{"a":2}}, got {"a":1}', '1 passed, 1 failed'],
    });
  });

  it('says so when the file cannot be read', async () => {
    await expect(runVectors(join(dir, 'none'), () => {})).rejects.toMatchObject({ code: 'CONFIG_FILE_UNREADABLE' });
    await expect(runVectors(dir, () => {})).rejects.toMatchObject({ code: 'CONFIG_FILE_UNREADABLE' });
  });

  it('counts a line that is no case as failed', async () => {
    const { code, printed } = await lines(['{']);
    expect(code).toBe(1);
    expect(printed.at(-1)).toBe('0 passed, 1 failed');
  });

  it.each<[string, Partial<VectorCase>]>([
    ['a parse error', { sql: 'SELECT', expect: { error: 'parse' } }],
    ['another acceptable error', { sql: 'SELECT', expect: { error: 'eval' }, altErrors: ['parse'] }],
    [
      'raw bytes',
      { sql: "SELECT * FROM 't'", payload: { base64: 'AP8=' }, expect: { match: true, output: { base64: 'AP8=' } } },
    ],
    ['a template', { template: 'x/${a}', expect: { match: true, rendered: 'x/1' } }],
    [
      'an evaluation that needs a service',
      { sql: "SELECT aws_lambda('f', a) AS a FROM 't'", expect: { error: 'eval' } },
    ],
    [
      'a descriptor set that is not there',
      {
        sql: "SELECT decode(*, 'proto', 'b', 'k', 'p', 'm') AS a FROM 't'",
        awsIotSqlVersion: '2016-03-23',
        expect: { error: 'eval' },
      },
    ],
    ['a tolerance', { payload: { a: 1.0001 }, tolerance: 0.001 }],
    ['Basic Ingest', { ruleName: 'r', topic: '$aws/rules/r/t' }],
    [
      'a message outside MQTT',
      {
        sql: "SELECT clientid() AS a, traceid() AS t, principal() AS p FROM 't'",
        clientId: null,
        principal: 'user-1',
        expect: { match: true, output: { a: 'n/a', p: 'user-1' } },
      },
    ],
    [
      'MQTT 5 properties',
      {
        sql: "SELECT get_mqtt_property('content_type') AS a FROM 't'",
        awsIotSqlVersion: '2016-03-23',
        mqtt5: { contentType: 'x' },
        expect: { match: true, output: { a: 'x' } },
      },
    ],
  ])('understands %s', async (_, changes) => {
    expect((await lines([{ ...base, ...changes }])).printed).toEqual(['1 passed, 0 failed']);
  });

  it.each<[string, Partial<VectorCase>]>([
    ['an extra member', { payload: { a: 1, b: 2 }, sql: "SELECT * FROM 't'" }],
    ['a missing member', { payload: {} }],
    ['a number as text', { payload: { a: '1' } }],
    ['a match where none is expected', { expect: { match: false } }],
    ['a value where an error is expected', { expect: { error: 'parse' } }],
    ['an error where a value is expected', { sql: 'SELECT' }],
    ['a topic that the filter does not match', { topic: 'u' }],
    [
      'other bytes',
      { sql: "SELECT * FROM 't'", payload: { base64: 'AP8=' }, expect: { match: true, output: { base64: 'AA==' } } },
    ],
    ['another text of a template', { template: 'y/${a}', expect: { match: true, rendered: 'x/1' } }],
  ])('fails for %s', async (_, changes) => {
    expect((await lines([{ ...base, ...changes }])).printed.at(-1)).toBe('0 passed, 1 failed');
  });
});
