import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { addRules } from '../../src/cli/rules-program.ts';
import { CodedError, type Finding } from '../../src/errors.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-check-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(dir, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** `headgate rules check …`, without a process around it. */
async function check(...args: string[]) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const host = {
    env: {},
    print: (line: string) => void printed.push(line),
    complain: (line: string) => void complaints.push(line),
  } as unknown as Host;
  let code = -1;
  const program = new Command('headgate').exitOverride().configureOutput({ writeErr: () => undefined });
  addRules(program, host, (exitCode) => {
    code = exitCode;
  });
  await program.parseAsync(['rules', 'check', ...args], { from: 'user' });
  return { code, printed: printed.join('\n'), complaints: complaints.join('\n') };
}

const rule = (sql: string, name = 'press', action = 'republish: { topic: out, roleArn: "" }') => `ruleName: ${name}
awsIotSqlVersion: '2016-03-23'
sql: ${JSON.stringify(sql)}
actions:
  - ${action}
`;

describe('headgate rules check', () => {
  it('says so when all is well, with exit code 0', async () => {
    const file = await write('rules.yaml', rule("SELECT a FROM 'a/+'"));
    expect(await check(file)).toEqual({ code: 0, complaints: '', printed: '0 errors, 0 warnings.' });
  });

  it('names everything at once, each with its place and a caret, with exit code 1', async () => {
    const first = await write('a.yaml', rule("SELECT tiemstamp() AS t FROM 'a'", 'one'));
    const second = await write(
      'b.yaml',
      `${rule("SELECT * FROM 'a' WHERE upper(x)")}---\n${rule("SELECT a b FROM 'a'", 'two')}`,
    );
    const { code, printed, complaints } = await check(second, first);
    expect(code).toBe(1);
    expect(printed).toBe('2 errors, 1 warning.');
    const lines = complaints.split('\n');
    expect(lines[0]).toMatch(/a\.yaml:3:14 .*Did you mean timestamp\(\)\? \[SQL_FUNCTION_UNKNOWN\]$/);
    expect(lines[2]).toBe('       ^^^^^^^^^');
    expect(lines[3]).toMatch(/b\.yaml:3:31: warning: .*can never be true.* \[SQL_NEVER_TRUE\]$/);
    expect(lines[6]).toMatch(/b\.yaml:9:16 sql: Expected ',', AS, FROM or WHERE, found 'b'\. \[SQL_SYNTAX\]$/);
  });

  it('takes warnings alone for a success', async () => {
    const file = await write('rules.yaml', rule("SELECT * FROM 'a' WHERE x > 'abc'"));
    expect(await check(file)).toMatchObject({ code: 0, printed: '0 errors, 1 warning.' });
  });

  it('prints one JSON array for editors', async () => {
    const file = await write('rules.yaml', rule("SELECT * FROM 'a' WHERE x > 'abc' AND"));
    const { code, printed, complaints } = await check('--format', 'json', file);
    const findings = JSON.parse(printed) as Finding[];
    expect({ code, complaints }).toEqual({ code: 1, complaints: '' });
    expect(findings).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'SQL_SYNTAX',
        line: 3,
        file: expect.stringMatching(/rules\.yaml$/) as string,
      }),
    ]);
    expect(
      JSON.parse((await check('--format', 'json', await write('ok.yaml', rule("SELECT a FROM 'a'", 'ok')))).printed),
    ).toEqual([]);
  });

  it('reads the files in folders', async () => {
    await write('rules/one.yaml', rule("SELECT a FROM 'a'", 'one'));
    await write('rules/deep/two.yml', rule("SELECT a FROM 'a' WHERE 1 = 2", 'two'));
    await write('rules/notes.txt', 'no rule');
    expect((await check(join(dir, 'rules'))).complaints).toMatch(/rules\/deep\/two\.yml:3:/);
  });

  it('says of a file that it has no rule', async () => {
    for (const text of ['', '# ruleName: later\n', '[]\n']) {
      const { code, complaints } = await check(await write('later.yaml', text));
      expect({ code, complaints }).toEqual({
        code: 0,
        complaints: expect.stringMatching(/later\.yaml:1:1: warning: The file has no rule in it\./) as string,
      });
    }
  });

  it('does not miss what only a configuration can say', async () => {
    const avro =
      's3: { bucketName: b, key: k, roleArn: "" }\n    delivery: { format: avro-container, schema: press, batch: {} }';
    const file = await write('rules.yaml', rule("SELECT a FROM 'a'", 'press', avro));
    expect(await check(file)).toMatchObject({ code: 0, printed: '0 errors, 0 warnings.' });
  });

  it('misses connectors where a configuration is shown, and only there', async () => {
    const file = await write('rules.yaml', rule("SELECT get_secret('s', 'SecretString', 'r') AS s FROM 'a'"));
    expect((await check(file)).code).toBe(0);
    const bare = await check(file, '-c', await write('headgate.yaml', 'rules: []\n'));
    expect(bare.code).toBe(1);
    expect(bare.complaints).toContain('connectors.secrets');
  });

  it('warns of fields that samples do not have', async () => {
    const file = await write('rules.yaml', rule("SELECT temprature FROM 'plant/+/press'"));
    const lines = await write('samples.jsonl', '{"temperature": 20}\n\n{"temperature": 21}\n');
    expect((await check(file, '--samples', lines)).complaints).toContain(
      'Did you mean temperature? [SQL_FIELD_UNSEEN]',
    );
    const others = await write('others.json', '[{"topic": "else", "payload": {"x": 1}}]');
    expect((await check(file, '--samples', others)).complaints).toBe('');
    expect((await check(file, '--samples', others, lines)).complaints).toContain('any of the 2 samples');
    const one = await write('one.json', '{"topic": "plant/1/press", "payload": {"temperature": 1}}');
    expect((await check(file, '--samples', one)).complaints).toContain('the sample.');
  });

  it('looks into templates with the samples as well', async () => {
    const action = 'republish: { topic: "out/${devce}", roleArn: "" }';
    const file = await write('rules.yaml', rule("SELECT a FROM 'a'", 'press', action));
    const samples = await write('samples.json', '[{"a": 1, "device": "d"}]');
    expect((await check(file, '--samples', samples)).complaints).toMatch(
      /rules\.yaml:5:\d+: warning: devce does not occur in the sample/,
    );
  });

  it('refuses what it cannot read, naming the place', async () => {
    const file = await write('rules.yaml', rule("SELECT a FROM 'a'"));
    const bad = await write('bad.jsonl', '{"a": 1}\n{"a": oops}\n');
    const deep = await write('deep.json', `{"a": 1}\n${'['.repeat(100)}${']'.repeat(100)}\n`);
    await expect(check(file, '--samples', bad)).rejects.toThrow(/bad\.jsonl:2: This sample is not JSON\./);
    await expect(check(file, '--samples', deep)).rejects.toThrow(
      /deep\.json:2: This sample nests deeper than 64 levels\./,
    );
    await expect(check(file, '--samples', join(dir, 'none'))).rejects.toThrow(/ENOENT/);
    await expect(check(join(dir, 'none.yaml'))).rejects.toThrow(CodedError);
    await mkdir(join(dir, 'empty'));
    await expect(check(join(dir, 'empty'))).rejects.toThrow(/no YAML or JSON/);
    await expect(check()).rejects.toThrow(/Name rule files/);
    await expect(check(file, '--format', 'xml')).rejects.toThrow(/xml/);
  });

  it('warns of rules that AWS would not take', async () => {
    const action = '  - republish: { topic: out, roleArn: "" }\n';
    const many = await write('many.yaml', rule("SELECT a FROM 'a'") + action.repeat(10));
    expect((await check(many)).complaints).toMatch(/many\.yaml:5:\d+ actions: AWS allows at most 10 actions in a rule/);
    const ten = await write('ten.yaml', rule("SELECT a FROM 'a'") + action.repeat(9));
    expect((await check(ten)).complaints).toBe('');
    const large = await write('large.yaml', `${rule("SELECT a FROM 'a'")}description: ${'x'.repeat(131_072)}\n`);
    expect((await check(large)).complaints).toContain('AWS takes at most 131072');
    const beta = await write('beta.yaml', rule("SELECT a FROM 'a'").replace("'2016-03-23'", 'beta'));
    expect((await check(beta)).complaints).toMatch(/beta\.yaml:2:19 awsIotSqlVersion: warning: Here, beta is the same/);
  });
});

describe('headgate rules check -c', () => {
  const config = (rest: string) => `gateway: { id: '\${env:NOT_SET}' }\nlisteners: nonsense\n${rest}`;

  it('checks the rules of a configuration, and of that only what concerns rules', async () => {
    await write('rules/a.yaml', rule("SELECT * FROM 'a' WHERE 1 = 2"));
    const file = await write('headgate.yaml', config('rules: [rules/*.yaml]\nschemas: [none.avsc]\n'));
    const { code, complaints, printed } = await check('-c', file);
    expect(code).toBe(1);
    expect(complaints).toMatch(/rules\/a\.yaml:3:31: warning: .*It compares constants/);
    expect(complaints).toMatch(/headgate\.yaml:4:11 schemas\.0: The file none\.avsc does not exist/);
    expect(complaints).not.toMatch(/listeners|gateway:|NOT_SET/);
    expect(printed).toBe('1 error, 1 warning.');
  });

  it('judges other rules by its services and schemas', async () => {
    await write('rules/a.yaml', rule("SELECT a FROM 'a'", 'of_config'));
    const avro =
      's3: { bucketName: b, key: k, roleArn: "" }\n    delivery: { format: avro-container, schema: press, batch: {} }';
    const other = await write('other.yaml', rule("SELECT a FROM 'a'", 'other', avro));
    const file = await write('headgate.yaml', config('rules: [rules/*.yaml]\n'));
    const { code, complaints } = await check('-c', file, other);
    expect(code).toBe(1);
    expect(complaints).toContain('needs a region');
    expect(complaints).toContain('No schema is named "press"');
    expect(complaints).not.toContain('of_config');
  });

  it('refuses a configuration that cannot be read', async () => {
    await expect(check('-c', join(dir, 'none.yaml'))).rejects.toMatchObject({
      findings: [expect.objectContaining({ code: 'CONFIG_FILE_UNREADABLE' })],
    });
  });
});
