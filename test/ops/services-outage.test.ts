/** A service that answers nothing holds up the rules that ask it, and nothing else. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { json, serve } from '../connectors/scene.ts';
import { replaceFile } from '../e2e/replace-file.ts';
import { connect, sceneOf, start } from '../e2e/scene.ts';
import { recordsIn } from '../support/avro-records.ts';
import { until } from '../support/until.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:enrich';

function ruleOf(name: string, select: string): string {
  return `ruleName: ${name}
awsIotSqlVersion: '2016-03-23'
sql: >-
  SELECT id${select} FROM 'in/+'
actions: [ { file: { path: ${name} }, delivery: { batch: { seconds: 1 } } } ]
`;
}

function sceneWith(endpoint: string) {
  return sceneOf({
    'headgate.yaml': `gateway: { id: e2e }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
rules: [ ./rules/*.yaml ]
admin: { port: 0 }
aws: { region: eu-west-1, endpoint: '${endpoint}', credentials: { accessKeyId: a, secretAccessKey: b } }
connectors: { lambda: { functions: [ enrich ] } }
`,
    'rules/readings.yaml': ruleOf('asking', `, aws_lambda('${ARN}', {'id': id}).n AS n`),
    'rules/plain.yaml': ruleOf('plain', ''),
  });
}

describe('a service that answers nothing', () => {
  it('does not have delivered again, after a kill, what rules delivered that do not ask it', async () => {
    let isUp = false;
    const server = await serve((response) => {
      if (isUp) json('{"n":1}')(response);
    });
    const scene = sceneWith(server.url);
    const gateway = await start(scene);
    const client = await connect(gateway);
    for (let id = 0; id < 40; id++) await client.publishAsync('in/1', `{"id":${id}}`, { qos: 1 });
    await until('the other rule to have delivered', async () => {
      return (await gateway.metric('headgate_action_delivered_total{action="plain/0"}')) === 40;
    });
    const deliveredAt = Date.now();
    const spool = join(scene.dir, 'data/spool/progress');
    await until('progress to be recorded', () =>
      readdirSync(spool).some(
        (name) => name.startsWith('cursor.') && statSync(join(spool, name)).mtimeMs > deliveredAt,
      ),
    );
    await gateway.kill();
    isUp = true;
    const next = await start(scene);
    await until('the answers', async () => (await next.metric('headgate_rule_matched_total{rule="asking"}')) > 0);
    expect(await next.stop()).toBe(0);
    const plain = await recordsIn<{ readonly id: number }>(join(scene.lakeDir, 'plain'));
    expect(plain.map(({ id }) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, id) => id));
  });

  it('does not keep changed rules waiting for each of its calls', async () => {
    const server = await serve(() => {});
    const scene = sceneWith(server.url);
    const gateway = await start(scene);
    const client = await connect(gateway);
    const sent = Array.from({ length: 600 }, (_, id) => client.publishAsync('in/1', `{"id":${id}}`, { qos: 1 }));
    await Promise.all(sent);
    replaceFile(scene, 'rules/plain.yaml', ruleOf('plain', ', 1 AS one'));
    process.kill(gateway.pid, 'SIGHUP');
    // 600 calls of two seconds, 16 at a time, would take 75.
    await until(
      'the new rules in force',
      () => gateway.logs.filter(({ msg }) => msg === 'Rule set is in force.').length > 1,
    );
    expect(await gateway.metric('headgate_rule_failed_total{rule="asking"}')).toBe(600);
    expect(await gateway.stop()).toBe(0);
  });
});
