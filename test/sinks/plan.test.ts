import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { awsSchema } from '../../src/aws/config.ts';
import { describeActions } from '../../src/sinks/describe-actions.ts';
import { createActionSchema, sinkDefinitions } from '../../src/sinks/index.ts';
import type { PlanContext } from '../../src/sinks/sink.ts';

const context: PlanContext = { aws: { region: 'eu-west-1' }, isAwsKnown: true, schemaNames: ['press'] };

function plan(type: string, action: unknown, delivery: unknown = {}, more: Partial<PlanContext> = {}) {
  const definition = sinkDefinitions.find((candidate) => candidate.type === type);
  if (definition === undefined) throw new Error(type);
  return definition.plan(action, delivery, { ...context, ...more });
}

/** Code, place and severity of each problem. */
function problems(...given: Parameters<typeof plan>) {
  return plan(...given).problems.map(({ code, path, severity }) => `${severity ?? 'error'} ${code} ${path.join('.')}`);
}

const firehose = { deliveryStreamName: 's', separator: '\n' };
const s3 = { bucketName: 'b', key: 'k' };

describe('an action', () => {
  const schema = createActionSchema();
  const messages = (value: unknown) =>
    schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it('has exactly one known key, and delivery beside it', () => {
    expect(messages({ firehose })).toEqual([]);
    expect(messages({ file: { path: 'a' }, delivery: { batch: { seconds: 5 } } })).toEqual([]);
    expect(messages({})).toEqual([
      ': An action has exactly one key out of firehose, s3, iotCore, sns, republish, file, stdout, and optionally delivery.',
    ]);
    expect(messages({ firehose, s3 })[0]).toMatch(/exactly one key/);
    expect(messages({ lambda: {} })[0]).toMatch(/Unrecognized key: "lambda"/);
  });

  it('has its delivery checked by its own schema, at its own place', () => {
    expect(messages({ firehose, delivery: { batch: { bytes: 1 } } })[0]).toMatch(/^delivery\.batch\.bytes: /);
    expect(messages({ stdout: {}, delivery: { format: 'json-lines' } })).toEqual([
      'delivery: Unrecognized key: "format"',
    ]);
    expect(messages({ firehose: { ...firehose, separator: '\n\n' } })[0]).toMatch(/^firehose\.separator: /);
  });

  it('has a JSON schema that lists the fields of both', () => {
    const text = JSON.stringify(z.toJSONSchema(schema, { io: 'input' }));
    for (const field of ['deliveryStreamName', 'targetArn', 'cannedAcl', 'latencyMs', 'sourceTime'])
      expect(text).toContain(field);
  });

  it('takes roleArn where AWS has it, and ignores it', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/r';
    expect(plan('firehose', { ...firehose, roleArn }).plan?.destination).toEqual({ deliveryStreamName: 's' });
    expect(problems('sns', { targetArn: 'arn:aws:sns:eu-west-1:123456789012:a', roleArn })).toEqual([]);
    expect(problems('republish', { topic: 'a', roleArn })).toEqual([]);
  });

  it('carries class, added fields and the place of the source time into its plan', () => {
    const wishes = { class: 'alarm', fields: { at: 'receiveTime' }, sourceTime: 'header.ts' };
    const expected = { class: 'alarm', fields: { at: 'receiveTime' }, sourceTimePath: 'header.ts' };
    for (const [type, action] of Object.entries({
      firehose,
      s3,
      iotCore: { topic: 'a' },
      republish: { topic: 'a' },
      file: { path: 'a' },
      stdout: {},
    })) {
      expect(plan(type, action, wishes).plan).toMatchObject(expected);
    }
    expect(problems('stdout', {}, { fields: { at: 'now' } })).toEqual([
      'error CONFIG_VALUE_INVALID delivery.fields.at',
    ]);
    expect(problems('stdout', {}, { sourceTime: 'a..b' })).toEqual(['error CONFIG_VALUE_INVALID delivery.sourceTime']);
  });
});

describe('aws', () => {
  it('must name a region where an action needs one, said once', () => {
    expect(problems('firehose', firehose, {}, { aws: null })).toEqual(['error CONFIG_REFERENCE_UNKNOWN firehose']);
    expect(problems('firehose', firehose, { aws: { region: 'us-east-1' } }, { aws: null })).toEqual([]);
    const whileBroken = plan('firehose', firehose, {}, { aws: null, isAwsKnown: false });
    expect(whileBroken.problems).toEqual([]);
  });

  it('is strict about its section', () => {
    expect(
      awsSchema.safeParse({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }).success,
    ).toBe(true);
    expect(awsSchema.safeParse({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:5000' }).success).toBe(true);
    expect(awsSchema.safeParse({ region: 'us-gov-west-1' }).success).toBe(true);
    for (const bad of [
      {},
      { region: 'Ireland' },
      { region: 'eu-west-1', endpoint: 'ftp://x' },
      { region: 'eu-west-1', profile: 'x' },
      { region: 'eu-west-1', credentials: { accessKeyId: 'a' } },
    ]) {
      expect(awsSchema.safeParse(bad).success).toBe(false);
    }
  });
});

describe('firehose', () => {
  it('packs lines with its separator, or with a line feed and a warning', () => {
    const given = plan('firehose', { ...firehose, separator: '\r\n' });
    expect(given.plan).toMatchObject({ form: 'lines', codec: 'null', separator: '\r\n' });
    expect(given.options?.assembly).toEqual({
      kind: 'lines',
      recordBytesMax: 1_024_000,
      latencyMs: 1_000,
      countMax: 100_000,
    });
    const silent = plan('firehose', { deliveryStreamName: 's' });
    expect(silent.plan).toMatchObject({ form: 'lines', separator: '\n' });
    expect(silent.problems).toMatchObject([{ severity: 'warning', path: ['firehose'] }]);
  });

  it("sends AWS's one record per message where pack is false, without a warning", () => {
    const result = plan('firehose', { deliveryStreamName: 's' }, { pack: false });
    expect(result.plan).toMatchObject({ form: 'each', separator: '' });
    expect(result.options?.assembly).toEqual({ kind: 'each' });
    expect(result.problems).toEqual([]);
  });

  it('refuses Avro containers, and names what works', () => {
    const result = plan('firehose', firehose, { format: 'avro-container' });
    expect(result.plan).toBeNull();
    expect(result.problems).toMatchObject([{ code: 'CONFIG_UNREADABLE_OUTPUT', path: ['delivery', 'format'] }]);
    expect(result.problems[0]?.message).toMatch(/json-lines or json-lines-gzip.*s3 action/);
  });

  it.each([
    ['gzip into a stream that compresses', { format: 'json-lines-gzip', stream: { compression: 'GZIP' } }, 'stream'],
    ['gzip into format conversion', { format: 'json-lines-gzip', stream: { conversion: true } }, 'stream'],
    ['gzip of single messages', { format: 'json-lines-gzip', pack: false }, 'pack'],
    ['packed records into dynamic partitioning', { stream: { dynamicPartitioning: true } }, 'pack'],
  ])('refuses what nobody could read: %s', (_what, wishes, key) => {
    expect(problems('firehose', firehose, wishes)).toEqual([`error CONFIG_UNREADABLE_OUTPUT delivery.${key}`]);
  });

  it('accepts what can be read', () => {
    expect(plan('firehose', firehose, { format: 'json-lines-gzip' }).plan).toMatchObject({
      form: 'lines',
      codec: 'gzip',
    });
    expect(problems('firehose', firehose, { stream: { conversion: true } })).toEqual([]);
    expect(problems('firehose', firehose, { stream: { compression: 'GZIP' } })).toEqual([]);
    expect(problems('firehose', firehose, { pack: false, stream: { dynamicPartitioning: true } })).toEqual([]);
    expect(problems('firehose', firehose, { format: 'json-lines-gzip', stream: { transform: true } })).toEqual([
      'warning CONFIG_UNREADABLE_OUTPUT delivery.stream',
    ]);
  });

  it('does not take batchMode: true', () => {
    expect(problems('firehose', { ...firehose, batchMode: true })).toEqual([
      'error CONFIG_VALUE_INVALID firehose.batchMode',
    ]);
    expect(problems('firehose', { ...firehose, batchMode: false })).toEqual([]);
  });
});

describe('s3 and file', () => {
  it('s3 puts single messages without batch, whole objects with it', () => {
    expect(plan('s3', s3).plan).toMatchObject({ form: 'each', destination: s3 });
    const objects = plan('s3', s3, { batch: {} });
    expect(objects.plan).toMatchObject({ form: 'container', codec: 'deflate', schema: null });
    expect(objects.options).toMatchObject({
      assembly: {
        kind: 'objects',
        extension: '.avro',
        hasHeader: true,
        objectBytesMax: 64 * 1024 * 1024,
        objectSecondsMax: 60,
      },
      limits: { isOutboxFirst: true },
    });
    expect(problems('s3', s3, { schema: 'press' })).toEqual(['error CONFIG_VALUE_INVALID delivery.schema']);
  });

  it.each([
    ['s3', s3, { batch: {} }],
    ['file', { path: 'p' }, {}],
  ])('%s has three formats of objects', (type, action, wishes) => {
    expect(plan(type, action, { ...wishes, schema: 'press', codec: 'null' }).plan).toMatchObject({
      form: 'container',
      codec: 'null',
      schema: 'press',
    });
    expect(plan(type, action, { ...wishes, format: 'json-lines' }).plan).toMatchObject({
      form: 'lines',
      codec: 'null',
      separator: '\n',
    });
    expect(plan(type, action, { ...wishes, format: 'json-lines-gzip' })).toMatchObject({
      plan: { form: 'lines', codec: 'gzip', separator: '\n' },
      options: { assembly: { extension: '.jsonl.gz', hasHeader: false } },
    });
  });

  it('name unknown schemas, schemas where none is used, and a codec that this Node does not have', () => {
    expect(problems('file', { path: 'p' }, { schema: 'pres' })).toEqual([
      'error CONFIG_REFERENCE_UNKNOWN delivery.schema',
    ]);
    expect(problems('file', { path: 'p' }, { schema: 'press', format: 'json-lines' })).toEqual([
      'error CONFIG_VALUE_INVALID delivery.schema',
    ]);
    const expected = 'zstdCompressSync' in zlib ? [] : ['error CONFIG_UNSUPPORTED delivery.codec'];
    expect(problems('file', { path: 'p' }, { codec: 'zstandard' })).toEqual(expected);
  });
});

describe('sns', () => {
  it('wants the ARN of a standard topic, or a template', () => {
    const at = (targetArn: string) => problems('sns', { targetArn });
    expect(at('alarms')).toEqual(['error CONFIG_VALUE_INVALID sns.targetArn']);
    expect(at('arn:aws:sns:eu-west-1:123456789012:alarms.fifo')).toEqual(['error CONFIG_UNSUPPORTED sns.targetArn']);
    expect(at('arn:aws:sns:eu-west-1:123456789012:${topic(2)}')).toEqual([]);
  });
});

describe('republish', () => {
  it('renders headers as destination fields', () => {
    const headers = { contentType: '${type}', userProperties: [{ key: 'k', value: '${v}' }] };
    expect(plan('republish', { topic: '$$aws/x', headers }).plan?.destination).toEqual({
      topic: '$$aws/x',
      'headers.contentType': '${type}',
      'headers.userProperties.0.key': 'k',
      'headers.userProperties.0.value': '${v}',
    });
    expect(problems('republish', { topic: 'a', qos: 2 })).toEqual(['error CONFIG_VALUE_INVALID republish.qos']);
  });
});

describe('the reference page', () => {
  it('has a section, an example and every field of each action', () => {
    const page = describeActions();
    for (const { type, example } of sinkDefinitions) {
      expect(page).toContain(`## ${type}\n`);
      expect(page).toContain(example.trimEnd());
    }
    for (const row of [
      '| `deliveryStreamName` * | string |',
      '| `batch.seconds` | integer 1 to 3600 | `60` |',
      '| `qos` | `0` \\| `1` |',
    ]) {
      expect(page).toContain(row);
    }
  });
});
