import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { formatFinding } from '../src/errors.ts';
import { folderOf } from './support/folder.ts';

const GOOD = `gateway: { id: press-shop-1 }
listeners:
  - { type: tcp, host: 127.0.0.1, port: 1883 }
auth: { anonymous: true }
journal: { durability: fsync, classes: { alarm: [ 'alarms/#' ] } }
rules: [ ./rules/*.yaml ]
schemas: [ ./schemas/*.avsc ]
aws: { region: eu-west-1, endpoint: http://127.0.0.1:5000 }
admin: { host: 127.0.0.1, port: 9464 }
`;
const RULE = `ruleName: press
sql: SELECT force, topic(2) AS line FROM 'press/+'
awsIotSqlVersion: '2016-03-23'
actions:
  - file: { path: 'press/\${topic(2)}' }
    delivery: { schema: press }
`;
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Press',
  fields: [
    { name: 'force', type: 'double' },
    { name: 'line', type: 'string' },
  ],
});

function load(files: Record<string, string>, env: Record<string, string> = {}) {
  const dir = folderOf({ 'headgate.yaml': GOOD, 'rules/press.yaml': RULE, 'schemas/press.avsc': SCHEMA, ...files });
  const { config, findings } = loadConfig(join(dir, 'headgate.yaml'), env);
  return { dir, config, findings, lines: findings.map((finding) => formatFinding(finding).replaceAll(dir, '.')) };
}

describe('loadConfig', () => {
  it('reads a whole configuration with its rules and schemas', () => {
    const { config, lines, dir } = load({});
    expect(lines).toEqual([]);
    expect(config?.ruleSet.rules.map((rule) => rule.name)).toEqual(['press']);
    expect(config?.ruleSet.planned[0]?.plan).toMatchObject({
      id: 'press/0',
      type: 'file',
      form: 'container',
      schema: 'press',
    });
    expect(config?.ruleSet.topicFilters).toEqual(['press/+']);
    expect(config?.dataDir).toBe(join(dir, 'data'));
  });

  it('reports mistakes of every part at once, each with file, line and column', () => {
    const { config, lines } = load({
      'headgate.yaml': GOOD.replace('region: eu-west-1', 'regoin: eu-west-1')
        .replace('port: 1883', 'port: 188300')
        .replace('id: press-shop-1', 'id: "a b"'),
      'rules/press.yaml': RULE.replace('FROM', 'FORM'),
      'rules/second.yaml': 'ruleName: b\nsql: 5\nactions: []\nextra: 1\n',
    });
    expect(config).toBeNull();
    const text = lines.join('\n');
    expect(text).toMatch(/headgate\.yaml:1:\d+ gateway\.id: /);
    expect(text).toMatch(/headgate\.yaml:3:\d+ listeners\.0\.port: /);
    expect(text).toMatch(/headgate\.yaml:8:\d+ aws\.regoin: .*Did you mean "region"\?/);
    expect(text).toMatch(/rules\/press\.yaml:2:\d+ sql: /);
    expect(text).toMatch(/rules\/second\.yaml:2:6 sql: /);
    expect(text).toMatch(/rules\/second\.yaml:4:1 extra: /);
  });

  it('checks on what is right beside a mistake: files, users, access', () => {
    const { lines } = load({
      'headgate.yaml': GOOD.replace('admin:', 'admni:').replace(
        '{ type: tcp, host: 127.0.0.1, port: 1883 }',
        '{ type: tcp, host: 0.0.0.0, port: 1 }\n  - { type: tls, host: 127.0.0.1, port: 2, cert: ./gw.crt, key: ./gw.key }',
      ),
    });
    expect(lines.join('\n')).toMatch(/admni.*Did you mean "admin"\?/);
    expect(lines.join('\n')).toMatch(/listeners\.0\.host: .*\[CONFIG_UNSAFE\]/);
    expect(lines.filter((line) => line.includes('[CONFIG_FILE_UNREADABLE]'))).toHaveLength(2);
    const users = load({
      'headgate.yaml': GOOD.replace('admin:', 'admni:').replace('{ anonymous: true }', '{ users: ./users.yaml }'),
    });
    expect(users.lines.join('\n')).toMatch(/auth\.users: /);
  });

  it('points at the place of an SQL mistake with a caret', () => {
    const { findings } = load({ 'rules/press.yaml': RULE.replace('force, topic(2) AS line', 'force,, x') });
    const finding = findings.find((candidate) => candidate.code === 'SQL_SYNTAX');
    expect(finding).toMatchObject({ line: 2, severity: 'error' });
    expect(finding?.excerpt).toContain('^');
  });

  it.each(['./data', './data/objects', './data/spool/x', '.'])(
    'refuses a lake at %s, where the gateway removes files at every start',
    (dir) => {
      const { config, lines } = load({ 'headgate.yaml': `${GOOD}lake: { dir: ${dir} }\n` });
      expect(config).toBeNull();
      expect(lines.join('\n')).toMatch(/headgate\.yaml:10:\d+ lake\.dir: .*CONFIG_UNSAFE/);
    },
  );

  it('takes a lake beside its own folders', () => {
    const { config, dir } = load({ 'headgate.yaml': `${GOOD}lake: { dir: ./data/objects-lake }\n` });
    expect(config?.lakeDir).toBe(join(dir, 'data/objects-lake'));
  });

  it('refuses anonymous access on an address that others reach', () => {
    const open = GOOD.replace('127.0.0.1, port: 1883', '0.0.0.0, port: 1883');
    expect(load({ 'headgate.yaml': open }).lines.join('\n')).toContain('[CONFIG_UNSAFE]');
    const wanted = open.replace('anonymous: true', 'anonymous: true, allowAnonymousRemote: true');
    expect(load({ 'headgate.yaml': wanted }).config).not.toBeNull();
  });

  it('warns of a user whose filters trust a client id that anybody may take', () => {
    const users = GOOD.replace('{ anonymous: true }', '{ users: ./users.yaml }');
    const token = `sha256:${'a'.repeat(64)}`;
    const file = (more: string) => `- { name: a, token: '${token}', publish: ['by-client/%c']${more} }\n`;
    const open = load({ 'headgate.yaml': users, 'users.yaml': file('') });
    expect(open.lines.join('\n')).toMatch(/users\.yaml:1:\d+ 0: .*CONFIG_UNSAFE/);
    expect(open.config?.users).toHaveLength(1);
    expect(load({ 'headgate.yaml': users, 'users.yaml': file(", clientId: '%u-*'") }).lines).toEqual([]);
  });

  it('fails closed on an absent or empty users file', () => {
    const users = GOOD.replace('{ anonymous: true }', '{ users: ./users.yaml }');
    expect(load({ 'headgate.yaml': users }).lines.join('\n')).toContain('[CONFIG_FILE_UNREADABLE]');
    expect(load({ 'headgate.yaml': users, 'users.yaml': '' }).lines.join('\n')).toContain('[CONFIG_UNSAFE]');
    expect(load({ 'headgate.yaml': users, 'users.yaml': '- { name: a, pasword: x }\n' }).lines.join('\n')).toMatch(
      /users\.yaml:1:\d+ 0\.pasword: /,
    );
  });

  it('names a certificate that is not there', () => {
    const tls = GOOD.replace(
      '{ type: tcp, host: 127.0.0.1, port: 1883 }',
      '{ type: tls, host: 127.0.0.1, port: 1, cert: ./gw.crt, key: ./gw.key }',
    );
    const { lines } = load({ 'headgate.yaml': tls });
    expect(lines.filter((line) => line.includes('[CONFIG_FILE_UNREADABLE]'))).toHaveLength(2);
  });

  it('refuses two rules of one name, and a schema that nobody defined', () => {
    const { lines } = load({
      'rules/copy.yaml': RULE,
      'rules/other.yaml': RULE.replace('ruleName: press', 'ruleName: other').replace('schema: press', 'schema: pres'),
    });
    expect(lines.join('\n')).toContain('[CONFIG_DUPLICATE]');
    expect(lines.join('\n')).toMatch(/other\.yaml:6:\d+ actions\.0\.delivery\.schema: /);
  });

  it('refuses Avro containers in a Firehose stream, and says what to use instead', () => {
    const rule = RULE.replace(
      "file: { path: 'press/${topic(2)}' }",
      'firehose: { deliveryStreamName: x, roleArn: y }',
    ).replace('{ schema: press }', '{ format: avro-container }');
    expect(load({ 'rules/press.yaml': rule }).lines.join('\n')).toMatch(
      /format: .*json-lines.*\[CONFIG_UNREADABLE_OUTPUT\]/,
    );
  });

  it('takes several rules from one file, as a list or as documents, and leaves disabled ones out', () => {
    const b = RULE.replace('ruleName: press', 'ruleName: b');
    const off = `${RULE.replace('ruleName: press', 'ruleName: off')}ruleDisabled: true\n`;
    const { config, lines } = load({ 'rules/press.yaml': `${RULE}---\n${b}---\n${off}` });
    expect(lines).toEqual([]);
    expect(config?.ruleSet.rules.map((rule) => rule.name)).toEqual(['press', 'b']);
  });

  it('puts secrets in and never prints them', () => {
    const aws =
      'aws: { region: "${env:REGION}", credentials: { accessKeyId: "${env:KEY}", secretAccessKey: "${env:SECRET}", oops: 1 } }';
    const { lines } = load(
      { 'headgate.yaml': GOOD.replace(/aws: .*/, aws) },
      { REGION: 'not a region', KEY: 'AKIAVISIBLE', SECRET: 'topsecret' },
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toMatch(/AKIAVISIBLE|topsecret|not a region/);
  });

  it('reports an unreadable, an empty and a broken file', () => {
    expect(loadConfig('/nonexistent/headgate.yaml', {}).findings[0]?.code).toBe('CONFIG_FILE_UNREADABLE');
    expect(load({ 'headgate.yaml': '# nothing\n' }).findings[0]?.code).toBe('CONFIG_SYNTAX');
    expect(load({ 'headgate.yaml': 'gateway: {\n' }).findings[0]?.code).toBe('CONFIG_SYNTAX');
  });

  it('warns of a pattern that matches no file and refuses a file that is not there', () => {
    const { config, findings } = load({
      'headgate.yaml': GOOD.replace('[ ./rules/*.yaml ]', '[ ./rules/*.yaml, ./more/*.yaml ]'),
    });
    expect(config).not.toBeNull();
    expect(findings.map((finding) => finding.severity)).toEqual(['warning']);
    expect(load({ 'headgate.yaml': GOOD.replace('./rules/*.yaml', './rules/none.yaml') }).config).toBeNull();
  });

  it('keeps the messages behind what an action emits where an error action may hear of it, and says where it will not', () => {
    const { config, lines } = load({
      'rules/press.yaml': `ruleName: press
sql: SELECT force FROM 'press/+'
awsIotSqlVersion: '2016-03-23'
actions:
  - republish: { topic: again }
  - file: { path: press }
    delivery: { format: json-lines }
  - stdout: {}
errorAction: { republish: { topic: errors } }
`,
      'rules/plain.yaml': RULE.replace('ruleName: press', 'ruleName: plain')
        .replace('file: {', 'republish: { topic: a } #')
        .replace(/ {4}delivery.*\n/, ''),
    });
    const kept = config?.ruleSet.planned.map(({ plan }) => [plan.id, plan.keepsOriginals]);
    expect(kept?.sort()).toEqual([
      ['plain/0', false],
      ['press/0', true],
      ['press/1', false],
      ['press/2', true],
      ['press/error', false],
    ]);
    expect(lines).toEqual([
      './rules/press.yaml:6:11 actions.1.file: warning: An object that its destination refuses goes to the dead letters, whole: errorAction is not told of it. [CONFIG_UNSUPPORTED]',
    ]);
  });
});
