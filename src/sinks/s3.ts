/**
 * Amazon S3, PutObject. Two ways, as `delivery.batch` is absent or present:
 *
 * - absent: what AWS's rule action does. One PUT per message under the rendered key; a key that exists is overwritten.
 * - present: whole objects. `key` renders a prefix; the object's name is `<gateway id>-<entry id>`, made of sequences and a checksum
 *   of the content, and is written with `If-None-Match: *`. So a repeated upload finds its object there (412, delivered), and
 *   nothing is ever overwritten.
 */
import { z } from 'zod';
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { blameTemplate, classifyAwsError, impossibleName } from './aws/classify.ts';
import type { S3Port, S3Put } from './aws/s3-port.ts';
import {
  avroProblems,
  awsShape,
  basePlan,
  callBatchSchema,
  codecField,
  commonShape,
  defaultLimits,
  objectBatchSchema,
  resolveAws,
  schemaField,
} from './delivery-schema.ts';
import { noTemplate } from './no-template.ts';
import { type ObjectFormat, objectAssembly, objectFormatOf, objectFormats, objectShape } from './object-format.ts';
import { deliverOneByOne } from './one-by-one.ts';
import { DELIVERED, defineSink, type Outcome, type PlanContext, type PlanResult, planned, type Sink } from './sink.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html and /upload-objects.html */
const s3Limits = { keyBytesMax: 1024, objectBytesMax: 5 * 1024 ** 3 } as const;

/**
 * Names, those of before 2018 included, and ARNs of access points.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
const BUCKET_NAME =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]|arn:[a-z-]+:s3[a-z-]*:[a-z0-9-]*:\d{12}:[A-Za-z0-9/:._-]{1,255})$/;

const ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'aws-exec-read',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
] as const;

const action = z.strictObject({
  bucketName: z.string().min(1).describe('Bucket name.'),
  key: z.string().min(1).describe('Object key; with delivery.batch, the prefix of object names.'),
  cannedAcl: z
    .enum(ACLS, { error: noTemplate(`Write one of ${ACLS.join(', ')}.`) })
    .optional()
    .describe('Canned ACL of the object.'),
  roleArn: z.string().optional().describe('Accepted and ignored: credentials come from `aws:`.'),
});

const delivery = z.strictObject({
  ...commonShape,
  ...awsShape,
  format: z
    .enum(objectFormats)
    .default('avro-container')
    .describe(
      'With batch: avro-container, json-lines or json-lines-gzip. Without it each object is one message, as it is.',
    ),
  schema: schemaField,
  codec: codecField,
  batch: objectBatchSchema.optional(),
  calls: callBatchSchema.prefault({}).describe('How single messages are sent; not used with batch.'),
});

type Action = z.output<typeof action>;
type Delivery = z.output<typeof delivery>;

export const s3Definition = defineSink({
  type: 's3',
  summary:
    'Amazon S3: whole objects of many messages with delivery.batch, else one object per message as AWS does. Of what templates insert into the key, control characters, lone surrogates and levels . and .. are percent-encoded.',
  action,
  delivery,
  templates: [
    { field: 'bucketName', kind: 'text' },
    { field: 'key', kind: 'key' },
  ],
  limits: s3Limits,
  example: `s3: { bucketName: telemetry-lake, key: "press/dt=\${parse_time('yyyy-MM-dd', timestamp())}" }
delivery: { format: avro-container, batch: { seconds: 300 } }
`,
  plan,
});

function plan(fields: Action, wishes: Delivery, context: PlanContext): PlanResult {
  const resolved = resolveAws(wishes.aws, context, 's3');
  const destination = { bucketName: fields.bucketName, key: fields.key };
  if (wishes.batch === undefined) {
    const problems = [...resolved.problems];
    if (wishes.schema !== undefined) {
      const message = 'A schema is for containers of many messages. Add delivery.batch, or remove delivery.schema.';
      problems.push({ path: ['delivery', 'schema'], code: 'CONFIG_VALUE_INVALID', message });
    }
    return planned(
      basePlan('s3', wishes, { form: 'each', destination }),
      {
        assembly: { kind: 'each' },
        limits: defaultLimits({ batchCountMax: 64 }),
        open: () => new S3MessageSink(openPort(resolved.aws, fields), wishes.calls.concurrency, fields.bucketName),
      },
      problems,
    );
  }
  const shape = objectShape(wishes);
  return planned(
    basePlan('s3', wishes, { ...shape, schema: wishes.schema, destination }),
    {
      assembly: objectAssembly(wishes.format, wishes.batch),
      limits: defaultLimits({ batchCountMax: 1, batchBytesMax: Number.MAX_SAFE_INTEGER, isOutboxFirst: true }),
      open: (services) =>
        new S3ObjectSink(openPort(resolved.aws, fields), services.gatewayId, wishes.format, fields.bucketName),
    },
    [...resolved.problems, ...avroProblems(wishes, context)],
  );
}

function openPort(aws: AwsOptions, fields: Action): LazyPort<S3Port> {
  return lazyPort(
    () => import('./aws/s3-port.ts'),
    ({ openS3Port }) => openS3Port(aws, fields.cannedAcl),
  );
}

async function outcomeOf(
  lazy: LazyPort<S3Port>,
  request: S3Put,
  bucketTemplate: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const keyBytes = Buffer.byteLength(request.key);
  if (!BUCKET_NAME.test(request.bucket)) return impossibleName(request.bucket, 'the name of a bucket');
  if (keyBytes === 0 || keyBytes > s3Limits.keyBytesMax) {
    const why = `The object would be s3://${request.bucket.slice(0, 80)}/${request.key.slice(0, 80)}; a key has 1 to ${s3Limits.keyBytesMax} bytes, this one ${keyBytes}.`;
    return { status: 'rejected', cause: new CodedError('MESSAGE_TEMPLATE_INVALID', why) };
  }
  try {
    const port = await lazy.get();
    await port.put(request, signal);
    return DELIVERED;
  } catch (thrown) {
    const isThere = thrown instanceof Error && thrown.name === 'PreconditionFailed' && !request.isOverwriting;
    return isThere ? DELIVERED : blameTemplate(classifyAwsError(thrown), bucketTemplate);
  }
}

class S3MessageSink implements Sink {
  readonly #port: LazyPort<S3Port>;
  readonly #concurrency: number;
  readonly #bucketTemplate: string;

  constructor(port: LazyPort<S3Port>, concurrency: number, bucketTemplate: string) {
    this.#port = port;
    this.#concurrency = concurrency;
    this.#bucketTemplate = bucketTemplate;
  }

  deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const keyOf = (entry: Entry) => `${entry.destination['bucketName']}/${entry.destination['key']}`;
    return deliverOneByOne(entries, this.#concurrency, keyOf, (entry) => {
      const bucket = entry.destination['bucketName'] ?? '';
      const key = entry.destination['key'] ?? '';
      const contentType = 'application/octet-stream';
      return outcomeOf(
        this.#port,
        { bucket, key, entry, contentType, isOverwriting: true },
        this.#bucketTemplate,
        signal,
      );
    });
  }

  check(signal: AbortSignal): Promise<void> {
    return checkBucket(this.#port, this.#bucketTemplate, signal);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

class S3ObjectSink implements Sink {
  readonly #port: LazyPort<S3Port>;
  readonly #gatewayId: string;
  readonly #format: ObjectFormat;
  readonly #bucketTemplate: string;

  constructor(port: LazyPort<S3Port>, gatewayId: string, format: ObjectFormat, bucketTemplate: string) {
    this.#port = port;
    this.#gatewayId = gatewayId;
    this.#format = format;
    this.#bucketTemplate = bucketTemplate;
  }

  deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]> {
    return deliverOneByOne(
      entries,
      1,
      () => '',
      (entry) => {
        const bucket = entry.destination['bucketName'] ?? '';
        const prefix = entry.destination['key'] ?? '';
        const name = `${this.#gatewayId}-${entry.id}${objectFormatOf[this.#format].extension}`;
        const key = prefix.endsWith('/') ? `${prefix}${name}` : `${prefix}/${name}`;
        const { contentType } = objectFormatOf[this.#format];
        return outcomeOf(
          this.#port,
          { bucket, key, entry, contentType, isOverwriting: false },
          this.#bucketTemplate,
          signal,
        );
      },
    );
  }

  check(signal: AbortSignal): Promise<void> {
    return checkBucket(this.#port, this.#bucketTemplate, signal);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

async function checkBucket(lazy: LazyPort<S3Port>, bucket: string, signal: AbortSignal): Promise<void> {
  if (bucket.includes('${')) return;
  const port = await lazy.get();
  await port.head(bucket, signal);
}
