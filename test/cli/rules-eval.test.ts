import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runRules } from './run-rules.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-eval-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const evaluate = (sql: string, ...args: string[]) =>
  runRules(['rules', 'eval', '--sql', sql, '--topic', 'plant/north/press', ...args]);

const FORCE = "SELECT force * 2 AS force, topic(2) AS line FROM 'plant/+/press' WHERE force > 100 AND state = 'on'";

describe('headgate rules eval', () => {
  it('prints the output in one line, with exit code 0', async () => {
    const payload = '{"force": 9007199254740993, "state": "on"}';
    expect(await evaluate(FORCE, '--payload', payload)).toEqual({
      code: 0,
      printed: '{"force":18014398509481986,"line":"north"}',
      complaints: '',
    });
  });

  it('prints it indented on a terminal', async () => {
    const args = ['rules', 'eval', '--sql', FORCE, '--topic', 'plant/n/press'];
    const { printed } = await runRules([...args, '--payload', '{"force":101,"state":"on"}'], { isTerminal: true });
    expect(printed).toBe('{\n  "force": 202,\n  "line": "n"\n}');
  });

  it.each<[string, string, string]>([
    ['a topic', "SELECT * FROM 'plant/#/x'", ''],
    ['a topic', "SELECT * FROM 'plant/+'", "no match: FROM 'plant/+' does not match plant/north/press."],
    ['no FROM', 'SELECT *', 'no match: There is no FROM: only $aws/rules/rule/… reaches it.'],
    ['an operand that is false', FORCE, "no match: WHERE is false: state = 'on' is false."],
    [
      'a missing field',
      "SELECT * FROM 'plant/#' WHERE a.b > 1",
      'no match: WHERE is Undefined: a.b > 1 is Undefined, because a is Undefined.',
    ],
    ['a text', "SELECT * FROM 'plant/#' WHERE state", 'no match: WHERE is not true: state is "off".'],
    [
      'a number in CASE',
      "SELECT * FROM 'plant/#' WHERE CASE force WHEN 1 THEN true ELSE upper(none) = 'A' END",
      "no match: WHERE is Undefined: CASE force WHEN 1 THEN true ELSE upper(none) = 'A' END is Undefined, because none is Undefined.",
    ],
  ])('says why there is no match because of %s, with exit code 3', async (_what, sql, printed) => {
    const ran = await evaluate(sql, '--payload', '{"force":101,"state":"off"}');
    if (printed === '')
      expect(ran).toMatchObject({ code: null, complaints: expect.stringContaining('SQL_SYNTAX') as string });
    else expect(ran).toMatchObject({ code: 3, printed });
  });

  it('shows what is wrong with the statement or the message, with exit code 1', async () => {
    const syntax = await evaluate('SELECT a b FROM t');
    expect(syntax.code).toBeNull();
    expect(syntax.complaints).toMatch(/^--sql:1:10: Expected .*\[SQL_SYNTAX\]\nSELECT a b FROM t\n {9}\^$/);
    expect(await evaluate(FORCE, '--payload', '{')).toMatchObject({
      code: 1,
      printed: '',
      complaints: expect.stringContaining('[MESSAGE_NOT_JSON]') as string,
    });
  });

  it('warns of what is doubtful, and goes on', async () => {
    const { code, complaints } = await evaluate("SELECT * FROM 'plant/#' WHERE upper(x)", '--payload', '{}');
    expect(code).toBe(3);
    expect(complaints).toMatch(/can never be true.*\[SQL_NEVER_TRUE\]\n.*\n +\^/);
  });

  it('takes payloads from files and standard input, byte by byte', async () => {
    const file = join(dir, 'payload');
    await writeFile(file, Buffer.from([0xff, 0x00]));
    const all = "SELECT * FROM 'plant/#'";
    expect(await evaluate(all, '--payload-file', file)).toEqual({
      code: 0,
      printed: '/wA=',
      complaints: 'The output is 2 bytes that are no text; printed as base64.',
    });
    const args = ['rules', 'eval', '--sql', all, '--topic', 'plant/x', '--payload-file', '-'];
    expect((await runRules(args, { stdin: '{"a":  1}' })).printed).toBe('{"a":  1}');
    expect((await evaluate(all, '--payload-file', join(dir, 'none'))).complaints).toContain('ENOENT');
    expect((await evaluate(all, '--payload-file', file, '--payload', '1')).complaints).toContain('not both');
  });

  it('takes the version, the sender and the time', async () => {
    const sql = "SELECT VALUE sql_version() + ' ' + clientid() + ' ' + principal() + ' ' + timestamp() FROM 'plant/#'";
    const args = ['--version', '2015-10-08', '--client-id', 'c', '--principal', 'p'];
    expect((await evaluate(sql, ...args, '--timestamp', '2026-01-01T00:00:00Z')).printed).toBe(
      '"2015-10-08 c p 1767225600000"',
    );
    expect((await evaluate(sql, ...args, '--timestamp', '5')).printed).toBe('"2015-10-08 c p 5"');
    expect((await evaluate(sql, '--timestamp', 'noon')).complaints).toContain('--timestamp is milliseconds');
    const now = Number(JSON.parse((await evaluate("SELECT VALUE timestamp() FROM 'plant/#'")).printed));
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
  });

  it('fills in a template instead', async () => {
    const args = ['--payload', '{"force":200,"state":"on"}', '--template'];
    expect((await evaluate(FORCE, ...args, 'key/${topic(2)}/${force}')).printed).toBe('key/north/200');
    expect((await evaluate(FORCE, ...args, 'key/${topic(2}')).complaints).toMatch(/^--template:1:14: .*SQL_SYNTAX/);
  });

  it('answers for services, and asks none', async () => {
    const sql = "SELECT get_secret('s', 'SecretString', 'role') AS s FROM 'plant/#'";
    expect((await evaluate(sql, '--answer', 'get_secret="pepper"')).printed).toBe('{"s":"pepper"}');
    expect(await evaluate(sql)).toMatchObject({
      code: 1,
      complaints: 'No answer is given of get_secret for the parameters ["s","SecretString"]. [MESSAGE_FUNCTION_FAILED]',
    });
    for (const answer of ['get_secret', 'get_secret=pepper', 'get_weather=1']) {
      expect((await evaluate(sql, '--answer', answer)).complaints).toContain('--answer is FUNCTION=JSON');
    }
  });

  it('says nothing is there for Undefined', async () => {
    expect(await evaluate("SELECT VALUE a FROM 'plant/#'", '--payload', '{}')).toEqual({
      code: 0,
      printed: '',
      complaints: 'The output is Undefined: an empty payload.',
    });
  });
});
