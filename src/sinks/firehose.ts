/** AWS Data Firehose, PutRecordBatch. */
import { z } from 'zod';
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { blameTemplate, classifyAwsError, classifyEntryFailure, impossibleName } from './aws/classify.ts';
import type { FirehosePort } from './aws/firehose-port.ts';
import { awsShape, basePlan, commonShape, defaultLimits, resolveAws } from './delivery-schema.ts';
import { entryBytes } from './entry-bytes.ts';
import { noTemplate } from './no-template.ts';
import {
  bodyBytes,
  DELIVERED,
  defineSink,
  type Outcome,
  type PlanContext,
  type PlanResult,
  type Problem,
  planned,
  type Sink,
} from './sink.ts';

/** https://docs.aws.amazon.com/firehose/latest/dev/limits.html */
const firehoseLimits = {
  recordsPerCallMax: 500,
  /** 4 MiB for the whole request; kept in terms of the body as sent, base64 and framing included, the strict reading. */
  bodyBytesMax: 4 * 1024 * 1024,
  /** Before base64. A multiple of the 5 KiB (5,120 B) that each record is billed in. */
  recordBytesMax: 1_024_000,
} as const;

/** `{"DeliveryStreamName":"<64>","Records":[]}` with room to spare. */
const BODY_FRAME_BYTES = 512;
/** `{"Data":""},` */
const RECORD_FRAME_BYTES = 12;

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html */
const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;

const action = z.strictObject({
  deliveryStreamName: z.string().min(1).describe('Stream name.'),
  separator: z
    .enum(['\n', '\t', '\r\n', ','], { error: noTemplate('Write "\\n", "\\t", "\\r\\n" or ",".') })
    .optional()
    .describe('Put after every message: "\\n", "\\t", "\\r\\n" or ",".'),
  batchMode: z
    .literal(false, {
      error: noTemplate(
        'batchMode: true (an array result becomes one record per element) is not available. Remove it.',
      ),
    })
    .optional()
    .describe('Only false.'),
  roleArn: z.string().optional().describe('Accepted and ignored: credentials come from `aws:`.'),
});

const stream = z
  .strictObject({
    compression: z.enum(['UNCOMPRESSED', 'GZIP', 'ZIP', 'Snappy', 'HADOOP_SNAPPY']).default('UNCOMPRESSED'),
    transform: z.boolean().default(false).describe('A Lambda of yours transforms records.'),
    conversion: z.boolean().default(false).describe('The stream converts JSON to Parquet or ORC.'),
    dynamicPartitioning: z.boolean().default(false).describe('The stream partitions by fields of the record.'),
  })
  .describe('What the delivery stream does with records, so that unreadable combinations are refused.');

const batch = z
  .strictObject({
    bytes: z
      .int()
      .min(5_120)
      .max(firehoseLimits.recordBytesMax)
      .default(firehoseLimits.recordBytesMax)
      .describe('A record is closed before it grows past this. Firehose bills each record rounded up to 5,120 bytes.'),
    latencyMs: z.int().min(10).max(900_000).default(1_000).describe('A record is closed when it is this old.'),
    count: z.int().min(1).max(1_000_000).default(100_000).describe('A record is closed at so many messages.'),
  })
  .describe('When a packed record is complete.');

const delivery = z.strictObject({
  ...commonShape,
  ...awsShape,
  format: z
    .enum(['json-lines', 'json-lines-gzip', 'avro-container'])
    .default('json-lines')
    .describe(
      'json-lines, or json-lines-gzip (each record one or more gzip members; the stream must be UNCOMPRESSED).',
    ),
  pack: z
    .boolean()
    .default(true)
    .describe("Many messages in a record. false: AWS's one record per message, byte for byte."),
  batch: batch.prefault({}),
  stream: stream.prefault({}),
});

type Action = z.output<typeof action>;
type Delivery = z.output<typeof delivery>;

export const firehoseDefinition = defineSink({
  type: 'firehose',
  summary: 'Data Firehose, many messages packed into a record: to S3 and whatever else the stream feeds.',
  action,
  delivery,
  templates: [{ field: 'deliveryStreamName', kind: 'text' }],
  limits: firehoseLimits,
  example: `firehose: { deliveryStreamName: telemetry, separator: "\\n" }
delivery: { format: json-lines-gzip, batch: { latencyMs: 5000 } }
`,
  plan,
});

function plan(fields: Action, wishes: Delivery, context: PlanContext): PlanResult {
  const resolved = resolveAws(wishes.aws, context, 'firehose');
  const problems = [...resolved.problems, ...judge(fields, wishes)];
  const isGzip = wishes.format === 'json-lines-gzip';
  const separator = fields.separator ?? (wishes.pack ? '\n' : '');
  const { bytes, latencyMs, count } = wishes.batch;
  return planned(
    basePlan('firehose', wishes, {
      form: wishes.pack ? 'lines' : 'each',
      codec: isGzip ? 'gzip' : 'null',
      separator: wishes.pack ? separator : '',
      destination: { deliveryStreamName: fields.deliveryStreamName },
    }),
    {
      assembly: wishes.pack ? { kind: 'lines', recordBytesMax: bytes, latencyMs, countMax: count } : { kind: 'each' },
      limits: defaultLimits({
        batchCountMax: firehoseLimits.recordsPerCallMax,
        batchBytesMax: firehoseLimits.bodyBytesMax - BODY_FRAME_BYTES,
        batchBytesOf: (entry) => 4 * Math.ceil((bodyBytes(entry) + separator.length) / 3) + RECORD_FRAME_BYTES,
        groupOf: (entry) => entry.destination['deliveryStreamName'] ?? '',
      }),
      open: () => new FirehoseSink(openPort(resolved.aws), wishes.pack ? '' : separator, fields.deliveryStreamName),
    },
    problems,
  );
}

/** Firehose concatenates records: what stands in S3 is readable only if a concatenation of them is. */
function judge(fields: Action, wishes: Delivery): readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: string, message: string, severity: 'error' | 'warning' = 'error') => {
    problems.push({ path: ['delivery', key], code: 'CONFIG_UNREADABLE_OUTPUT', message, severity });
  };
  const isGzip = wishes.format === 'json-lines-gzip';
  if (wishes.format === 'avro-container') {
    refuse(
      'format',
      'Firehose joins records into one object, and joined Avro containers cannot be read. Use json-lines or json-lines-gzip here, or avro-container with an s3 action that has delivery.batch.',
    );
  }
  if (isGzip && wishes.stream.compression !== 'UNCOMPRESSED') {
    refuse('stream', 'The stream would compress gzip again. Set the stream to UNCOMPRESSED, or use json-lines.');
  }
  if (isGzip && (wishes.stream.conversion || wishes.stream.dynamicPartitioning)) {
    refuse('stream', 'Format conversion and dynamic partitioning read JSON, not gzip. Use json-lines.');
  }
  if (isGzip && !wishes.pack) {
    refuse('pack', 'pack: false sends each message as it is; gzip is for packed records. Use json-lines.');
  }
  if (wishes.pack && wishes.stream.dynamicPartitioning) {
    refuse(
      'pack',
      'A packed record has messages of many partitions, and de-aggregation stops at 500. Write pack: false.',
    );
  }
  if (isGzip && wishes.stream.transform) {
    refuse(
      'stream',
      'Your Lambda will be given gzip of many messages per record; make sure that it expects that.',
      'warning',
    );
  }
  if (wishes.pack && fields.separator === ',') {
    refuse('pack', 'With "," between messages, objects are not JSON lines; Athena cannot read them.', 'warning');
  }
  if (wishes.pack && fields.separator === undefined) {
    const message =
      'No separator is given; messages are packed with "\\n" after each. Write separator: "\\n" to say so, or delivery: { pack: false }.';
    problems.push({ path: ['firehose'], code: 'CONFIG_VALUE_INVALID', message, severity: 'warning' });
  }
  return problems;
}

function openPort(aws: AwsOptions): LazyPort<FirehosePort> {
  return lazyPort(
    () => import('./aws/firehose-port.ts'),
    ({ openFirehosePort }) => openFirehosePort(aws),
  );
}

class FirehoseSink implements Sink {
  readonly #port: LazyPort<FirehosePort>;
  readonly #separator: Uint8Array;
  readonly #streamTemplate: string;

  constructor(port: LazyPort<FirehosePort>, separator: string, streamTemplate: string) {
    this.#port = port;
    this.#separator = Buffer.from(separator);
    this.#streamTemplate = streamTemplate;
  }

  async deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const outcomes = entries.map((entry) => this.#refuse(entry));
    const sent = entries.flatMap((entry, index) => (outcomes[index] === null ? [{ entry, index }] : []));
    if (sent.length > 0) {
      const results = await this.#put(
        sent.map(({ entry }) => entry),
        signal,
      );
      for (const [at, { index }] of sent.entries()) outcomes[index] = results[at] ?? null;
    }
    return outcomes.map(
      (outcome) => outcome ?? { status: 'retry', cause: new Error('Firehose gave no answer for this record.') },
    );
  }

  #refuse(entry: Entry): Outcome | null {
    const stream = entry.destination['deliveryStreamName'] ?? '';
    if (!STREAM_NAME.test(stream)) return impossibleName(stream, 'the name of a delivery stream');
    const bytes = bodyBytes(entry) + this.#separator.length;
    if (bytes <= firehoseLimits.recordBytesMax) return null;
    const why = `A record of ${bytes} bytes is larger than the ${firehoseLimits.recordBytesMax} that Firehose accepts.`;
    return { status: 'rejected', cause: new CodedError('MESSAGE_TOO_LARGE', why) };
  }

  async #put(entries: readonly Entry[], signal: AbortSignal): Promise<readonly (Outcome | null)[]> {
    try {
      const stream = entries[0]?.destination['deliveryStreamName'] ?? '';
      const records = await Promise.all(entries.map((entry) => entryBytes(entry)));
      const framed =
        this.#separator.length === 0 ? records : records.map((record) => Buffer.concat([record, this.#separator]));
      const port = await this.#port.get();
      const failures = await port.put(stream, framed, signal);
      // Where the answer has another length than the request, nothing can be said of single records: all are sent again.
      if (failures.length !== entries.length) return entries.map(() => null);
      return failures.map((failure) =>
        failure === null ? DELIVERED : classifyEntryFailure(failure.code, failure.message, false),
      );
    } catch (thrown) {
      const outcome = blameTemplate(classifyAwsError(thrown), this.#streamTemplate);
      return entries.map(() => outcome);
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    if (this.#streamTemplate.includes('${')) return;
    const port = await this.#port.get();
    await port.describe(this.#streamTemplate, signal);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}
