import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RuleExplanation } from '../../src/cli/explain/explanation.ts';
import { returnOf } from '../../src/rules/republish-loop.ts';
import { runRules } from './run-rules.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-explain-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const explain = (...args: string[]) => runRules(['rules', 'explain', ...args]);

async function ofSql(sql: string, ...args: string[]): Promise<RuleExplanation> {
  const { printed } = await explain('--sql', sql, '--format', 'json', ...args);
  return (JSON.parse(printed) as RuleExplanation[])[0] as RuleExplanation;
}

async function ofRules(text: string): Promise<RuleExplanation[]> {
  const file = join(dir, 'rules.yaml');
  await writeFile(file, text);
  return JSON.parse((await explain('--rules', file, '--format', 'json')).printed) as RuleExplanation[];
}

const rule = (action: string, sql = "SELECT a FROM 'a/+'") =>
  `ruleName: press\nawsIotSqlVersion: '2016-03-23'\nsql: ${sql}\nactions:\n  - ${action}\n`;

describe('headgate rules explain', () => {
  it('says of a rule without actions that it does nothing, and not of a statement by itself', async () => {
    const [idle] = await ofRules("ruleName: idle\nsql: SELECT a FROM 'a'\nactions: []\n");
    expect(idle?.failures).toEqual(['There is no action: what the statement emits goes nowhere.']);
    expect((await ofSql("SELECT a FROM 'a'")).failures).toEqual([]);
  });

  it('does not ask JSON of payloads that are only encoded', async () => {
    const [encoding] = await ofRules(
      rule(
        'file: { path: x }\n    delivery: { format: json-lines, batch: {} }',
        "SELECT encode(*, 'base64') AS b FROM 'a'",
      ),
    );
    expect(encoding?.payload.why).toBe('is decoded where it is JSON; what press/0 packs has to be JSON');
  });

  it('explains the rules of the examples, the disabled one too', async () => {
    const config = fileURLToPath(new URL('../../examples/headgate.yaml', import.meta.url));
    const { code, printed, complaints } = await explain('-c', config);
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
    expect(printed).toMatch(/^look {2}\S+stdout\.yaml:\d+ {2}\(disabled: it is not run\)$/m);
    expect(printed.split('\n').filter((line) => / {2}action \d+: /.test(line)).length).toBe(7);
    const firehose = (await explain('press_to_firehose', '-c', config)).printed.split('\n');
    expect(firehose.slice(1, 16)).toEqual([
      "  sql           SELECT sensor, topic(2) AS line, ts, value AS force, dieTemperature FROM 'plant/+/press/+' WHERE value > 100",
      '  version       2016-03-23',
      '  topics        plant/+/press/+',
      '                matches plant/x/press/x',
      '                does not match plant/x/press/x/more, plant/x/y/press/x',
      '                also by name: $aws/rules/press_to_firehose/…',
      '  reads         sensor, ts, value, dieTemperature',
      '  functions     topic (since 2015-10-08)',
      '  where         value > 100',
      '  payload       must be JSON: the statement reads fields of it; any other fails the rule',
      '  action 0: firehose',
      '  to            deliveryStreamName: press-telemetry',
      '  as            JSON lines, "\\n" after each, in gzip members',
      '  adds          receivedAt = receiveTime, gateway = gatewayId, sequence = sequence',
      '  packed        gzip members are made in the lane; less than 16 KiB that a slab leaves over, on the main thread',
    ]);
    expect(firehose.join('\n')).toContain('It also hears of what the destinations of press_to_firehose/0 refuse.');
  });

  it('shows the canonical statement, its variables, functions and services', async () => {
    const found = await ofSql(
      "set @s = get_secret('s', 'SecretString', 'r') select upper(a) as b, @s, cast(c as int) from \"a/#\" where not (d != 1)",
    );
    expect(found.sql).toBe(
      "SET @s = get_secret('s', 'SecretString', 'r') SELECT upper(a) AS b, @s, cast(c AS int) FROM 'a/#' WHERE NOT d <> 1",
    );
    expect(found.variables).toEqual([{ name: 's', sql: "get_secret('s', 'SecretString', 'r')" }]);
    expect(found.functions.map(({ name }) => name)).toEqual(['get_secret', 'upper', 'cast']);
    expect(found.services).toEqual([{ function: 'get_secret', connector: 'connectors.secrets' }]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['sensor/#', ['sensor/x', 'sensor/x/y'], ['sensor']],
    ['#', ['x', 'x/y'], ['$SYS/']],
    ['a/+/b', ['a/x/b'], ['a/x/b/more', 'a/x/y/b']],
    ['a', ['a'], ['a/more']],
  ])('gives topics that %s matches, and near misses', async (filter, matches, matchesNot) => {
    expect(await ofSql(`SELECT * FROM '${filter}'`)).toMatchObject({ matches, matchesNot });
  });

  it.each<[string, readonly string[]]>([
    ['SELECT a.b, c[0], get(d, 1) FROM t', ['a.b', 'c[0]', 'd']],
    ['SELECT * FROM t', ['*']],
    ['SELECT *, a FROM t', ['*', 'a']],
    ['SELECT a.* FROM t', ['a.*']],
    [
      'SELECT (SELECT value, i.x FROM r.list AS i WHERE q > 1) AS r FROM t',
      ['r.list', 'r.list[].value', 'r.list[].x', 'r.list[].q'],
    ],
    ['SELECT (SELECT x FROM (SELECT VALUE y FROM r)) AS s FROM t', ['r', 'r[].y']],
    [
      'SET @v = a SELECT @v.b, CASE c WHEN d THEN e END FROM t WHERE EXISTS (SELECT f FROM g)',
      ['a', 'c', 'd', 'e', 'g', 'g[].f'],
    ],
    ["SELECT encode(*, 'base64') AS p FROM t", ['*']],
    ['SELECT 1 AS one FROM t', []],
  ])('names what %s reads', async (sql, fields) => {
    expect((await ofSql(sql)).fields).toEqual(fields);
  });

  it.each<[string, string]>([
    ['a > 1', 'depends'],
    ['1 = 1', 'always'],
    ['upper(a)', 'never'],
    ['a = 1 AND a = 2', 'never'],
  ])('tells whether WHERE %s is ever true', async (where, truth) => {
    expect((await ofSql(`SELECT * FROM 'a' WHERE ${where}`)).where).toMatchObject({ truth });
  });

  it('tells what becomes of the payload', async () => {
    const all = "SELECT * FROM 'a'";
    expect((await ofSql("SELECT a FROM 'a'")).payload.kind).toBe('json');
    expect((await ofSql(all)).payload.kind).toBe('bytes');
    expect((await ofRules(rule('file: { path: a }', all)))[0]?.payload).toMatchObject({
      kind: 'decoded',
      why: expect.stringContaining('press/0') as string,
    });
    expect((await ofRules(rule('republish: { topic: "b/${x}" }', all)))[0]?.payload.kind).toBe('decoded');
    expect((await ofRules(rule('republish: { topic: "b/${topic()}" }', all)))[0]?.payload.kind).toBe('bytes');
  });

  it('tells the parts of a destination that depend on the message', async () => {
    const [found] = await ofRules(rule('republish: { topic: "b/${topic(2)}/${1 + 1}/${x.y}" }'));
    expect(found?.actions[0]?.destination).toEqual([
      { field: 'topic', template: 'b/${topic(2)}/${1 + 1}/${x.y}', dynamic: ['topic(2)', 'x.y'] },
    ]);
    expect(found?.fields).toEqual(['a', 'x.y']);
  });

  it('warns of what a rule may send to itself, as does the check where it is certain', async () => {
    const [certain] = await ofRules(rule('republish: { topic: a/b }'));
    expect(certain?.actions[0]?.loop).toContain('The rule gets these messages itself');
    expect((await ofRules(rule('republish: { topic: "a/${x}" }')))[0]?.actions[0]?.loop).toContain(
      'Some of these topics',
    );
    expect((await ofRules(rule('republish: { topic: "b/${x}" }')))[0]?.actions[0]?.loop).toBe('');
    const file = join(dir, 'rules.yaml');
    const check = async (action: string) => {
      await writeFile(file, rule(action));
      return (await runRules(['rules', 'check', file])).complaints;
    };
    expect(await check('republish: { topic: a/b }')).toMatch(
      /:5:\d+ actions\.0\.republish\.topic: warning: .*\[REPUBLISH_LOOP\]$/,
    );
    expect(await check('republish: { topic: "a/${x}" }')).toBe('');
    expect(await check('republish: { topic: a/b/c }')).toBe('');
    const ofErrors = await check('stdout: {}\nerrorAction: { republish: { topic: a/b } }');
    expect(ofErrors).toMatch(/:6:\d+ errorAction\.republish\.topic: warning: .*\[REPUBLISH_LOOP\]$/);
  });

  it('names the mistakes of rules that cannot be explained, with exit code 1', async () => {
    const file = join(dir, 'rules.yaml');
    await writeFile(file, `${rule('stdout: {}')}---\n${rule('republish: {}').replace('press', 'other')}`);
    const both = await explain('--rules', file);
    expect(both.code).toBe(1);
    expect(both.complaints).toMatch(/rules\.yaml:\d+:\d+ actions\.0\.republish/);
    expect(both.printed).toMatch(/^press {2}/);
    expect((await explain('press', '--rules', file)).printed).toMatch(/^press {2}/);
    expect(await explain('pres', '--rules', file)).toMatchObject({
      code: null,
      complaints: 'No rule is named pres. Did you mean press?',
    });
    expect((await explain('--sql', 'SELECT a b')).complaints).toContain('SQL_SYNTAX');
    expect((await explain('press', '--sql', 'SELECT a FROM b')).complaints).toContain('not both');
  });

  it('explains rules whose schemas and region only a configuration would have', async () => {
    const s3 = 's3: { bucketName: b, key: k }\n    delivery: { format: avro-container, schema: oven, batch: {} }';
    expect((await ofRules(rule(s3)))[0]?.actions[0]?.format).toBe('Avro container, codec deflate, schema oven');
  });
});

describe('returnOf', () => {
  it.each<[string, string | null, string]>([
    ['a/b', 'a/+', 'always'],
    ['a/b', 'a/b/c', 'never'],
    ['$$aws/rules/press/x', null, 'always'],
    ['$$aws/rules/other/x', '#', 'never'],
    ['$$aws/x', '$aws/x', 'always'],
    ['a/${x}', 'a/+', 'maybe'],
    ['a/b${x}c', 'a/bc', 'maybe'],
    ['a/b${x}c', 'a/bd', 'never'],
    ['${topic()}/b', 'a/+', 'never'],
    ['a/${topic()}', 'a/#', 'maybe'],
    ['b/${topic()}', 'a/#', 'never'],
    ['$$aws/${x}', '+/y', 'never'],
    ['a/${x}', null, 'never'],
  ])('of %s to a rule on %s: %s', (template, filter, expected) => {
    expect(returnOf(template, 'press', filter)).toBe(expected);
  });
});
