import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../src/config.ts';
import { ConfigsInUse } from '../src/configs-in-use.ts';
import { folderOf } from './support/folder.ts';

const HEAD = `gateway: { id: gw }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
rules: [ rule.yaml ]
aws: { region: eu-west-1 }
`;

/** A configuration with one rule; `sql` makes its set another one. */
function configOf(sql: string, more = ''): Config {
  const dir = folderOf({ 'headgate.yaml': HEAD + more, 'rule.yaml': '' });
  const rule = { ruleName: 'r', awsIotSqlVersion: '2016-03-23', sql, actions: [{ republish: { topic: 'out' } }] };
  writeFileSync(join(dir, 'rule.yaml'), JSON.stringify(rule));
  const { config, findings } = loadConfig(join(dir, 'headgate.yaml'), {});
  if (config === null) throw new Error(JSON.stringify(findings));
  return config;
}

function inUse(first: Config) {
  const unreadable: string[] = [];
  const configs = new ConfigsInUse(first, { ruleSetUnreadable: (hash) => unreadable.push(hash) });
  return { configs, unreadable };
}

describe('ConfigsInUse', () => {
  it('keeps a configuration between two times of another: a backlog may go through both', () => {
    const [a, b] = [configOf("SELECT a FROM 't'"), configOf("SELECT b FROM 't'")];
    const { configs } = inUse(a);
    configs.add(b);
    configs.add(a);
    expect(configs.take(a.ruleSet.hash, null)).toBe(a);
    expect(configs.take(b.ruleSet.hash, null)).toBe(b);
    expect(configs.newest).toBe(a);
  });

  it('forgets the oldest, and brings it back from its text with the credentials of today', () => {
    const all = Array.from({ length: 9 }, (_, n) => configOf(`SELECT ${n} AS n FROM 't'`));
    const [oldest] = all;
    if (oldest === undefined) throw new Error('nine');
    const { configs, unreadable } = inUse(oldest);
    for (const config of all) configs.add(config);
    const restored = configs.take(oldest.ruleSet.hash, oldest.ruleSet.text);
    expect(restored.file).toBe(configs.newest.file);
    expect(restored.ruleSet.rules[0]?.sql).toBe("SELECT 0 AS n FROM 't'");
    expect(unreadable).toEqual([]);
  });

  it('goes on with rules that ask a service which is no longer configured: their messages fail, and are kept', () => {
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:f';
    const before = configOf(
      `SELECT aws_lambda('${arn}', {'a': a}) AS x FROM 't'`,
      'connectors: { lambda: { functions: [ f ] } }',
    );
    const { configs, unreadable } = inUse(configOf("SELECT a FROM 'elsewhere'"));
    const restored = configs.take(before.ruleSet.hash, before.ruleSet.text);
    expect(restored.ruleSet.rules.map(({ sql }) => sql)).toEqual(before.ruleSet.rules.map(({ sql }) => sql));
    expect(unreadable).toEqual([]);
  });

  it('evaluates under the newest what was acknowledged under a set that nothing can read, and says so', () => {
    const newest = configOf("SELECT a FROM 't'");
    const { configs, unreadable } = inUse(newest);
    const hash = 'f'.repeat(32);
    expect(configs.take(hash, null)).toBe(newest);
    expect(configs.take(hash, '{"rules":[{}],"schemas":[]}')).toBe(newest);
    expect(unreadable).toEqual([hash, hash]);
  });
});
