/** Changed rules while destinations are down, hang or lag: the change comes into force, and nothing is lost, doubled or mistaken. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '../e2e/replace-file.ts';
import { connect, type Scene, sceneOf, start } from '../e2e/scene.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

type Mode = 'up' | 'down' | 'hangs';

interface Destination {
  readonly url: string;
  mode: Mode;
  calls: number;
  /** Firehose: the lines of all records, in order. S3: by key. */
  readonly lines: string[];
  readonly objects: Map<string, Buffer>;
  /** Works from now on; calls that hang are cut off. */
  recover(): void;
}

/** Firehose and S3 as far as these tests need them. */
async function openDestination(mode: Mode): Promise<Destination> {
  const destination: Destination = { url: '', mode, calls: 0, lines: [], objects: new Map(), recover: () => {} };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    destination.calls++;
    if (destination.mode === 'up') accept(destination, request.url ?? '', Buffer.concat(chunks), response);
    else if (destination.mode === 'down') response.writeHead(503).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const recover = () => {
    destination.mode = 'up';
    server.closeAllConnections();
  };
  return Object.assign(destination, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, recover });
}

function accept(destination: Destination, path: string, body: Buffer, response: ServerResponse): void {
  if (path !== '/') {
    destination.objects.set(decodeURIComponent(path.replace(/\?.*/, '')), body);
    response.writeHead(200).end();
    return;
  }
  const { Records } = JSON.parse(body.toString()) as { Records: { Data: string }[] };
  for (const { Data } of Records)
    destination.lines.push(...Buffer.from(Data, 'base64').toString().split('\n').filter(Boolean));
  const RequestResponses = Records.map((_, index) => ({ RecordId: String(index) }));
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ FailedPutCount: 0, RequestResponses }));
}

function ruleOf(name: string, filter: string, action: string): string {
  return `ruleName: ${name}
sql: SELECT * FROM '${filter}'
awsIotSqlVersion: '2016-03-23'
actions: [ ${action} ]
`;
}

const toStream = (latencyMs: number) =>
  `{ firehose: { deliveryStreamName: s, separator: "\\n" }, delivery: { batch: { latencyMs: ${latencyMs} } } }`;
const toBucket = (format: string) =>
  `{ s3: { bucketName: bucket, key: raw }, delivery: { format: ${format}, batch: { seconds: 1 } } }`;

function sceneWith(url: string, action: string): Scene {
  return sceneOf({
    'headgate.yaml': `gateway: { id: e2e }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
rules: [ ./rules/*.yaml ]
admin: { port: 0 }
lanes: { count: 2 }
aws: { region: eu-west-1, endpoint: '${url}', credentials: { accessKeyId: a, secretAccessKey: b } }
`,
    'rules/readings.yaml': ruleOf('readings', 'raw/+', action),
    'rules/echo.yaml': ruleOf('echo', 'echo', '{ republish: { topic: echoed } }'),
  });
}

async function change(gateway: GatewayProcess, scene: Scene, action: string): Promise<void> {
  const applied = 'headgate_reloads_total{outcome="applied"}';
  const before = await gateway.metric(applied);
  replaceFile(scene, 'rules/readings.yaml', ruleOf('readings', 'raw/+', action));
  process.kill(gateway.pid, 'SIGHUP');
  await until('the change to be taken', async () => (await gateway.metric(applied)) > before);
}

const changesInForce = (gateway: GatewayProcess) =>
  gateway.logs.filter((log) => log['msg'] === 'Rule set is in force.').length - 1;

const send = (client: MqttClient, id: string, padding = '') =>
  client.publishAsync('raw/1', JSON.stringify({ id, padding }), { qos: 1 });
const idsOf = (lines: readonly string[]) => lines.map((line) => (JSON.parse(line) as { id: string }).id);

describe('a change of an action', () => {
  it('comes into force though its destination is down and more waits than memory takes; all arrives once, in order', async () => {
    const destination = await openDestination('down');
    const scene = sceneWith(destination.url, toStream(10));
    const gateway = await start(scene);
    const client = await connect(gateway);
    const ids: string[] = [];
    const sendMore = async (count: number, padding: string) => {
      const first = ids.length;
      for (let n = 0; n < count; n++) ids.push(String(first + n));
      await Promise.all(ids.slice(first).map((id) => send(client, id, padding)));
    };
    await sendMore(1, '');
    await until('an attempt', () => destination.calls > 0);
    await sendMore(400, 'x'.repeat(60_000));
    await until('the outbox to be in use', async () => {
      return (await gateway.metric('headgate_action_outbox_bytes{action="readings/0"}')) > 0;
    });
    await change(gateway, scene, toStream(20));
    await until('the new rules in force', () => changesInForce(gateway) === 1);
    await sendMore(20, '');
    destination.mode = 'up';
    await until('everything delivered', () => destination.lines.length >= ids.length, 15_000);
    expect(idsOf(destination.lines)).toEqual(ids);
    const counted = (name: string, labels = '') =>
      gateway.metric(`headgate_action_${name}{action="readings/0"${labels}}`);
    await until('nothing in flight', async () => (await counted('in_flight')) === 0);
    const handedOver = await counted('dropped_total', ',reason="handed-over"');
    expect(handedOver).toBeGreaterThan(0);
    expect(await counted('delivered_total')).toBe(ids.length);
    expect(await counted('emitted_total')).toBe(ids.length + handedOver);
    expect(await gateway.stop()).toBe(0);
  });

  it('waits for no call that hangs, and messages are acknowledged meanwhile', async () => {
    const destination = await openDestination('hangs');
    const scene = sceneWith(destination.url, toStream(10));
    const gateway = await start(scene);
    const client = await connect(gateway);
    await send(client, 'old');
    await until('a call', () => destination.calls > 0);
    await change(gateway, scene, toStream(20));
    await send(client, 'new');
    await until('the new rules in force', () => changesInForce(gateway) === 1);
    destination.recover();
    await until('both', () => destination.lines.length >= 2);
    expect(idsOf(destination.lines).sort()).toEqual(['new', 'old']);
    expect(await gateway.stop()).toBe(0);
  });

  it('that is under way when the gateway stops neither keeps it from ending nor loses anything', async () => {
    const destination = await openDestination('hangs');
    const scene = sceneWith(destination.url, toStream(10));
    const gateway = await start(scene);
    const client = await connect(gateway);
    await send(client, 'old');
    await until('a call', () => destination.calls > 0);
    await change(gateway, scene, toStream(20));
    await send(client, 'new');
    expect(await gateway.stop()).toBe(0);
    destination.mode = 'up';
    const next = await start(scene);
    await until('both', () => new Set(idsOf(destination.lines)).size === 2);
    expect(await next.stop()).toBe(0);
  });

  it('away and back, before or after a restart, delivers what waits once', async () => {
    const destination = await openDestination('down');
    const elsewhere = '{ republish: { topic: elsewhere } }';
    const scene = sceneWith(destination.url, toStream(10));
    const first = await start(scene);
    const client = await connect(first);
    await send(client, 'a');
    await until('an attempt', () => destination.calls > 0);
    await change(first, scene, elsewhere);
    await until('the action to be gone', () => changesInForce(first) === 1);
    await change(first, scene, toStream(10));
    await send(client, 'b');
    await change(first, scene, elsewhere);
    await until('the action to be gone again', () => changesInForce(first) === 3);
    expect(await first.stop()).toBe(0);
    const second = await start(scene);
    expect(second.logs.map(({ msg }) => String(msg).split(' has entries')[0])).toContain(
      'Outbox of an action that is no longer configured',
    );
    destination.recover();
    await change(second, scene, toStream(10));
    await until('what waited', () => destination.lines.length >= 2);
    expect(await second.stop()).toBe(0);
    expect(idsOf(destination.lines)).toEqual(['a', 'b']);
  });

  it('to another format leaves what waits in the one it was made in', async () => {
    const destination = await openDestination('down');
    const scene = sceneWith(destination.url, toBucket('json-lines'));
    const gateway = await start(scene);
    const client = await connect(gateway);
    const waiting = () => gateway.metric('headgate_action_outbox_bytes{action="readings/0"}');
    for (const id of ['a', 'b']) {
      const before = await waiting();
      await send(client, id);
      await until('an object in the outbox', async () => (await waiting()) > before);
    }
    await change(gateway, scene, toBucket('avro-container'));
    await send(client, 'c');
    await until('the new rules in force', () => changesInForce(gateway) === 1);
    await change(gateway, scene, '{ s3: { bucketName: bucket, key: raw } }');
    await send(client, 'd');
    destination.mode = 'up';
    await until('four objects', () => destination.objects.size >= 4, 15_000);
    const kinds = [...destination.objects].map(([key, bytes]) => `${key.replace(/e2e-.*?(?=\.)/, '*')} ${bytes[0]}`);
    const brace = '{'.charCodeAt(0);
    expect(kinds.sort()).toEqual([
      `/bucket/raw ${brace}`,
      `/bucket/raw/*.avro ${'O'.charCodeAt(0)}`,
      `/bucket/raw/*.jsonl ${brace}`,
      `/bucket/raw/*.jsonl ${brace}`,
    ]);
    expect(await gateway.stop()).toBe(0);
  });
});
