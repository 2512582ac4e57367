/** Each kind of bad input has a defined outcome; the process lives and other clients notice nothing. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { recordsIn } from '../support/avro-records.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { connect, type Scene, sceneOf, start } from './scene.ts';

const UPLINK_RULE = `ruleName: up
sql: SELECT * FROM 'floor/+/reading'
awsIotSqlVersion: '2016-03-23'
actions: [ { firehose: { deliveryStreamName: nowhere, roleArn: r, separator: "\\n" } } ]
`;

const REASON = (code: string, logs: GatewayProcess['logs']) => logs.filter((log) => log['code'] === code);

async function scene(
  files: Record<string, string> = {},
): Promise<{ place: Scene; gateway: GatewayProcess; client: MqttClient }> {
  const place = sceneOf(files);
  const gateway = await start(place);
  return { place, gateway, client: await connect(gateway, { clientId: 'good' }) };
}

/** The bystander: publishes and is acknowledged, and its message arrives. */
async function expectUnharmed(place: Scene, gateway: GatewayProcess, client: MqttClient): Promise<void> {
  await client.publishAsync('floor/1/reading', '{"id":"bystander","value":1}', { qos: 1 });
  expect(client.connected).toBe(true);
  expect(await gateway.stop()).toBe(0);
  const ids = (await recordsIn<{ id: string }>(place.lakeDir)).map((record) => record.id);
  expect(ids).toContain('bystander');
}

/** Sends bytes on a socket of their own; resolves when the gateway closes it. */
function sendRaw(gateway: GatewayProcess, ...chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectSocket(gateway.ports[0] ?? 0, '127.0.0.1', () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => resolve());
  });
}

const CONNECT = Buffer.from('101100044d5154540402003c000574686965 66'.replace(' ', ''), 'hex');

describe('bad input', () => {
  it.each([
    ['a malformed remaining length', Buffer.from('30ffffffff7f', 'hex')],
    ['reserved flags', Buffer.from('6300020001', 'hex')],
    ['a PUBLISH with QoS 3', Buffer.from('360700036162630001', 'hex')],
    ['a topic that is not UTF-8', Buffer.from('30060002c32878ff', 'hex')],
    ['a topic with NUL', Buffer.from('30060003610062ff', 'hex')],
    ['an oversize packet', Buffer.from('30ffffff7f', 'hex')],
  ])('cuts a client that sends %s, and no other', async (_, bytes) => {
    const { place, gateway, client } = await scene();
    await sendRaw(gateway, CONNECT, bytes);
    await expectUnharmed(place, gateway, client);
  });

  it('dead-letters payloads that are not JSON, nested 100,000 deep or of another type than the schema; the rest goes on', async () => {
    const { place, gateway, client } = await scene();
    const publish = (payload: string | Buffer) => client.publishAsync('floor/1/reading', payload, { qos: 1 });
    await publish('not json');
    await publish(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]));
    await publish(`{"id":"deep","value":1,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    await publish('{"id":{"was":"a text"},"value":1}');
    await publish('{"__proto__":{"polluted":true},"constructor":{"prototype":1},"id":"proto","value":1}');
    await until('four dead letters', async () => {
      const count = (code: string) =>
        REASON(code, gateway.logs).reduce((sum, log) => sum + Number(log['messageCount']), 0);
      return (
        count('MESSAGE_NOT_JSON') === 2 && count('MESSAGE_TOO_DEEP') === 1 && count('MESSAGE_SCHEMA_MISMATCH') === 1
      );
    });
    await expectUnharmed(place, gateway, client);
    const ids = (await recordsIn<{ id: string }>(place.lakeDir)).map((record) => record.id).sort();
    expect(ids).toEqual(['bystander', 'proto']);
  });

  it.each([
    ['a missing stream', 'ResourceNotFoundException'],
    ['an expired credential', 'ExpiredTokenException'],
  ])('holds what is for %s, delivers it once that is repaired, and delivers the rest meanwhile', async (_, code) => {
    const place = sceneOf({ 'rules/up.yaml': UPLINK_RULE });
    let isRepaired = false;
    const server = createServer((_request, response) => {
      const type = { 'content-type': 'application/x-amz-json-1.1' };
      if (isRepaired) {
        response.writeHead(200, type).end('{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"}]}');
      } else {
        response.writeHead(400, { ...type, 'x-amzn-ErrorType': code }).end(`{"__type":"${code}","message":"no"}`);
      }
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    appendFileSync(
      place.configFile,
      `aws: { region: eu-west-1, endpoint: 'http://127.0.0.1:${port}', credentials: { accessKeyId: a, secretAccessKey: b } }\n`,
    );
    const gateway = await start(place);
    const client = await connect(gateway);
    await client.publishAsync('floor/1/reading', '{"id":"kept","value":1}', { qos: 1 });
    await until('the sink to be held', () => gateway.logs.some((log) => log['status'] === 'held'));
    expect(await gateway.metric('headgate_action_failing{action="up/0"}')).toBe(1);
    expect(await gateway.metric('headgate_action_dead_lettered_total{action="up/0"}')).toBe(0);
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(200);
    isRepaired = true;
    await until('delivery', async () => (await gateway.metric('headgate_action_delivered_total{action="up/0"}')) === 1);
    expect(await gateway.metric('headgate_action_failing{action="up/0"}')).toBe(0);
    await expectUnharmed(place, gateway, client);
  });
});
