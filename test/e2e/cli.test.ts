import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { folderOf } from '../support/folder.ts';
import { sceneOf } from './scene.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function headgate(
  args: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...process.env, ...options.env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.end(options.stdin ?? '');
  });
}

describe('headgate check', () => {
  it('accepts a right configuration, and starts nothing', async () => {
    const scene = sceneOf();
    const { code, stdout, stderr } = await headgate(['check', '--config', scene.configFile]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('1 rules, 1 actions, 1 schemas; 0 errors, 0 warnings.');
  });

  it('prints every finding as file:line:col path: why, and exits 1', async () => {
    const scene = sceneOf({
      'rules/bad.yaml':
        "ruleName: bad\nsql: SELECT FROM 'x'\nawsIotSqlVersion: '2016-03-23'\nactions: [ { sqss: {} } ]\n",
    });
    const { code, stderr } = await headgate(['check', '-c', scene.configFile]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/rules\/bad\.yaml:4:\d+ actions\.0/);
    expect(stderr).toMatch(/errors?, \d+ warnings?\.\n$/);
  });

  it('exits 1 for a broken YAML file, naming the place', async () => {
    const dir = folderOf({ 'headgate.yaml': 'gateway: { id: x\nlisteners: ]\n' });
    const { code, stderr } = await headgate(['check', '-c', join(dir, 'headgate.yaml')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/headgate\.yaml:\d+:\d+: .*CONFIG_SYNTAX/);
  });
});

describe('headgate run', () => {
  it('does not start with a wrong configuration', async () => {
    const scene = sceneOf({ 'rules/bad.yaml': 'ruleName: 5\n' });
    const { code, stderr } = await headgate(['run', '-c', scene.configFile]);
    expect(code).toBe(1);
    expect(stderr).toContain('RULE_INVALID');
  });

  it('names the address when a listener cannot open', async () => {
    const { createServer } = await import('node:net');
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const scene = sceneOf();
    writeFileSync(
      scene.configFile,
      `gateway: { id: x }\nlisteners: [ { type: tcp, host: 127.0.0.1, port: ${port} } ]\nauth: { anonymous: true }\nadmin: { port: 0 }\n`,
    );
    const { code, stderr } = await headgate(['run', '-c', scene.configFile]);
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain('LISTEN_FAILED');
    expect(stderr).toContain(String(port));
  });
});

describe('the other commands', () => {
  it('print a JSON Schema that editors can use', async () => {
    const { code, stdout } = await headgate(['schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { properties: Record<string, unknown>; required: string[] };
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['gateway', 'listeners', 'auth', 'journal', 'rules', 'schemas', 'aws', 'admin']),
    );
    expect(schema.required).toEqual(['gateway', 'listeners', 'auth']);
  });

  it('make users file entries that the gateway accepts', async () => {
    const token = await headgate(['token', 'press-1']);
    const password = await headgate(['passwd', 'ann'], { stdin: 'correct horse\n' });
    expect(token.stderr).toMatch(/Token of press-1/);
    expect(token.stdout).not.toContain(/: (\S+)\n/.exec(token.stderr)?.[1] ?? '-');
    expect(password.stdout).not.toContain('correct horse');
    const users = `${token.stdout}${password.stdout}`;
    expect((parse(users) as { name: string }[]).map((user) => user.name)).toEqual(['press-1', 'ann']);
    const scene = sceneOf({ 'users.yaml': users });
    writeFileSync(
      scene.configFile,
      'gateway: { id: x }\nlisteners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]\nauth: { users: ./users.yaml }\n',
    );
    const { code, stderr } = await headgate(['check', '-c', scene.configFile]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('infer an Avro schema from samples', async () => {
    const dir = folderOf({ 'a.jsonl': '{"t":1,"name":"x"}\n{"t":2.5,"name":null}\n' });
    const { code, stdout } = await headgate(['schema', 'infer', join(dir, 'a.jsonl'), '--name', 'Sample']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { name: string; fields: { name: string; type: unknown }[] };
    expect(schema.name).toBe('Sample');
    expect(schema.fields.find((field) => field.name === 't')?.type).toEqual(['null', 'double']);
  });

  it('exit 2 when the command line is wrong', async () => {
    expect((await headgate(['chekc'])).code).toBe(2);
    expect((await headgate(['check', '--nonsense'])).code).toBe(2);
    expect((await headgate(['--version'])).code).toBe(0);
  });

  it('run conformance cases and end with a count', async () => {
    const row = (id: string, output: unknown) =>
      JSON.stringify({
        id,
        section: 's',
        sql: "SELECT a FROM 't'",
        awsIotSqlVersion: '2016-03-23',
        topic: 't',
        payload: { a: 1 },
        expect: { match: true, output },
      });
    const dir = folderOf({
      'good.jsonl': `${row('one', { a: 1 })}\n`,
      'bad.jsonl': `${row('one', { a: 1 })}\n${row('two', { a: 2 })}\n`,
    });
    const good = await headgate(['vectors', join(dir, 'good.jsonl')]);
    expect([good.code, good.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '1 passed, 0 failed']);
    const bad = await headgate(['vectors', join(dir, 'bad.jsonl')]);
    expect([bad.code, bad.stdout.trimEnd().split('\n').at(-1)]).toEqual([1, '1 passed, 1 failed']);
    expect(bad.stdout).toContain('two');
  });
});
