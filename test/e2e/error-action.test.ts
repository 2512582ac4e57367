/** A rule's error action is told of what a destination refuses; nothing that was acknowledged is lost, whatever happens meanwhile. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAwsStub } from '../sinks/aws-stub.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { connect, type Scene, sceneOf, start } from './scene.ts';

interface Document {
  readonly base64OriginalPayload: string;
  readonly cloudwatchTraceId: string;
  readonly failures: readonly { readonly failedAction: string; readonly failedResource: string }[];
}

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const READING = '{"id":"a","zone":"north/+"}';

const ruleOf = (actions: string, errorAction: string) => `ruleName: relay
sql: SELECT id FROM 'floor/+/raw'
awsIotSqlVersion: '2016-03-23'
actions: [ ${actions} ]
errorAction: ${errorAction}
`;

const TO_ZONE = "{ republish: { topic: 'zones/${zone}', qos: 1 } }";
const TO_ERRORS = "{ republish: { topic: 'errors/${topic(2)}', qos: 1 } }";
const firehose = (stream: string) =>
  `{ firehose: { deliveryStreamName: ${stream}, roleArn: r, separator: "\\n" }, delivery: { batch: { latencyMs: 20 } } }`;

function useEndpoint(place: Scene, endpoint: string): void {
  const credentials = '{ accessKeyId: a, secretAccessKey: b }';
  appendFileSync(
    place.configFile,
    `aws: { region: eu-west-1, endpoint: '${endpoint}', credentials: ${credentials} }\n`,
  );
}

/** Subscribes to the documents of republishing error actions. */
async function listen(gateway: GatewayProcess): Promise<{ readonly topic: string; readonly document: Document }[]> {
  const heard: { topic: string; document: Document }[] = [];
  const client = await connect(gateway, { clientId: 'listener' });
  client.on('message', (topic, payload) => heard.push({ topic, document: JSON.parse(payload.toString()) as Document }));
  await client.subscribeAsync('errors/#', { qos: 1 });
  return heard;
}

function publish(client: MqttClient, payload = READING): Promise<unknown> {
  return client.publishAsync('floor/7/raw', payload, { qos: 1 });
}

const payloadOf = ({ base64OriginalPayload }: Document) => Buffer.from(base64OriginalPayload, 'base64').toString();
const metric = (gateway: GatewayProcess, name: string, action: string) =>
  gateway.metric(`headgate_action_${name}_total{action="${action}"}`);
const reported = (gateway: GatewayProcess) =>
  gateway.metric('headgate_action_dropped_total{action="relay/0",reason="error-action"}');

/** Firehose in whose streams some code is met; none: records are taken. */
async function startStreams(codes: Record<string, string | null>) {
  const taken: { readonly stream: string; readonly text: string }[] = [];
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { DeliveryStreamName: stream, Records } = JSON.parse(Buffer.concat(chunks).toString()) as {
      DeliveryStreamName: string;
      Records: { Data: string }[];
    };
    calls.push(stream);
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    const code = codes[stream] ?? null;
    if (code !== null) {
      response.writeHead(400, { ...type, 'x-amzn-ErrorType': code }).end(`{"__type":"${code}","message":"no"}`);
      return;
    }
    for (const { Data } of Records) taken.push({ stream, text: Buffer.from(Data, 'base64').toString() });
    const responses = Records.map((_, index) => ({ RecordId: String(index) }));
    response.writeHead(200, type).end(JSON.stringify({ FailedPutCount: 0, RequestResponses: responses }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const documents = () =>
    taken.flatMap(({ stream, text }) =>
      stream === 'errors'
        ? text
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as Document)
        : [],
    );
  return { codes, calls, documents, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('a refused message', () => {
  it("reaches the error action as AWS's failure document, and is no dead letter", async () => {
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(TO_ZONE, TO_ERRORS) });
    const gateway = await start(place);
    const heard = await listen(gateway);
    const client = await connect(gateway, { clientId: 'sensor-1' });
    await publish(client);
    await publish(client, '{"id":"b","zone":"south"}');
    await until('the document', () => heard.length > 0);
    expect(heard.map(({ topic }) => topic)).toEqual(['errors/7']);
    expect(heard[0]?.document).toEqual({
      ruleName: 'relay',
      topic: 'floor/7/raw',
      cloudwatchTraceId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string,
      clientId: 'sensor-1',
      sourceIp: '127.0.0.1',
      base64OriginalPayload: Buffer.from(READING).toString('base64'),
      failures: [
        {
          failedAction: 'RepublishAction',
          failedResource: 'zones/north/+',
          errorMessage: expect.stringContaining('MESSAGE_TEMPLATE_INVALID: "zones/north/+"') as string,
        },
      ],
    });
    await until('the end of both', async () => (await reported(gateway)) === 1);
    expect(await metric(gateway, 'delivered', 'relay/0')).toBe(1);
    expect(await metric(gateway, 'delivered', 'relay/error')).toBe(1);
    expect(await metric(gateway, 'dead_lettered', 'relay/0')).toBe(0);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.logs.filter((log) => log['msg'] === 'Messages went to the dead letters.')).toEqual([]);
  });

  it('reaches it once for all actions that are refused; the second refusal is a dead letter', async () => {
    const twice = `${TO_ZONE}, { republish: { topic: 'copies/\${zone}', qos: 1 } }`;
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(twice, TO_ERRORS) });
    const gateway = await start(place);
    const heard = await listen(gateway);
    await publish(await connect(gateway));
    const letters = async () =>
      (await metric(gateway, 'dead_lettered', 'relay/0')) + (await metric(gateway, 'dead_lettered', 'relay/1'));
    await until('the dead letter', async () => (await letters()) === 1);
    await until('the document', () => heard.length > 0);
    expect(await gateway.stop()).toBe(0);
    expect(heard.map(({ document }) => payloadOf(document))).toEqual([READING]);
  });

  it('is a dead letter of the error action when that is refused, too', async () => {
    const nowhere = "{ republish: { topic: 'errors/${zone}', qos: 1 } }";
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(TO_ZONE, nowhere) });
    const gateway = await start(place);
    await publish(await connect(gateway));
    await until('the dead letter', async () => (await metric(gateway, 'dead_lettered', 'relay/error')) === 1);
    expect(await gateway.stop()).toBe(0);
    const show = (...more: string[]) =>
      execFileSync(process.execPath, [MAIN, 'dlq', ...more, '--data-dir', join(place.dir, 'data')], {
        encoding: 'utf8',
      });
    const sequence = /^(\d+) .*relay\/error/.exec(show('list'))?.[1] ?? '';
    const [body] = show('show', sequence).trimEnd().split('\n').slice(-1);
    expect(payloadOf(JSON.parse(body ?? '') as Document)).toBe(READING);
  });

  it('of a packed record is told of one by one', async () => {
    const streams = await startStreams({ telemetry: 'InvalidArgumentException' });
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(firehose('telemetry'), firehose('errors')) });
    useEndpoint(place, streams.endpoint);
    const gateway = await start(place);
    const client = await connect(gateway);
    const sent = Array.from({ length: 20 }, (_, n) => `{"id":"${n}"}`);
    await Promise.all(sent.map((payload) => publish(client, payload)));
    await until('the documents', async () => (await reported(gateway)) === 20);
    expect(streams.documents().map(payloadOf).sort()).toEqual([...sent].sort());
    expect(new Set(streams.documents().map(({ cloudwatchTraceId }) => cloudwatchTraceId)).size).toBe(20);
    expect(streams.documents()[0]?.failures).toMatchObject([
      { failedAction: 'FirehoseAction', failedResource: 'telemetry' },
    ]);
    expect(await gateway.stop()).toBe(0);
  });

  it('of an SNS batch is told of on its own', async () => {
    const stub = await startAwsStub();
    onTestFinished(() => stub.close());
    stub.faults.push({ kind: 'partial', indexes: [0], code: 'InvalidParameter', isSenderFault: true });
    const arn = 'arn:aws:sns:eu-west-1:123456789012:alerts';
    const sns = `{ sns: { targetArn: '${arn}', roleArn: r, messageFormat: RAW } }`;
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(sns, TO_ERRORS) });
    useEndpoint(place, stub.endpoint);
    const gateway = await start(place);
    const heard = await listen(gateway);
    const client = await connect(gateway);
    await publish(client);
    await publish(client, '{"id":"b"}');
    await until('the document', () => heard.length > 0);
    await until('delivery', async () => (await metric(gateway, 'delivered', 'relay/0')) === 1);
    expect(heard[0]?.document.failures).toMatchObject([{ failedAction: 'SnsAction', failedResource: arn }]);
    expect(payloadOf(heard[0]?.document as Document)).toBe(READING);
    expect(await gateway.stop()).toBe(0);
  });

  it('reaches the error action although it waited in the outbox while the gateway was down', async () => {
    const streams = await startStreams({ telemetry: 'ExpiredTokenException' });
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(firehose('telemetry'), firehose('errors')) });
    useEndpoint(place, streams.endpoint);
    const first = await start(place);
    await publish(await connect(first, { clientId: 'sensor-1' }));
    await until('the sink to be held', () => first.logs.some((log) => log['status'] === 'held'));
    expect(await first.stop()).toBe(0);
    streams.codes['telemetry'] = 'InvalidArgumentException';
    const second = await start(place);
    await until('the document', async () => (await reported(second)) === 1);
    expect(streams.documents()).toMatchObject([
      { clientId: 'sensor-1', base64OriginalPayload: Buffer.from(READING).toString('base64') },
    ]);
    expect(await second.stop()).toBe(0);
  });

  it('reaches it although the gateway is killed before the error action could be told', async () => {
    const streams = await startStreams({ telemetry: 'InvalidArgumentException', errors: 'ExpiredTokenException' });
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(firehose('telemetry'), firehose('errors')) });
    useEndpoint(place, streams.endpoint);
    const first = await start(place);
    await publish(await connect(first));
    await until('the error action to be tried', () => streams.calls.includes('errors'));
    await first.kill();
    streams.codes['errors'] = null;
    const second = await start(place);
    await until('the document', async () => (await reported(second)) === 1);
    expect(streams.documents().map(payloadOf)).toEqual([READING]);
    expect(await second.stop()).toBe(0);
  });

  it('holds up no stop while the destination of its error action is down, too', async () => {
    const streams = await startStreams({ telemetry: 'InvalidArgumentException', errors: 'ExpiredTokenException' });
    const place = sceneOf({ 'rules/relay.yaml': ruleOf(firehose('telemetry'), firehose('errors')) });
    useEndpoint(place, streams.endpoint);
    const first = await start(place);
    await publish(await connect(first));
    await until('the error action to be tried', () => streams.calls.includes('errors'));
    const stoppingAt = Date.now();
    expect(await first.stop()).toBe(0);
    // The document went to the outbox of the error action, so there was nothing to wait for.
    expect(Date.now() - stoppingAt).toBeLessThan(5_000);
    streams.codes['errors'] = null;
    const second = await start(place);
    await until('the document', async () => (await metric(second, 'delivered', 'relay/error')) === 1);
    expect(streams.documents().map(payloadOf)).toEqual([READING]);
    expect(await second.stop()).toBe(0);
  });
});
