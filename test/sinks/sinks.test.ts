import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Entry } from '../../src/message.ts';
import type { Republication, Sink } from '../../src/sinks/sink.ts';
import { folderOf } from '../support/folder.ts';
import { startAwsStub } from './aws-stub.ts';
import { bytesEntry, fileEntry } from './entries.ts';
import { planOf, services } from './harnesses.ts';

const signal = new AbortController().signal;

async function outcome(sink: Sink, entry: Entry) {
  const [found] = await sink.deliver([entry], signal);
  return found;
}

async function stubbed(type: string, action: unknown, wishes: unknown = {}) {
  const stub = await startAwsStub();
  const sink = planOf(type, action, wishes, stub.endpoint).open(services());
  onTestFinished(async () => {
    await sink.close();
    await stub.close();
  });
  return { stub, sink };
}

describe('file', () => {
  function lake(wishes: unknown = {}) {
    const folder = folderOf();
    const lakeDir = join(folder, 'lake');
    const sink = planOf('file', { path: 'p' }, wishes).open(services({ lakeDir }));
    const sealed = (index: number, text: string, path: string) => {
      const source = join(folder, `${index}.sealed`);
      writeFileSync(source, text);
      return fileEntry(index, source, text.length, { path });
    };
    return { sink, lakeDir, sealed };
  }

  it('places an object under a name made of gateway, action, sequences and checksum', async () => {
    const { sink, lakeDir, sealed } = lake();
    expect(await outcome(sink, sealed(7, 'seven', 'press/site=a b'))).toEqual({ status: 'delivered' });
    expect(readFileSync(join(lakeDir, 'press/site=a b/gw-1-rule-0-000000000007-000000000007-0.avro'), 'utf8')).toBe(
      'seven',
    );
  });

  it('finds an object that it placed before a crash, and overwrites nothing', async () => {
    const { sink, lakeDir, sealed } = lake();
    const entry = sealed(7, 'seven', 'p');
    await outcome(sink, entry);
    expect(await outcome(sink, { ...entry, body: sealed(8, 'other', 'p').body })).toEqual({ status: 'delivered' });
    expect(readdirSync(join(lakeDir, 'p')).map((name) => readFileSync(join(lakeDir, 'p', name), 'utf8'))).toEqual([
      'seven',
    ]);
  });

  it.each([
    '../up',
    'a/../../up',
    '/etc',
    'a//b',
    '.',
    'a/.',
    'a\u0000b',
    'a\nb',
    'a\\b',
    '',
    'x'.repeat(256),
    'y/'.repeat(600),
  ])('rejects the folder %j', async (path) => {
    const { sink, lakeDir, sealed } = lake();
    expect(await outcome(sink, sealed(1, 'x', path))).toMatchObject({
      status: 'rejected',
      cause: { code: 'MESSAGE_TEMPLATE_INVALID' },
    });
    expect(existsSync(lakeDir)).toBe(false);
  });

  it.each(['a', 'a/b', 'a/b/', 'x'.repeat(255), 'dt=2026-01-31/hour=05', '..a', 'é/☃'])(
    'accepts the folder %j',
    async (path) => {
      const { sink, sealed } = lake();
      expect(await outcome(sink, sealed(1, 'x', path))).toEqual({ status: 'delivered' });
    },
  );

  it('waits where a folder cannot be made, and goes on when it can', async () => {
    const { sink, lakeDir, sealed } = lake();
    mkdirSync(lakeDir);
    writeFileSync(join(lakeDir, 'p'), 'a file is in the way');
    const entry = sealed(1, 'x', 'p/q');
    expect((await outcome(sink, entry))?.status).toBe('held');
    rmSync(join(lakeDir, 'p'));
    expect(await outcome(sink, entry)).toEqual({ status: 'delivered' });
  });

  it.runIf(process.platform === 'linux')(
    'copies where the lake is on a file system without links to the spool',
    async () => {
      const elsewhere = '/dev/shm';
      const folder = folderOf();
      const lakeDir = join(elsewhere, `headgate-${process.pid}`);
      onTestFinished(() => rmSync(lakeDir, { recursive: true, force: true }));
      expect(statSync(elsewhere).dev).not.toBe(statSync(folder).dev);
      const sink = planOf('file', { path: 'p' }, {}).open(services({ lakeDir }));
      writeFileSync(join(folder, '1.sealed'), 'one');
      const entry = fileEntry(1, join(folder, '1.sealed'), 3, { path: 'p' });
      expect(await outcome(sink, entry)).toEqual({ status: 'delivered' });
      expect(await outcome(sink, entry)).toEqual({ status: 'delivered' });
      expect(readdirSync(join(lakeDir, 'p'))).toHaveLength(1);
      expect(readFileSync(join(lakeDir, 'p', readdirSync(join(lakeDir, 'p'))[0] ?? ''), 'utf8')).toBe('one');
    },
  );

  it('fails its check where the lake cannot be', async () => {
    const folder = folderOf({ file: '' });
    const sink = planOf('file', { path: 'p' }, {}).open(services({ lakeDir: join(folder, 'file') }));
    await expect(sink.check(signal)).rejects.toThrow();
  });
});

describe('s3', () => {
  it('sends the checksum of what it uploads, and never in chunks', async () => {
    const { stub, sink } = await stubbed(
      's3',
      { bucketName: 'lake', key: 'k', cannedAcl: 'bucket-owner-full-control' },
      { batch: {} },
    );
    const path = join(folderOf({ sealed: 'content' }), 'sealed');
    expect(await outcome(sink, fileEntry(1, path, 7, { bucketName: 'lake', key: 'k' }))).toEqual({
      status: 'delivered',
    });
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(crc32('content'));
    expect(stub.calls[0]?.headers).toMatchObject({
      'x-amz-checksum-crc32': expected.toString('base64'),
      'content-length': '7',
      'if-none-match': '*',
      'x-amz-acl': 'bucket-owner-full-control',
      'content-type': 'application/vnd.apache.avro',
    });
    expect(stub.accepted.map(({ place }) => place)).toEqual(['lake/k/gw-1-rule-0-000000000001-000000000001-0.avro']);
  });

  it('takes an object that is there for delivered, and tries again on a conflict', async () => {
    const { stub, sink } = await stubbed('s3', { bucketName: 'lake', key: 'k' }, { batch: {} });
    const path = join(folderOf({ sealed: 'content' }), 'sealed');
    const entry = fileEntry(1, path, 7, { bucketName: 'lake', key: 'k/' });
    stub.faults.push({ kind: 'error', status: 409, code: 'ConditionalRequestConflict' });
    expect((await outcome(sink, entry))?.status).toBe('retry');
    expect(await outcome(sink, entry)).toEqual({ status: 'delivered' });
    expect(await outcome(sink, entry)).toEqual({ status: 'delivered' });
    expect(stub.accepted).toHaveLength(1);
    expect(stub.calls).toHaveLength(3);
  });

  it('overwrites single messages, and rejects keys that S3 does not have', async () => {
    const { stub, sink } = await stubbed('s3', { bucketName: 'lake', key: 'k' });
    const at = (key: string) => bytesEntry(1, 'x', { bucketName: 'lake', key });
    expect(await outcome(sink, at('a'))).toEqual({ status: 'delivered' });
    expect(await outcome(sink, at('a'))).toEqual({ status: 'delivered' });
    expect(stub.calls[0]?.headers['if-none-match']).toBeUndefined();
    expect(await outcome(sink, at('é'.repeat(512)))).toEqual({ status: 'delivered' });
    expect(await outcome(sink, at(`${'é'.repeat(512)}x`))).toMatchObject({
      cause: { code: 'MESSAGE_TEMPLATE_INVALID' },
    });
    expect(await outcome(sink, at(''))).toMatchObject({ status: 'rejected' });
  });
});

describe('iotCore', () => {
  const levels = (slashes: number) => 'a/'.repeat(slashes).concat('z');

  it.each([
    ['256 bytes', 'é'.repeat(128), true],
    ['257 bytes', `${'é'.repeat(128)}x`, false],
    ['7 slashes', levels(7), true],
    ['8 slashes', levels(8), false],
    ['7 slashes after the prefix of Basic Ingest', `$aws/rules/r/${levels(7)}`, true],
    ['8 slashes after it', `$aws/rules/r/${levels(8)}`, false],
    ['a wildcard', 'a/+/b', false],
    ['another', 'a/#', false],
    ['nothing', '', false],
  ])('topic with %s', async (_what, topic, isAccepted) => {
    const { stub, sink } = await stubbed('iotCore', { topic: 't' });
    const found = await outcome(sink, bytesEntry(1, 'x', { topic }));
    expect(found?.status).toBe(isAccepted ? 'delivered' : 'rejected');
    expect(stub.accepted.map(({ place }) => place)).toEqual(isAccepted ? [topic] : []);
  });

  it('sends nothing after a message that must be tried again: order stays', async () => {
    const { stub, sink } = await stubbed('iotCore', { topic: 't' });
    stub.faults.push({ kind: 'error', status: 429, code: 'ThrottlingException' });
    const entries = [1, 2, 3].map((n) => bytesEntry(n, String(n), { topic: 't' }));
    expect((await sink.deliver(entries, signal)).map(({ status }) => status)).toEqual(['retry', 'retry', 'retry']);
    expect(stub.calls).toHaveLength(1);
  });

  it('with several calls at once keeps the order of each topic', async () => {
    const { stub, sink } = await stubbed('iotCore', { topic: 't' }, { calls: { concurrency: 4 } });
    const entries = Array.from({ length: 40 }, (_, n) => bytesEntry(n, String(n), { topic: `t${n % 4}` }));
    const outcomes = await sink.deliver(entries, signal);
    expect(outcomes.every(({ status }) => status === 'delivered')).toBe(true);
    for (let t = 0; t < 4; t++) {
      const found = stub.accepted.filter(({ place }) => place === `t${t}`).map(({ body }) => Number(body.toString()));
      expect(found).toEqual(Array.from({ length: 10 }, (_, n) => n * 4 + t));
    }
  });
});

describe('sns', () => {
  const destination = { targetArn: 'arn:aws:sns:eu-west-1:123456789012:alarms' };
  const rejected = { status: 'rejected', cause: { code: 'ENTRY_REJECTED' } };

  it('rejects what is not UTF-8 or empty, and sends what stands beside it', async () => {
    const { stub, sink } = await stubbed('sns', destination);
    const entries = [
      bytesEntry(1, Buffer.from([0xff, 0xfe]), destination),
      bytesEntry(2, 'gut ☃', destination),
      bytesEntry(3, '', destination),
    ];
    expect(await sink.deliver(entries, signal)).toMatchObject([rejected, { status: 'delivered' }, rejected]);
    expect(stub.accepted.map(({ body }) => body.toString())).toEqual(['gut ☃']);
  });

  it('with messageFormat JSON wants a text under default', async () => {
    const { sink } = await stubbed('sns', { ...destination, messageFormat: 'JSON' });
    expect(await outcome(sink, bytesEntry(1, '{"default":"a","sms":"b"}', destination))).toEqual({
      status: 'delivered',
    });
    for (const body of ['{"sms":"b"}', '{"default":1}', 'text', 'null']) {
      expect(await outcome(sink, bytesEntry(1, body, destination))).toMatchObject(rejected);
    }
  });

  it('rejects what SNS calls a fault of the sender', async () => {
    const { stub, sink } = await stubbed('sns', destination);
    stub.faults.push({ kind: 'partial', indexes: [0], code: 'InvalidParameter', isSenderFault: true });
    const entries = [bytesEntry(1, 'a', destination), bytesEntry(2, 'b', destination)];
    expect((await sink.deliver(entries, signal)).map(({ status }) => status)).toEqual(['rejected', 'delivered']);
  });
});

describe('firehose', () => {
  it('with pack: false puts the separator after each record', async () => {
    const { stub, sink } = await stubbed('firehose', { deliveryStreamName: 's', separator: ',' }, { pack: false });
    await sink.deliver(
      [bytesEntry(1, 'a', { deliveryStreamName: 's' }), bytesEntry(2, 'b', { deliveryStreamName: 's' })],
      signal,
    );
    expect(stub.accepted.map(({ body }) => body.toString())).toEqual(['a,', 'b,']);
  });

  it('fills a call to its limit of bytes as they are sent, and not beyond', async () => {
    const { stub, sink } = await stubbed('firehose', { deliveryStreamName: 's', separator: '\n' });
    const { limits } = planOf('firehose', { deliveryStreamName: 's', separator: '\n' }, {});
    const record = bytesEntry(1, Buffer.alloc(1_024_000), { deliveryStreamName: 's'.repeat(64) });
    const count = Math.floor(limits.batchBytesMax / limits.batchBytesOf(record));
    const rest = limits.batchBytesMax - count * limits.batchBytesOf(record);
    const filler = bytesEntry(2, Buffer.alloc(Math.floor((rest - 12) / 4) * 3), record.destination);
    await sink.deliver([...Array.from({ length: count }, () => record), filler], signal);
    expect(count).toBe(3);
    expect(stub.calls[0]?.bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(stub.calls[0]?.bytes).toBeGreaterThan(4 * 1024 * 1024 - 1024);
  });
});

describe('republish', () => {
  function local() {
    const published: Republication[] = [];
    const republish = async (message: Republication) => void published.push(message);
    return { published, sink: planOf('republish', { topic: 't', qos: 1 }, {}).open(services({ republish })) };
  }

  it('counts the hop, and sets the properties', async () => {
    const { published, sink } = local();
    const destination = {
      topic: '$aws/things/x',
      'headers.payloadFormatIndicator': 'UTF8_DATA',
      'headers.contentType': 'application/json',
      'headers.responseTopic': 'answers',
      'headers.correlationData': 'AQI=',
      'headers.messageExpiry': '60',
      'headers.userProperties.0.key': 'k',
      'headers.userProperties.0.value': 'v',
    };
    expect(await outcome(sink, { ...bytesEntry(1, 'x', destination), hops: 2 })).toEqual({ status: 'delivered' });
    expect(published).toEqual([
      {
        topic: '$aws/things/x',
        payload: Buffer.from('x'),
        qos: 1,
        hops: 3,
        properties: {
          payloadFormatIndicator: true,
          contentType: 'application/json',
          responseTopic: 'answers',
          correlationData: Buffer.from([1, 2]),
          messageExpirySeconds: 60,
          userProperties: [{ key: 'k', value: 'v' }],
        },
      },
    ]);
  });

  it('ends a loop at the eighth republish', async () => {
    const { published, sink } = local();
    expect((await outcome(sink, { ...bytesEntry(1, 'x', { topic: 't' }), hops: 7 }))?.status).toBe('delivered');
    expect(await outcome(sink, { ...bytesEntry(1, 'x', { topic: 't' }), hops: 8 })).toMatchObject({
      status: 'rejected',
      cause: { code: 'REPUBLISH_LOOP' },
    });
    expect(published).toHaveLength(1);
  });

  it.each([
    { topic: 'a/+' },
    { topic: '' },
    { topic: 'a\u0000' },
    { topic: 'a', 'headers.messageExpiry': 'soon' },
    { topic: 'x'.repeat(65_536) },
  ])('rejects what is no topic or property', async (destination) => {
    const { published, sink } = local();
    expect(await outcome(sink, bytesEntry(1, 'x', destination))).toMatchObject({
      status: 'rejected',
      cause: { code: 'MESSAGE_TEMPLATE_INVALID' },
    });
    expect(published).toEqual([]);
  });
});

describe('a name that no destination can have', () => {
  const ARN = 'arn:aws:sns:eu-west-1:123456789012:';
  it.each<[string, object, string, string[], string]>([
    ['firehose', { deliveryStreamName: '${s}' }, 'deliveryStreamName', ['', 'a b', 'a/b', 'x'.repeat(65)], 'good'],
    ['s3', { bucketName: '${b}', key: 'k' }, 'bucketName', ['', 'a', 'a/b', '..', 'a b c', 'arn:aws:s3:::x'], 'good'],
    ['sns', { targetArn: '${t}' }, 'targetArn', ['', 'x', `${ARN}a/b`, `${ARN}a.fifo`], `${ARN}good`],
  ])('is the fault of its entry alone: %s', async (type, action, field, names, good) => {
    const wishes = type === 'firehose' ? { pack: false } : {};
    const { sink, stub } = await stubbed(type, action, wishes);
    const entry = (name: string) => bytesEntry(1, 'x', { key: 'k', [field]: name });
    for (const name of names) {
      expect([name, await outcome(sink, entry(name))]).toMatchObject([
        name,
        { status: 'rejected', cause: { code: 'MESSAGE_TEMPLATE_INVALID' } },
      ]);
    }
    expect(stub.accepted).toHaveLength(0);
    expect(await outcome(sink, entry(good))).toEqual({ status: 'delivered' });
  });
});
