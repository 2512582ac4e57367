import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportRules, type RulesExportOptions } from '../../src/cli/rules-export.ts';
import { importRules, type RulesImportOptions } from '../../src/cli/rules-import.ts';
import { loadConfig } from '../../src/config.ts';
import { formatFinding } from '../../src/errors.ts';
import { payloadArbitrary } from '../rule-documents/payloads.ts';
import { times } from '../support/effort.ts';
import { folderOf } from '../support/folder.ts';

const fixture = (name: string) => readFileSync(new URL(`../rule-documents/fixtures/${name}`, import.meta.url), 'utf8');

function hostOf(stdin: string | Uint8Array = '') {
  const out: string[] = [];
  const err: string[] = [];
  const host = {
    process,
    print: (line: string) => void out.push(line),
    complain: (line: string) => void err.push(line),
    readBytes: async () => Buffer.from(stdin as string),
  };
  return { host, out, err };
}

/** Imports these files of a folder into its folder `rules`. */
async function importIn(
  dir: string,
  files: readonly string[],
  options: Partial<RulesImportOptions> = {},
  stdin: string | Uint8Array = '',
) {
  const { host, out, err } = hostOf(stdin);
  const paths = files.map((file) => (file === '-' ? file : join(dir, file)));
  const defaults = { out: join(dir, 'rules'), force: false, partial: false, parameter: [] };
  const exitCode = await importRules(paths, { ...defaults, ...options }, host);
  const shorten = (lines: readonly string[]) => lines.map((line) => line.replaceAll(`${dir}/`, ''));
  return { exitCode, out: shorten(out), err: shorten(err) };
}

async function exportOf(files: readonly string[], options: Partial<RulesExportOptions> = {}, stdin = '') {
  const { host, out, err } = hostOf(stdin);
  const exitCode = await exportRules(files, { format: 'create-topic-rule', config: '', ...options }, host);
  return { exitCode, json: out.length === 0 ? null : (JSON.parse(out.join('\n')) as unknown), err };
}

const payload = {
  sql: "SELECT * FROM 'a/#'",
  awsIotSqlVersion: '2016-03-23',
  actions: [{ sns: { targetArn: 'arn:aws:sns:eu-west-1:123456789012:t' } }],
};
const json = (value: unknown) => JSON.stringify(value, null, 2);

const CONFIG = `gateway: { id: x }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
aws: { region: eu-west-1 }
rules: [ ./rules/* ]
`;

/** Errors that \`headgate check\` finds in a configuration over the folder's rules, and the rules themselves. */
function check(dir: string) {
  writeFileSync(join(dir, 'headgate.yaml'), CONFIG);
  const { config, findings } = loadConfig(join(dir, 'headgate.yaml'), {});
  const errors = findings.filter(({ severity }) => severity === 'error').map(formatFinding);
  return { errors: errors.map((line) => line.replaceAll(`${dir}/`, '')), rules: config?.ruleSet.rules ?? [] };
}

describe('rules import', () => {
  it('judges every action and imports nothing of a rule that would not run whole', async () => {
    const dir = folderOf({ 'oven.json': fixture('get-topic-rule.json') });
    const { exitCode, out, err } = await importIn(dir, ['oven.json']);
    expect(exitCode).toBe(1);
    expect(out).toEqual([
      expect.stringMatching(/^oven\.json:9:7 actions\.0 lambda: not supported\. Publish with iotCore /),
      expect.stringMatching(
        /^oven\.json:14:7 actions\.1 firehose: mapped\. Packs many .* roleArn is kept and not used\.$/,
      ),
      expect.stringMatching(
        /^oven\.json:22:7 actions\.2 republish: mapped\. Publishes on the broker of this gateway\. /,
      ),
      expect.stringMatching(/^oven\.json:32:20 errorAction cloudwatchLogs: not supported\. Write lines with file /),
      '0 rules imported, 1 not.',
    ]);
    expect(err).toEqual([
      'oven.json: oven_alarm is not imported. --partial imports it without the actions that are not supported.',
    ]);
    expect(existsSync(join(dir, 'rules'))).toBe(false);
  });

  it('writes with --partial what runs, and keeps the rest for the export', async () => {
    const dir = folderOf({ 'oven.json': fixture('get-topic-rule.json') });
    const { exitCode, out } = await importIn(dir, ['oven.json'], { partial: true });
    expect(exitCode).toBe(0);
    expect(out.slice(-2)).toEqual([
      'oven.json: oven_alarm is written to rules/oven_alarm.yaml.',
      '1 rule imported, 0 not.',
    ]);
    const file = join(dir, 'rules/oven_alarm.yaml');
    await expect(readFileSync(file, 'utf8')).toMatchFileSnapshot('../rule-documents/fixtures/oven_alarm.yaml');
    expect(check(dir)).toMatchObject({ errors: [], rules: [{ name: 'oven_alarm', actions: [0, 1] }] });
    const exported = await exportOf([file], { format: 'get-topic-rule' });
    expect(exported).toEqual({ exitCode: 0, json: JSON.parse(fixture('get-topic-rule.json')), err: [] });
  });

  it('writes nothing that the check would refuse, whatever the rules are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(payloadArbitrary(), { minLength: 20, maxLength: 40 }), async (payloads) => {
        const named = payloads.map((topicRulePayload, index) => ({ ruleName: `r${index}`, topicRulePayload }));
        const dir = folderOf();
        expect((await importIn(dir, ['-'], { partial: true }, json(named))).exitCode).toBe(0);
        expect(readdirSync(join(dir, 'rules'))).toHaveLength(payloads.length);
        expect(check(dir).errors).toEqual([]);
      }),
      { numRuns: times(5) },
    );
  });

  it('imports the rules of a template, which then pass the check', async () => {
    const dir = folderOf({ 'template.yaml': fixture('template.yaml') });
    const parameter = ['LakeBucket=lake', 'AWS::Region=eu-west-1', 'AWS::AccountId=012345678901', 'Role.Arn=a=b'];
    expect(await importIn(dir, ['template.yaml'], { parameter })).toMatchObject({ exitCode: 0 });
    expect(check(dir).errors).toEqual([]);
    expect(readFileSync(join(dir, 'rules/OvenRule.yaml'), 'utf8')).toContain('roleArn: a=b\n');
    expect(await importIn(dir, ['template.yaml'])).toMatchObject({ exitCode: 1, out: ['0 rules imported, 1 not.'] });
  });

  it('takes several rules of several files and forms, and names those that have none after their file', async () => {
    const dir = folderOf({
      'all.json': json([
        { ruleName: 'a', topicRulePayload: payload, tags: 'x=y' },
        { ruleName: 'b', ...payload },
      ]),
      'press line-1.payload.yaml': `---\n# c\nsql: SELECT * FROM 'p'\nawsIotSqlVersion: '2016-03-23'\nactions: []\n---\nruleName: d\nsql: SELECT 1 AS one FROM 'p'\nactions: []\n`,
    });
    const { exitCode, err } = await importIn(
      dir,
      ['all.json', 'press line-1.payload.yaml', '-'],
      { name: 'from_stdin' },
      json(payload),
    );
    expect(err).toEqual([
      'all.json:6:7 0.tags: warning: "tags" is left out. [RULE_INVALID]'.replace(
        '6:7',
        err[0]?.split(' ')[0]?.split(':').slice(1).join(':') ?? '',
      ),
      expect.stringMatching(
        /warning: awsIotSqlVersion is absent, which means 2015-10-08 as in AWS; that is what is written/,
      ),
      'stdin: from_stdin is not imported; a rule of that name is in press line-1.payload.yaml. [CONFIG_DUPLICATE]',
    ]);
    expect(exitCode).toBe(1);
    expect(readdirSync(join(dir, 'rules')).sort()).toEqual(['a.yaml', 'b.yaml', 'd.yaml', 'from_stdin.yaml']);
    expect(readFileSync(join(dir, 'rules/d.yaml'), 'utf8')).toContain('awsIotSqlVersion: "2015-10-08"');
    expect(check(dir).errors).toEqual([]);
    expect(await importIn(dir, ['press line-1.payload.yaml'])).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(dir, 'rules/press_line_1_payload.yaml'))).toBe(true);
    expect(await importIn(dir, ['-'], {}, json(payload))).toMatchObject({
      exitCode: 1,
      err: [expect.stringContaining('The rule has no name. Pass --name NAME.'), 'stdin: The rule is not imported.'],
    });
  });

  it('never replaces another rule file unless it is told to, and leaves nothing half written', async () => {
    const dir = folderOf({ 'r.json': json({ ruleName: 'r', ...payload }), 'rules/r.yaml': 'mine\n' });
    const first = await importIn(dir, ['r.json']);
    expect(first.exitCode).toBe(1);
    expect(first.err).toEqual([
      'rules/r.yaml: r is not imported; the file exists. Pass --force to replace it. [RULE_FILE_EXISTS]',
    ]);
    expect(readFileSync(join(dir, 'rules/r.yaml'), 'utf8')).toBe('mine\n');
    expect((await importIn(dir, ['r.json'], { force: true })).exitCode).toBe(0);
    const again = await importIn(dir, ['r.json']);
    expect(again).toMatchObject({ exitCode: 0, err: [] });
    expect(again.out.at(-2)).toBe('r.json: r is unchanged in rules/r.yaml.');
    expect(readdirSync(join(dir, 'rules'))).toEqual(['r.yaml']);
    mkdirSync(join(dir, 'rules/s.yaml'));
    writeFileSync(join(dir, 's.json'), json({ ruleName: 's', ...payload }));
    expect(await importIn(dir, ['s.json'])).toMatchObject({ exitCode: 1, err: [expect.stringContaining('EISDIR')] });
  });

  it('points into the file at a mistake of the SQL, over escapes, and in blocks of YAML', async () => {
    const dir = folderOf({
      'r.json':
        '{ "ruleName": "r",\n  "sql": "SELECT \\"a\\" AS \\u0061,\\n  nope(1) AS b FROM \'x\'", "awsIotSqlVersion": "2016-03-23", "actions": [] }',
      's.yaml':
        "ruleName: s\nsql: |\n  SELECT a,\n    nope(1) AS b FROM 'x'\nawsIotSqlVersion: '2016-03-23'\nactions: []\n",
      't.json': json({ ruleName: 't', ...payload, actions: [{ s3: { bucketName: 'b', key: 'a/${nope(1)}' } }] }),
    });
    const { err, exitCode } = await importIn(dir, ['r.json', 's.yaml', 't.json']);
    expect(exitCode).toBe(1);
    expect(existsSync(join(dir, 'rules'))).toBe(false);
    const column = '  "sql": "SELECT \\"a\\" AS \\u0061,\\n  '.length + 1;
    expect(err.filter((line) => line.includes('nope')).map((line) => line.split(' ')[0])).toEqual([
      `r.json:2:${column}`,
      's.yaml:4:5',
      expect.stringMatching(/^t\.json:\d+:21$/),
    ]);
    expect(err.join('\n')).toContain('  nope(1) AS b FROM');
  });

  it('reads what PowerShell and other tools write: UTF-16, a byte order mark, CRLF, tabs', async () => {
    const text = JSON.stringify({ ruleName: 'r', ...payload, description: 'Öfen 😀' }, null, '\t').replaceAll(
      '\n',
      '\r\n',
    );
    const results = [];
    for (const bytes of [
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      Buffer.from(`\ufeff${text}`),
      Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    ]) {
      const dir = folderOf();
      expect(await importIn(dir, ['-'], {}, bytes)).toMatchObject({ exitCode: 0 });
      results.push(readFileSync(join(dir, 'rules/r.yaml'), 'utf8'));
    }
    expect(new Set(results).size).toBe(1);
    expect(results[0]).toContain('description: Öfen 😀\n');
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['an empty file', '', /The file is empty/],
    ['an empty list', '[]', /There is no rule here\. Expected is the output of aws iot get-topic-rule/],
    ['something else', '{"a": 1}', /stdin:1:1: This is no rule\. Expected/],
    [
      'a list of rules',
      json({ rules: [{ ruleName: 'r', topicPattern: 'a' }] }),
      /output of aws iot list-topic-rules, which has no SQL/,
    ],
    ['broken JSON', '{"a": ', /stdin:1:\d+: .*CONFIG_SYNTAX/],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe]), /neither UTF-8 nor UTF-16/],
    ['too much', 'x'.repeat(1_048_577), /at most 1048576 are read/],
    ['deep nesting', '{"sql":'.repeat(5_000), /nest here more than/],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefgh', (c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(10)}]`).join('\n')}`,
      /CONFIG_SYNTAX/,
    ],
    [
      'a key that is none',
      json({ ruleName: 'r', ...payload, 'rule Disabled': true }),
      /:\d+ rule Disabled: .*no key "rule Disabled"/,
    ],
    ['a flag that is a text', json({ ruleName: 'r', ...payload, ruleDisabled: 'no' }), /ruleDisabled: .*RULE_INVALID/],
    ['no actions', json({ ruleName: 'r', sql: 'x' }), /actions: .*RULE_INVALID|stdin:1:1.*RULE_INVALID/],
    ['a name that is none', json({ ruleName: '../r', ...payload }), /ruleName: must consist of letters/],
    ['a version that is none', json({ ruleName: 'r', ...payload, awsIotSqlVersion: '2017' }), /awsIotSqlVersion: /],
    [
      'a rule file of this gateway',
      json({ ruleName: 'r', ...payload, actions: [{ file: { path: 'a' } }] }),
      /file is an action of this gateway, not of AWS/,
    ],
    [
      'delivery',
      json({ ruleName: 'r', ...payload, actions: [{ ...payload.actions[0], delivery: {} }] }),
      /such a file is a rule file already/,
    ],
    ['two actions in one', json({ ruleName: 'r', ...payload, actions: [{ sns: {}, s3: {} }] }), /exactly one key/],
    [
      'an action that is none',
      json({ ruleName: 'r', ...payload, actions: [{ OpenSerch: {} }] }),
      /no action "OpenSerch"\. Did you mean "openSearch"\?/,
    ],
    [
      'an action named after a prototype',
      `{"ruleName":"r","sql":"SELECT * FROM 'a'","actions":[{"__proto__":{}}]}`,
      /AWS has no action "__proto__"/,
    ],
    [
      'an array result as records',
      json({ ruleName: 'r', ...payload, actions: [{ firehose: { deliveryStreamName: 's', batchMode: true } }] }),
      /batchMode: true \(.*\) is not available/,
    ],
    [
      'a FIFO topic',
      json({
        ruleName: 'r',
        ...payload,
        actions: [{ sns: { targetArn: 'arn:aws:sns:eu-west-1:123456789012:t.fifo' } }],
      }),
      /FIFO/,
    ],
    [
      'a field that the API has not',
      json({ ruleName: 'r', ...payload, actions: [{ s3: { bucketName: 'b', key: 'k', cannedacl: 'private' } }] }),
      /s3\.cannedacl: /,
    ],
  ])('refuses %s and says why', async (_, stdin, message) => {
    const { exitCode, err } = await importIn(folderOf(), ['-'], {}, stdin);
    expect(exitCode).toBe(1);
    expect(err.join('\n')).toMatch(message);
  });

  it('refuses parameters that are none, and files that cannot be read', async () => {
    expect(await importIn(folderOf(), ['-'], { parameter: ['Site'] })).toMatchObject({
      exitCode: 2,
      err: [expect.stringContaining('USAGE')],
    });
    expect(await importIn(folderOf(), ['none.json'])).toMatchObject({
      exitCode: 1,
      err: [expect.stringMatching(/none\.json: ENOENT/)],
    });
  });
});

describe('rules export', () => {
  it('leaves out what AWS has not, and says so', async () => {
    const dir = folderOf({
      'headgate.yaml': CONFIG,
      'rules/a.yaml': `ruleName: a
sql: SELECT * FROM 'a'
awsIotSqlVersion: '2016-03-23'
actions:
  - file: { path: a }
  - s3: { bucketName: b, key: k, roleArn: r }
    delivery: { batch: { seconds: 60 } }
  - firehose: { deliveryStreamName: s }
errorAction: { stdout: {} }
`,
      'rules/b.json': json({ ruleName: 'b_b', topicRulePayload: payload }),
    });
    const { exitCode, json: exported, err } = await exportOf([], { config: join(dir, 'headgate.yaml') });
    expect(exitCode).toBe(0);
    expect(exported).toEqual([
      {
        ruleName: 'a',
        topicRulePayload: {
          sql: "SELECT * FROM 'a'",
          awsIotSqlVersion: '2016-03-23',
          actions: [{ s3: { bucketName: 'b', key: 'k', roleArn: 'r' } }, { firehose: { deliveryStreamName: 's' } }],
        },
      },
      { ruleName: 'b_b', topicRulePayload: payload },
    ]);
    expect(err.map((line) => line.replaceAll(`${dir}/`, ''))).toEqual([
      'rules/a.yaml:5:11 actions.0.file: warning: AWS has no file action; it is left out. [RULE_ACTION_UNSUPPORTED]',
      expect.stringMatching(/^rules\/a\.yaml:7:15 .*delivery is left out\. Here the key is the prefix/),
      expect.stringMatching(/^rules\/a\.yaml:8:15 .*roleArn is missing/),
      expect.stringMatching(/^rules\/a\.yaml:9:24 .*AWS has no stdout action/),
      expect.stringMatching(/^rules\/b\.json:\d+:\d+ .*roleArn is missing/),
    ]);
  });

  it('prints a template whose logical ids differ', async () => {
    const rule = (ruleName: string) => ({ ruleName, ...payload });
    const { json: exported } = await exportOf(['-'], { format: 'cloudformation' }, json([rule('a_b'), rule('ab')]));
    expect(exported).toMatchObject({
      Resources: { Ruleab: { Properties: { RuleName: 'a_b' } }, Ruleabx2: { Properties: { RuleName: 'ab' } } },
    });
    expect(JSON.stringify(exported)).toContain('"Actions":[{"Sns":{"TargetArn":"arn:aws:sns');
  });

  it('gives back the error action that was put aside, even where another stands in its place', async () => {
    const errorAction = { lambda: { functionArn: 'f' } };
    const rule = {
      ruleName: 'r',
      ...payload,
      errorAction: { republish: { topic: 't', roleArn: 'r' } },
      aws: { errorAction },
    };
    const { json: exported, err } = await exportOf(['-'], {}, json(rule));
    expect(exported).toMatchObject({ topicRulePayload: { errorAction } });
    expect(err.join('\n')).toContain('the one under aws is given back');
  });

  it('fails for what is no rule, and where there is none', async () => {
    expect(await exportOf(['-'], {}, 'ruleName: 5')).toMatchObject({ exitCode: 1, json: null });
    const dir = folderOf({ 'headgate.yaml': 'rules: [ ./none/* ]\n' });
    expect(await exportOf([], { config: join(dir, 'headgate.yaml') })).toEqual({
      exitCode: 1,
      json: null,
      err: ['There is no rule to export.'],
    });
    expect(await exportOf([], { config: join(dir, 'no.yaml') })).toMatchObject({ exitCode: 1 });
  });
});

describe('a rules folder', () => {
  it('takes what aws iot get-topic-rule prints as it is, and says of an action that does not run what to do', () => {
    const gotten = JSON.parse(fixture('get-topic-rule.json')) as {
      rule: { actions: unknown[]; errorAction?: unknown };
    };
    const { errorAction: _, ...rule } = gotten.rule;
    const runnable = { ...gotten, rule: { ...rule, actions: rule.actions.slice(1) } };
    const dir = folderOf({
      'rules/oven.json': json(runnable),
      'rules/b.json': json({ ruleName: 'b', topicRulePayload: payload }),
    });
    expect(check(dir)).toMatchObject({ errors: [], rules: [{ name: 'b' }, { name: 'oven_alarm' }] });
    writeFileSync(join(dir, 'rules/oven.json'), fixture('get-topic-rule.json'));
    expect(check(dir).errors).toEqual([
      expect.stringMatching(
        /^rules\/oven\.json:10:9 rule\.actions\.0\.lambda: There is no lambda action here\. Publish with iotCore/,
      ),
      expect.stringMatching(
        /^rules\/oven\.json:33:7 rule\.errorAction\.cloudwatchLogs: There is no cloudwatchLogs action here\./,
      ),
    ]);
  });
});
