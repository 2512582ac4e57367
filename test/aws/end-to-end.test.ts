/** MQTT in, AWS out: every published id exactly accounted for, read back by tools that are not ours. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Scene, sceneOf, start } from '../e2e/scene.ts';
import {
  type AwsEmulator,
  EMULATOR_CREDENTIALS,
  isEmulatorAvailable,
  startAwsEmulator,
} from '../support/aws-emulator.ts';
import { until } from '../support/until.ts';

const MESSAGES_PER_CLIENT = 200;
const CLIENTS = ['a', 'b', 'c'];
const ALL_IDS = CLIENTS.flatMap((client) =>
  Array.from({ length: MESSAGES_PER_CLIENT }, (_, i) => `${client}-${i}`),
).sort();

const rule = (name: string, action: string, delivery: string, where = '') => `ruleName: ${name}
sql: SELECT id, value, topic(2) AS line FROM 'floor/+/reading'${where}
awsIotSqlVersion: '2016-03-23'
actions:
  - ${action}
    delivery: ${delivery}
`;

describe.skipIf(!isEmulatorAvailable())('delivery to AWS, end to end', () => {
  let emulator: AwsEmulator;
  let s3: S3Client;
  let sqs: SQSClient;
  let queueUrl = '';
  let topicArn = '';

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    const options = { region: 'eu-west-1', endpoint: emulator.url, credentials: EMULATOR_CREDENTIALS };
    s3 = new S3Client({ ...options, forcePathStyle: true });
    sqs = new SQSClient(options);
    const sns = new SNSClient(options);
    for (const Bucket of ['lake', 'stream']) {
      await s3.send(
        new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
      );
    }
    const S3DestinationConfiguration = {
      BucketARN: 'arn:aws:s3:::stream',
      RoleARN: 'arn:aws:iam::123456789012:role/r',
      Prefix: 'up/',
    };
    await new FirehoseClient(options).send(
      new CreateDeliveryStreamCommand({ DeliveryStreamName: 'telemetry', S3DestinationConfiguration }),
    );
    topicArn = (await sns.send(new CreateTopicCommand({ Name: 'alarms' }))).TopicArn ?? '';
    queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'on-call' }))).QueueUrl ?? '';
    const Endpoint = 'arn:aws:sqs:eu-west-1:123456789012:on-call';
    await sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint,
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
  });

  afterAll(() => emulator.stop());

  it('delivers every message once to Firehose, S3, SNS and IoT Core, through throttles and partial failures', async () => {
    const scene = awsScene(emulator, {
      'rules/firehose.yaml': rule(
        'up',
        'firehose: { deliveryStreamName: telemetry, separator: "\\n", roleArn: r }',
        '{ batch: { latencyMs: 200 } }',
      ),
      'rules/s3.yaml': rule(
        'objects',
        's3: { bucketName: lake, key: "readings/line=${topic(2)}", roleArn: r }',
        '{ format: avro-container, batch: { seconds: 5 } }',
      ),
      'rules/sns.yaml': rule(
        'alarm',
        `sns: { targetArn: '${topicArn}', messageFormat: RAW, roleArn: r }`,
        '{ class: alarm }',
        ' WHERE value >= 190',
      ),
      'rules/iot.yaml': rule(
        'onward',
        'iotCore: { topic: "site/${topic(2)}/reading", qos: 1 }',
        '{}',
        ' WHERE value < 20',
      ),
    });
    await emulator.addFaults([
      { service: 'firehose', kind: 'throttle', times: 1 },
      { service: 'firehose', kind: 'partial', times: 1, fail: [0] },
      { service: 's3', action: 'PUT', kind: 'error', code: 'SlowDown', status: 503, times: 2 },
      { service: 'sns', kind: 'throttle', times: 1 },
      { service: 'sns', kind: 'partial', times: 1, fail: [0, 2] },
      { service: 'iot-data', kind: 'throttle', times: 3 },
    ]);
    const gateway = await start(scene);
    await publishAll(gateway);
    for (const action of ['up/0', 'objects/0', 'alarm/0', 'onward/0'])
      await until(`${action} to be delivered`, () => isSettled(gateway, action), 60_000);
    await emulator.flushFirehose();
    expect(await emulator.faultsLeft()).toEqual([]);
    expect(await gateway.stop()).toBe(0);

    const lines = (await objectsOf(s3, 'stream')).flatMap(({ bytes }) => bytes.toString().trimEnd().split('\n'));
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).sort()).toEqual(ALL_IDS);

    const containers = await objectsOf(s3, 'lake');
    expect(containers.every(({ key }) => /^readings\/line=[abc]\//.test(key))).toBe(true);
    expect(readWithPython(scene, containers).sort()).toEqual(ALL_IDS);

    const notified = (await receiveAll(sqs, queueUrl, 30)).map((body) => (JSON.parse(body) as { id: string }).id);
    expect(notified.sort()).toEqual(ALL_IDS.filter((id) => Number(id.split('-')[1]) >= 190));

    const published = await emulator.published();
    expect(published.every(({ topic, qos }) => /^site\/[abc]\/reading$/.test(topic) && qos === 1)).toBe(true);
    const ids = published.map(
      ({ payload }) => (JSON.parse(Buffer.from(payload, 'base64').toString()) as { id: string }).id,
    );
    expect(ids.sort()).toEqual(ALL_IDS.filter((id) => Number(id.split('-')[1]) < 20));
  });

  it('leaves gzip members in Firehose that joined are one readable file', async () => {
    const scene = awsScene(emulator, {
      'rules/firehose.yaml': rule(
        'zipped',
        'firehose: { deliveryStreamName: telemetry, separator: "\\n", roleArn: r }',
        '{ format: json-lines-gzip, batch: { latencyMs: 200 } }',
      ),
    });
    const before = new Set((await objectsOf(s3, 'stream')).map(({ key }) => key));
    const gateway = await start(scene);
    await publishAll(gateway);
    await until('delivery', () => isSettled(gateway, 'zipped/0'), 60_000);
    await emulator.flushFirehose();
    await gateway.stop();
    const lines = (await objectsOf(s3, 'stream'))
      .filter(({ key }) => !before.has(key))
      .flatMap(({ bytes }) => gunzipSync(bytes).toString().trimEnd().split('\n'));
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).sort()).toEqual(ALL_IDS);
  });

  it('delivers after the uplink comes back, across a restart, what was acknowledged while it was away', async () => {
    const scene = awsScene(emulator, {
      'rules/s3.yaml': rule('after', 's3: { bucketName: lake, key: "after/${id}.json", roleArn: r }', '{}'),
    });
    await emulator.addFaults([{ service: 's3', action: 'PUT', kind: 'reset', times: 100_000 }]);
    const first = await start(scene);
    await publishAll(first);
    await until(
      'a failing delivery',
      async () => (await first.metric('headgate_action_failing{action="after/0"}')) === 1,
    );
    await first.kill();
    await emulator.clearFaults();
    const second = await start(scene);
    const delivered = async () =>
      (await objectsOf(s3, 'lake', 'after/')).map(({ key }) => key.slice('after/'.length, -'.json'.length)).sort();
    await until('every id to arrive', async () => (await delivered()).length === ALL_IDS.length, 60_000);
    expect(await delivered()).toEqual(ALL_IDS);
    await second.stop();
  });
});

function awsScene(emulator: AwsEmulator, rules: Record<string, string>): Scene {
  const scene = sceneOf(rules);
  const { accessKeyId, secretAccessKey } = EMULATOR_CREDENTIALS;
  appendFileSync(
    scene.configFile,
    `aws: { region: eu-west-1, endpoint: '${emulator.url}', credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }\n`,
  );
  return scene;
}

async function publishAll(gateway: Awaited<ReturnType<typeof start>>): Promise<void> {
  await Promise.all(
    CLIENTS.map(async (line) => {
      const client = await connect(gateway, { clientId: line });
      await Promise.all(
        Array.from({ length: MESSAGES_PER_CLIENT }, (_, i) =>
          client.publishAsync(`floor/${line}/reading`, JSON.stringify({ id: `${line}-${i}`, value: i }), { qos: 1 }),
        ),
      );
    }),
  );
}

async function isSettled(gateway: Awaited<ReturnType<typeof start>>, action: string): Promise<boolean> {
  const emitted = await gateway.metric(`headgate_action_emitted_total{action="${action}"}`);
  const delivered = await gateway.metric(`headgate_action_delivered_total{action="${action}"}`);
  const evaluated = await gateway.metric('headgate_messages_evaluated_total');
  return evaluated === ALL_IDS.length && emitted > 0 && delivered === emitted;
}

async function objectsOf(
  s3: S3Client,
  Bucket: string,
  Prefix = '',
): Promise<readonly { key: string; bytes: Buffer }[]> {
  const objects: { key: string; bytes: Buffer }[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix, ...(ContinuationToken === undefined ? {} : { ContinuationToken }) }),
    );
    for (const { Key = '' } of page.Contents ?? []) {
      const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
      objects.push({ key: Key, bytes: Buffer.from((await object.Body?.transformToByteArray()) ?? []) });
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return objects;
}

/** The ids in Avro containers, read by Python's own Avro library. */
function readWithPython(scene: Scene, containers: readonly { key: string; bytes: Buffer }[]): string[] {
  const dir = join(scene.dir, 'downloaded');
  mkdirSync(dir);
  const files = containers.map(({ bytes }, index) => {
    const file = join(dir, `${index}.avro`);
    writeFileSync(file, bytes);
    return file;
  });
  const script = `
import sys, avro.datafile, avro.io
for name in sys.argv[1:]:
    for record in avro.datafile.DataFileReader(open(name, "rb"), avro.io.DatumReader()):
        print(record["id"])
`;
  return execFileSync('/usr/bin/python3', ['-c', script, ...files], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

async function receiveAll(sqs: SQSClient, QueueUrl: string, count: number): Promise<string[]> {
  const bodies: string[] = [];
  await until(`${count} notifications`, async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    bodies.push(...Messages.map((message) => message.Body ?? ''));
    if (Messages.length > 0) {
      const Entries = Messages.map((message, index) => ({
        Id: String(index),
        ReceiptHandle: message.ReceiptHandle ?? '',
      }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
    return bodies.length >= count && Messages.length === 0;
  });
  return bodies;
}
