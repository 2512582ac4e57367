import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sinkDefinitions } from '../../src/sinks/index.ts';
import { part, rig } from '../sinks/delivery/rig.ts';
import {
  type AwsEmulator,
  EMULATOR_CREDENTIALS,
  type EmulatorFault,
  isEmulatorAvailable,
  startAwsEmulator,
} from '../support/aws-emulator.ts';
import { folderOf } from '../support/folder.ts';
import { until } from '../support/until.ts';

const credentials = EMULATOR_CREDENTIALS;

describe.skipIf(!isEmulatorAvailable())('AWS sinks against the emulator', () => {
  let emulator: AwsEmulator;
  let client: { s3: S3Client; firehose: FirehoseClient; sns: SNSClient; sqs: SQSClient };
  let count = 0;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
    const config = { region: 'eu-west-1', endpoint: emulator.url, credentials };
    client = {
      s3: new S3Client({ ...config, forcePathStyle: true }),
      firehose: new FirehoseClient(config),
      sns: new SNSClient(config),
      sqs: new SQSClient(config),
    };
  });

  afterAll(async () => {
    await emulator?.stop();
  });

  /** The real sink under a real delivery. */
  async function delivering(type: string, action: unknown, wishes: unknown = {}) {
    const definition = sinkDefinitions.find((candidate) => candidate.type === type);
    const aws = { region: 'eu-west-1', endpoint: emulator.url, credentials };
    const result = definition?.plan(action, wishes, { aws, isAwsKnown: true, schemaNames: [] });
    if (result === undefined || result.plan === null) throw new Error(JSON.stringify(result?.problems));
    const { options } = result;
    const objectsDir = folderOf();
    const services = { objectsDir, random: () => 0.05, containerHeader: () => Buffer.from('Obj\u0001') };
    const sink = options.open({
      gatewayId: 'gw-1',
      lakeDir: objectsDir,
      republish: async () => {},
      write: async () => {},
    });
    const made = rig({
      assembly: options.assembly,
      limits: options.limits,
      deliver: (entries, signal) => sink.deliver(entries, signal),
      services,
    });
    await made.delivery.start();
    return { ...made, sink, close: () => Promise.all([made.delivery.close(), sink.close()]) };
  }

  /** Sends messages with ids through a delivery, in parts of ten, and waits until all are settled. */
  async function send(
    made: Awaited<ReturnType<typeof delivering>>,
    destination: (n: number) => object,
    total: number,
    isGzip = false,
  ) {
    const parts = Math.ceil(total / 10);
    for (let n = 0; n < parts; n++) {
      const lines = Array.from({ length: 10 }, (_, index) => `{"id":${n * 10 + index}}\n`);
      const bodies = isGzip ? [gzipSync(lines.join('')).toString('latin1')] : lines;
      const bytes = isGzip ? { bytes: gzipSync(lines.join('')), ends: null, messageCount: 10, last: n * 10 + 9 } : {};
      made.accept(n, part(n * 10, bodies, { destination: JSON.stringify(destination(n)), ...bytes }));
    }
    const flushed = made.delivery.flush(100_000);
    await until(
      'everything to be delivered',
      () => made.settled.length === parts && made.delivery.backlog.messages === 0,
      100_000,
    );
    await flushed;
    expect(await made.balance()).toEqual({
      emitted: total,
      delivered: total,
      inFlight: 0,
      deadLettered: 0,
      dropped: 0,
    });
    await made.close();
  }

  const ids = (texts: readonly string[]) =>
    texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { id: number }).id),
    );
  const unique = (found: readonly number[]) => [...new Set(found)].sort((a, b) => a - b);
  const all = (total: number) => Array.from({ length: total }, (_, id) => id);

  async function bucket(): Promise<string> {
    const Bucket = `lake-${count++}`;
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
    await client.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    return Bucket;
  }

  async function objects(Bucket: string): Promise<readonly { readonly key: string; readonly body: Buffer }[]> {
    const { Contents = [] } = await client.s3.send(new ListObjectsV2Command({ Bucket }));
    const found = [];
    for (const { Key = '' } of Contents) {
      const { Body } = await client.s3.send(new GetObjectCommand({ Bucket, Key }));
      found.push({ key: Key, body: Buffer.from((await Body?.transformToByteArray()) ?? []) });
    }
    return found;
  }

  async function stream(): Promise<{ readonly name: string; readonly bucket: string }> {
    const name = `stream-${count}`;
    const target = await bucket();
    const BufferingHints = { SizeInMBs: 128, IntervalInSeconds: 900 };
    const ExtendedS3DestinationConfiguration = {
      RoleARN: 'arn:aws:iam::123456789012:role/r',
      BucketARN: `arn:aws:s3:::${target}`,
      BufferingHints,
    };
    await client.firehose.send(
      new CreateDeliveryStreamCommand({ DeliveryStreamName: name, ExtendedS3DestinationConfiguration }),
    );
    return { name, bucket: target };
  }

  async function queue(): Promise<{ readonly topic: string; receive(): Promise<readonly string[]> }> {
    const name = `alarms-${count++}`;
    const { TopicArn = '' } = await client.sns.send(new CreateTopicCommand({ Name: name }));
    const { QueueUrl = '' } = await client.sqs.send(new CreateQueueCommand({ QueueName: name }));
    const Endpoint = `arn:aws:sqs:eu-west-1:123456789012:${name}`;
    const Attributes = { RawMessageDelivery: 'true' };
    await client.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    return {
      topic: TopicArn,
      async receive() {
        const found: string[] = [];
        for (;;) {
          const { Messages = [] } = await client.sqs.send(
            new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
          );
          if (Messages.length === 0) return found;
          found.push(...Messages.map(({ Body = '' }) => Body));
          const Entries = Messages.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
          await client.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
        }
      },
    };
  }

  /** What every service may do to a call. `isDoubling`: the work was done, so a repetition doubles it. */
  const faults: readonly (Omit<EmulatorFault, 'service'> & { readonly isDoubling?: boolean })[] = [
    { kind: 'throttle', times: 3 },
    { kind: 'lost', isDoubling: true },
    { kind: 'hang', seconds: 1 },
    { kind: 'html' },
    { kind: 'reset' },
    { kind: 'truncate' },
    { kind: 'error', code: 'ExpiredTokenException', status: 400, times: 2 },
    { kind: 'error', code: 'AccessDeniedException', status: 403 },
  ];
  const name = (fault: { readonly kind: string; readonly code?: string }) => `${fault.kind} ${fault.code ?? ''}`.trim();

  async function under(fault: EmulatorFault, run: () => Promise<void>): Promise<void> {
    await emulator.addFaults([fault]);
    await run();
    expect(await emulator.faultsLeft()).toEqual([]);
  }

  describe('firehose', () => {
    it('packs messages into records that S3 gets back as lines, each once', async () => {
      const { name: deliveryStreamName, bucket: target } = await stream();
      const made = await delivering('firehose', { deliveryStreamName, separator: '\n' }, { batch: { bytes: 5_120 } });
      await made.sink.check(new AbortController().signal);
      await send(made, () => ({ deliveryStreamName }), 5_000);
      await emulator.flushFirehose();
      const found = await objects(target);
      expect(found).toHaveLength(1);
      expect(ids(found.map(({ body }) => body.toString()))).toEqual(all(5_000));
    });

    it('packs gzip members into records that S3 gets back as one gzip file', async () => {
      const { name: deliveryStreamName, bucket: target } = await stream();
      const made = await delivering('firehose', { deliveryStreamName, separator: '\n' }, { format: 'json-lines-gzip' });
      await send(made, () => ({ deliveryStreamName }), 1_000, true);
      await emulator.flushFirehose();
      const [object] = await objects(target);
      expect(ids([gunzipSync(object?.body ?? Buffer.alloc(0)).toString()])).toEqual(all(1_000));
    });

    it('sends records of the largest size, as many as fit a call, and the service refuses none', async () => {
      const { name: deliveryStreamName, bucket: target } = await stream();
      const made = await delivering('firehose', { deliveryStreamName, separator: '\n' });
      for (let n = 0; n < 8; n++) {
        made.accept(
          n,
          part(n, [`${'x'.repeat(1_023_999)}\n`], { destination: JSON.stringify({ deliveryStreamName }) }),
        );
      }
      await made.delivery.flush(60_000);
      await until('all to be delivered', () => made.settled.length === 8);
      await made.close();
      await emulator.flushFirehose();
      expect((await objects(target)).reduce((sum, { body }) => sum + body.length, 0)).toBe(8 * 1_024_000);
      expect(
        (await emulator.calls()).filter(({ action, status }) => action === 'PutRecordBatch' && status === 400),
      ).toEqual([]);
    });

    it.each([...faults, { kind: 'partial', fail: [0, 2, 3] } as const])(
      'loses nothing under: $kind $code',
      async ({ isDoubling = false, ...fault }) => {
        const { name: deliveryStreamName, bucket: target } = await stream();
        const made = await delivering('firehose', { deliveryStreamName, separator: '\n' }, { batch: { bytes: 5_120 } });
        await under({ service: 'firehose', action: 'PutRecordBatch', ...fault }, () =>
          send(made, () => ({ deliveryStreamName }), 3_000),
        );
        await emulator.flushFirehose();
        const found = ids((await objects(target)).map(({ body }) => body.toString()));
        expect(unique(found)).toEqual(all(3_000));
        if (!isDoubling) expect(found).toHaveLength(3_000);
      },
    );

    it('waits for a stream that is not there', async () => {
      const made = await delivering('firehose', { deliveryStreamName: 'nowhere', separator: '\n' });
      await expect(made.sink.check(new AbortController().signal)).rejects.toThrow();
      made.accept(0, part(0, ['{"id":0}\n'], { destination: '{"deliveryStreamName":"nowhere"}' }));
      await until('the sink to be held', () => made.delivery.state === 'held');
      expect([made.settled, made.letters]).toEqual([[], []]);
      await made.close();
    });
  });

  describe('s3', () => {
    it('puts one object per message under its key, overwriting', async () => {
      const bucketName = await bucket();
      const made = await delivering('s3', { bucketName, key: 'a' });
      await send(made, (n) => ({ bucketName, key: `devices/é ${n % 2}` }), 40);
      const found = await objects(bucketName);
      expect(found.map(({ key, body }) => [key, body.toString()])).toEqual([
        ['devices/é 0', '{"id":29}\n'],
        ['devices/é 1', '{"id":39}\n'],
      ]);
    });

    it.each(faults)('uploads whole objects, each once, under: $kind $code', async ({ isDoubling: _, ...fault }) => {
      const bucketName = await bucket();
      const made = await delivering('s3', { bucketName, key: 'p' }, { format: 'json-lines', batch: { bytes: 65_536 } });
      const destination = (n: number) => ({ bucketName, key: `press/site=${n % 3}` });
      await under({ service: 's3', action: 'PUT', ...fault }, () => send(made, destination, 3_000));
      const found = await objects(bucketName);
      expect(ids(found.map(({ body }) => body.toString())).sort((a, b) => a - b)).toEqual(all(3_000));
      expect(new Set(found.map(({ key }) => key.split('/')[1]))).toEqual(new Set(['site=0', 'site=1', 'site=2']));
      for (const { key } of found)
        expect(key).toMatch(/^press\/site=\d\/gw-1-press-0-\d{12}-\d{12}-[0-9a-f]{8}\.jsonl$/);
    });

    it('uploads containers byte for byte', async () => {
      const bucketName = await bucket();
      const made = await delivering('s3', { bucketName, key: 'p' }, { batch: {} });
      const blocks = Array.from({ length: 50 }, (_, n) => createHash('sha512').update(String(n)).digest());
      for (const [n, bytes] of blocks.entries()) {
        made.accept(
          n,
          part(n, ['x'], { bytes, ends: null, schemaId: '1', destination: JSON.stringify({ bucketName, key: 'p' }) }),
        );
      }
      await made.delivery.flush(60_000);
      await until('the upload', () => made.delivery.backlog.messages === 0);
      await made.close();
      const found = await objects(bucketName);
      expect(found).toHaveLength(1);
      expect(found[0]?.key).toMatch(/\.avro$/);
      expect(found[0]?.body.equals(Buffer.concat([Buffer.from('Obj\u0001'), ...blocks]))).toBe(true);
    });

    it('waits for a bucket that is not there', async () => {
      const made = await delivering('s3', { bucketName: 'nowhere', key: 'a' });
      made.accept(0, part(0, ['x'], { destination: '{"bucketName":"nowhere","key":"a"}' }));
      await until('the sink to be held', () => made.delivery.state === 'held');
      await made.close();
    });
  });

  describe('sns', () => {
    it.each([...faults, { kind: 'partial', fail: [0, 4] } as const])(
      'notifies a queue, under: $kind $code',
      async ({ isDoubling = false, ...fault }) => {
        const { topic, receive } = await queue();
        const made = await delivering('sns', { targetArn: topic });
        await made.sink.check(new AbortController().signal);
        await under({ service: 'sns', action: 'PublishBatch', ...fault }, () =>
          send(made, () => ({ targetArn: topic }), 50),
        );
        const found = ids(await receive());
        expect(unique(found)).toEqual(all(50));
        if (!isDoubling) expect(found).toHaveLength(50);
      },
    );
  });

  describe('iotCore', () => {
    it.each(faults)('publishes on, in order, under: $kind $code', async ({ isDoubling = false, ...fault }) => {
      const topic = `factory/${count++}/${name(fault)}`;
      const made = await delivering('iotCore', { topic, qos: 1 });
      await under({ service: 'iot-data', action: 'Publish', ...fault }, () => send(made, () => ({ topic }), 50));
      const published = (await emulator.published()).filter((message) => message.topic === topic);
      const found = ids(published.map(({ payload }) => Buffer.from(payload, 'base64').toString()));
      expect(unique(found)).toEqual(all(50));
      expect(published.every(({ qos }) => qos === 1)).toBe(true);
      if (!isDoubling) expect(found).toEqual(all(50));
    });
  });
});
