/** Devices address a rule by `$aws/rules/<rule>/…`, and rules one another; whatever goes in a circle ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { connect, sceneOf, start } from './scene.ts';

const rule = (name: string, sql: string, topic: string, more = '') => `ruleName: ${name}
sql: ${sql}
awsIotSqlVersion: '2016-03-23'
actions: [ { republish: { topic: '${topic}', qos: 1, roleArn: r } } ]
${more}
`;
const ingest = rule('ingest', "SELECT *, topic() AS t, topic(1) AS first FROM 'elsewhere/+'", 'out/ingest');
const other = rule(
  'other',
  "SELECT * FROM '#'",
  'out/other',
  "errorAction: { republish: { topic: 'out/errors', roleArn: r } }",
);

async function hear(gateway: GatewayProcess, filters: string[], clientId = 'panel') {
  const heard: { topic: string; payload: string }[] = [];
  const client = await connect(gateway, { clientId });
  client.on('message', (topic, payload) => heard.push({ topic, payload: payload.toString() }));
  const grants = await client.subscribeAsync(filters, { qos: 1 }).catch(() => []);
  return { heard, grants };
}

const letters = (gateway: GatewayProcess, action: string) =>
  gateway.metric(`headgate_action_dead_lettered_total{action="${action}"}`);
const publish = (client: MqttClient, topic: string, payload = '{"n":1}') =>
  client.publishAsync(topic, payload, { qos: 1 });

describe('Basic Ingest', () => {
  it('reaches the named rule alone, whatever its FROM, at every QoS, and no subscriber', async () => {
    const gateway = await start(
      sceneOf({ 'rules/ingest.yaml': ingest, 'rules/other.yaml': other.replace("'#'", "'+/never'") }),
    );
    const { heard } = await hear(gateway, ['#', '$aws/#']);
    const client = await connect(gateway);
    for (const qos of [0, 1, 2] as const) {
      for (const retain of [false, true])
        await client.publishAsync('$aws/rules/ingest/a/b', JSON.stringify({ qos, retain }), { qos, retain });
    }
    await until('all of them', () => heard.length === 6);
    expect(new Set(heard.map(({ topic }) => topic))).toEqual(new Set(['out/ingest']));
    expect(heard.map(({ payload }) => JSON.parse(payload) as object)).toContainEqual({
      qos: 2,
      retain: true,
      t: 'a/b',
      first: 'a',
    });
    const late = await hear(gateway, ['$aws/#'], 'late');
    await publish(client, '$aws/rules/ingest/last');
    await until('the last', () => heard.some(({ payload }) => payload.includes('last')));
    expect(late.heard).toEqual([]);
    expect(await gateway.metric('headgate_messages_unmatched_total')).toBe(7);
    expect(await gateway.stop()).toBe(0);
  });

  it('lets nobody subscribe to it', async () => {
    const gateway = await start(sceneOf({ 'rules/ingest.yaml': ingest }));
    const client = await connect(gateway);
    for (const filter of ['$aws/rules/#', '$aws/rules/ingest/+', '$aws/rules/ingest/a']) {
      const refused = await client.subscribeAsync(filter, { qos: 1 }).then(
        (grants) => grants.every(({ qos }) => qos === 128),
        () => true,
      );
      expect([filter, refused]).toEqual([filter, true]);
    }
  });

  it('acknowledges, counts and tells of a rule that is not there, or not any more', async () => {
    const scene = sceneOf({ 'rules/ingest.yaml': ingest });
    const gateway = await start(scene);
    const client = await connect(gateway);
    const unmatched = () => gateway.metric('headgate_messages_unmatched_total');
    const told = () =>
      gateway.logs
        .filter((log) => String(log['msg']).startsWith('A device addresses a rule'))
        .map((log) => log['rule']);
    for (let i = 0; i < 50; i++) await publish(client, `$aws/rules/nobody/${i}`);
    await publish(client, '$aws/rules/ingest');
    expect(await unmatched()).toBe(51);
    await until('the events', () => told().length >= 2);
    expect(told()).toEqual(['nobody', 'ingest']);
    await publish(client, '$aws/rules/ingest/a');
    // One more for what the rule republishes.
    await until('the rule to run', async () => (await unmatched()) === 52);
    const file = join(scene.dir, 'rules/ingest.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}ruleDisabled: true\n`);
    await until('the rule to be disabled', async () => (await gateway.metric('headgate_rules')) === 1);
    await publish(client, '$aws/rules/ingest/a');
    expect(await unmatched()).toBe(53);
    expect(told()).toEqual(['nobody', 'ingest']);
    expect(await gateway.stop()).toBe(0);
  });
});

describe('rules that republish in a circle', () => {
  async function healthy(gateway: GatewayProcess): Promise<void> {
    expect(await gateway.metric('headgate_messages_in_flight')).toBe(0);
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(200);
    await publish(await connect(gateway, { clientId: 'after' }), 'floor/1/reading', '{"id":"a","value":1}');
    expect(await gateway.stop()).toBe(0);
  }

  it.each<[string, Record<string, string>, string, string]>([
    ['one into itself', { a: rule('a', "SELECT * FROM 'loop/a'", 'loop/a') }, 'loop/a', 'a/0'],
    [
      'two into each other',
      { a: rule('a', "SELECT * FROM 'loop/a'", 'loop/b'), b: rule('b', "SELECT * FROM 'loop/b'", 'loop/a') },
      'loop/a',
      'a/0',
    ],
    ['one by Basic Ingest', { a: rule('a', "SELECT * FROM 'x'", '$$aws/rules/a/${topic()}') }, '$aws/rules/a/x', 'a/0'],
  ])('end in one dead letter: %s', async (_which, rules, topic, action) => {
    const files = Object.fromEntries(Object.entries(rules).map(([name, text]) => [`rules/${name}.yaml`, text]));
    const gateway = await start(sceneOf(files));
    await publish(await connect(gateway), topic);
    await until('the dead letter', async () => (await letters(gateway, action)) === 1);
    const told = () => gateway.logs.filter((log) => log['code'] === 'REPUBLISH_LOOP');
    await until('its event', () => told().length > 0);
    // The first, and eight that were republished.
    expect(await gateway.metric('headgate_messages_evaluated_total')).toBe(9);
    await healthy(gateway);
    expect(told()).toHaveLength(1);
  });

  it('end in one message to the error action, where there is one', async () => {
    const errorAction = "errorAction: { republish: { topic: 'out/errors', qos: 1, roleArn: r } }";
    const gateway = await start(
      sceneOf({ 'rules/a.yaml': rule('a', "SELECT * FROM 'loop/a'", 'loop/a', errorAction) }),
    );
    const { heard } = await hear(gateway, ['out/errors']);
    await publish(await connect(gateway), 'loop/a');
    await until('the document', () => heard.length > 0);
    expect(heard[0]?.payload).toContain('REPUBLISH_LOOP');
    expect(await letters(gateway, 'a/0')).toBe(0);
    await healthy(gateway);
    expect(heard).toHaveLength(1);
  });

  it('end although the error action republishes to its own rule', async () => {
    const errorAction = "errorAction: { republish: { topic: 'loop/a', qos: 1, roleArn: r } }";
    const bad = rule('a', "SELECT * FROM 'loop/a'", 'x/+', errorAction).replace('x/+', "x/${get('+', 0)}");
    const gateway = await start(sceneOf({ 'rules/a.yaml': bad.replaceAll("'+'", "''+''") }));
    await publish(await connect(gateway), 'loop/a');
    await until('the dead letter', async () => (await letters(gateway, 'a/error')) === 1);
    expect(await gateway.metric('headgate_messages_evaluated_total')).toBe(10);
    await healthy(gateway);
  });

  it('end where action and error action both republish to their own rule', async () => {
    const errorAction = "errorAction: { republish: { topic: 'loop/a', qos: 1, roleArn: r } }";
    const gateway = await start(
      sceneOf({ 'rules/a.yaml': rule('a', "SELECT * FROM 'loop/a'", 'loop/a', errorAction) }),
    );
    await publish(await connect(gateway), 'loop/a');
    // The ninth republish is that of the error action; then neither may any more.
    await until('the dead letter', async () => (await letters(gateway, 'a/error')) === 1);
    expect(await gateway.metric('headgate_messages_evaluated_total')).toBe(10);
    await healthy(gateway);
  });

  it('reject a topic that the broker cannot have, and go on', async () => {
    const gateway = await start(sceneOf({ 'rules/a.yaml': rule('a', "SELECT * FROM 'in'", 'out/${x}') }));
    const { heard } = await hear(gateway, ['out/#']);
    const client = await connect(gateway);
    for (const x of ['a\\u0001', '$SYS', '+', '']) await publish(client, 'in', `{"x":"${x}"}`);
    await until('the last', () => heard.length === 2);
    expect(heard.map(({ topic }) => topic)).toEqual(['out/$SYS', 'out/']);
    await until('dead letters', async () => (await letters(gateway, 'a/0')) === 2);
    await healthy(gateway);
  });
});
