import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { readDeadLetters } from '../../src/spool/dead-letter-reader.ts';
import { nodeFiles } from '../../src/spool/files.ts';
import { json, serve } from '../connectors/scene.ts';
import { recordsIn } from '../support/avro-records.ts';
import { until } from '../support/until.ts';
import { connect, type Scene, sceneOf, start } from './scene.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:enrich';
const ROLE = 'arn:aws:iam::123456789012:role/iot';

function ruleOf(name: string, sql: string, action: string): string {
  return `ruleName: ${name}
awsIotSqlVersion: '2016-03-23'
sql: >-
  ${sql}
actions:
  - ${action}
`;
}

function sceneWith(endpoint: string, files: Readonly<Record<string, string>>): Scene {
  return sceneOf({
    'headgate.yaml': `gateway: { id: e2e }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { users: ./users.yaml }
rules: [ ./rules/*.yaml ]
admin: { port: 0 }
aws: { region: eu-west-1, endpoint: '${endpoint}', credentials: { accessKeyId: a, secretAccessKey: b } }
connectors:
  shadows: {}
  secrets: [ { id: floor/key, file: ./secret.json } ]
  lambda: { functions: [ enrich ] }
  machineLearning: { models: [ { id: wear, url: '${endpoint}/wear' } ] }
`,
    // sha256 of "t"
    'users.yaml': `- name: u
  token: sha256:e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8
  publish: [ '#', '$aws/things/+/shadow/#' ]
  subscribe: [ '#' ]
`,
    'secret.json': '{"key":"k-1"}',
    'rules/readings.yaml': ruleOf('readings', "SELECT * FROM 'nowhere'", 'republish: { topic: nowhere/else }'),
    ...files,
  });
}

async function clientOf(gateway: Parameters<typeof connect>[0]) {
  const client = await connect(gateway, { username: 'u', password: 't' });
  const heard = new Map<string, string>();
  client.on('message', (topic, payload) => heard.set(topic, payload.toString()));
  await client.subscribeAsync('out/#');
  return { client, heard };
}

async function publish(client: MqttClient, topic: string, payload: unknown, retain = false): Promise<void> {
  await client.publishAsync(topic, JSON.stringify(payload), { qos: 1, retain });
}

describe('rules that ask services', () => {
  it('get shadows, secrets, predictions and what functions answer, digits and all', async () => {
    const server = await serve((response, request) =>
      request.path === '/wear'
        ? json('{"predictedLabel":"worn","predictedScores":{"worn":0.75}}')(response)
        : json('{"serial": 9007199254740993}')(response),
    );
    const scene = sceneWith(server.url, {
      'rules/all.yaml': ruleOf(
        'all',
        `SET @s = get_thing_shadow(topic(2), '${ROLE}')
         SELECT id, @s.state.reported.mode AS mode, get_secret('floor/key', 'SecretString', 'key', '${ROLE}') AS key,
         aws_lambda('${ARN}', {'id': id}).serial AS serial,
         machinelearning_predict('wear', '${ROLE}', {'v': id}).predictedLabel AS label
         FROM 'in/+'`,
        "republish: { topic: 'out/${@s.state.reported.mode}', qos: 1 }",
      ),
    });
    const gateway = await start(scene);
    const { client, heard } = await clientOf(gateway);
    const shadow = { state: { reported: { mode: 'auto' } }, version: 3 };
    await publish(client, '$aws/things/press-1/shadow/get/accepted', shadow, true);
    await publish(client, 'in/press-1', { id: 7 });
    const text = await until('the enriched message', () => heard.get('out/auto'));
    expect(text).toBe('{"id":7,"mode":"auto","key":"k-1","serial":9007199254740993,"label":"worn"}');
    expect(await gateway.stop()).toBe(0);
  });

  it('fail with the service: a dead letter that can be sent again, the error action, or the default', async () => {
    const server = await serve(json('{"errorMessage":"no such device"}', { 'x-amz-function-error': 'Unhandled' }));
    const call = `aws_lambda('${ARN}', {'id': id})`;
    const scene = sceneWith(server.url, {
      'rules/plain.yaml': ruleOf('plain', `SELECT ${call} AS a FROM 'in/1'`, 'republish: { topic: out/plain }'),
      'rules/told.yaml': `${ruleOf('told', `SELECT ${call} AS a FROM 'in/1'`, 'republish: { topic: out/told }')}errorAction: { republish: { topic: out/error } }\n`,
      'rules/saved.yaml': ruleOf(
        'saved',
        `SELECT id, get_or_default(${call}, 'none') AS a FROM 'in/1'`,
        'republish: { topic: out/saved }',
      ),
    });
    const gateway = await start(scene);
    const { client, heard } = await clientOf(gateway);
    await publish(client, 'in/1', { id: 1 });
    expect(JSON.parse(await until('the default', () => heard.get('out/saved')))).toEqual({ id: 1, a: 'none' });
    const document = JSON.parse(await until('the error document', () => heard.get('out/error')));
    expect(document).toMatchObject({
      ruleName: 'told',
      topic: 'in/1',
      base64OriginalPayload: Buffer.from('{"id":1}').toString('base64'),
    });
    expect(document.failures[0].errorMessage).toMatch(/MESSAGE_FUNCTION_FAILED.*no such device/);
    expect(await gateway.stop()).toBe(0);
    const letters = [];
    for await (const { letter } of readDeadLetters(nodeFiles(), join(scene.dir, 'data/spool'))) letters.push(letter);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      code: 'MESSAGE_FUNCTION_FAILED',
      ruleName: 'plain',
      topic: 'in/1',
      content: 'message',
    });
    expect(Buffer.from(letters[0]?.body ?? []).toString()).toBe('{"id":1}');
    expect(heard.has('out/plain') || heard.has('out/told')).toBe(false);
  });

  it('wait for a slow service without holding up other rules, and keep the order of what they emit', async () => {
    const held: ServerResponse[] = [];
    const server = await serve((response) => void held.push(response));
    const scene = sceneWith(server.url, {
      'rules/slow.yaml': ruleOf(
        'slow',
        `SELECT id, aws_lambda('${ARN}', {'id': id}).n AS n FROM 'in/+'`,
        'republish: { topic: out/slow, qos: 1 }',
      ),
      'rules/fast.yaml': ruleOf('fast', "SELECT id FROM 'in/+'", "republish: { topic: 'out/fast/${id}', qos: 1 }"),
    });
    const gateway = await start(scene);
    const { client, heard } = await clientOf(gateway);
    const order: unknown[] = [];
    client.on('message', (topic, payload) => {
      if (topic === 'out/slow') order.push((JSON.parse(payload.toString()) as { id: number }).id);
    });
    for (let id = 0; id < 10; id++) await publish(client, 'in/1', { id });
    await until('the other rule is through', () => heard.has('out/fast/9'));
    await until('the service is asked', () => held.length === 10);
    expect(order).toEqual([]);
    for (const response of held.toReversed()) json('{"n":1}')(response);
    await until('the slow rule is through', () => order.length === 10);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await gateway.metric('headgate_rule_matched_total{rule="slow"}')).toBe(10);
    expect(await gateway.stop()).toBe(0);
  });

  it('emit the same after a kill: what was answered is not asked again', async () => {
    let count = 0;
    const server = await serve((response) => json(`{"n":${++count}}`)(response));
    const scene = sceneWith(server.url, {
      'rules/counted.yaml': ruleOf(
        'counted',
        `SELECT id, aws_lambda('${ARN}', {'id': id}).n AS n FROM 'in/+'`,
        'file: { path: counted }',
      ),
    });
    const first = await start(scene);
    const { client } = await clientOf(first);
    for (let id = 0; id < 20; id++) await publish(client, 'in/1', { id });
    await until(
      'all are evaluated',
      async () => (await first.metric('headgate_rule_matched_total{rule="counted"}')) === 20,
    );
    await first.kill();
    expect(count).toBe(20);
    const second = await start(scene);
    await until('all are evaluated again', async () => (await second.metric('headgate_messages_replayed_total')) >= 20);
    expect(await second.stop()).toBe(0);
    expect(count).toBe(20);
    const records = await recordsIn<{ readonly id: number; readonly n: number }>(scene.lakeDir);
    const answers = new Map(records.map(({ id, n }) => [id, n]));
    expect(answers.size).toBe(20);
    expect(new Set(answers.values()).size).toBe(20);
  });

  it('are refused by check when their service is not declared', async () => {
    const scene = sceneWith('http://127.0.0.1:9', {
      'rules/a.yaml': ruleOf(
        'a',
        `SELECT get_dynamodb('t', 'k', id, '${ROLE}') AS a FROM 'in/+'`,
        'republish: { topic: out/a }',
      ),
    });
    await expect(start(scene)).rejects.toThrow(/connectors\.dynamodb/);
  });
});
