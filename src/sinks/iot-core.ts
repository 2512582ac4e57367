/** On to AWS IoT Core: the data plane's HTTP Publish, one call per message. */
import { z } from 'zod';
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { classifyAwsError } from './aws/classify.ts';
import type { IotCorePort } from './aws/iot-core-port.ts';
import { awsShape, basePlan, callBatchSchema, commonShape, defaultLimits, resolveAws } from './delivery-schema.ts';
import { entryBytes } from './entry-bytes.ts';
import { noTemplate } from './no-template.ts';
import { deliverOneByOne } from './one-by-one.ts';
import { bodyBytes, DELIVERED, defineSink, type Outcome, planned, type Sink } from './sink.ts';

/** https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits */
const iotCoreLimits = { payloadBytesMax: 128 * 1024, topicBytesMax: 256, topicSlashesMax: 7 } as const;

export const iotCoreDefinition = defineSink({
  type: 'iotCore',
  summary: 'AWS IoT Core: publishes each message on, by the HTTPS data plane.',
  action: z.strictObject({
    topic: z
      .string()
      .min(1)
      .describe('Topic on AWS IoT Core. `$aws/rules/<rule>/…` is Basic Ingest: no messaging charge.'),
    qos: z
      .union([z.literal(0), z.literal(1)], {
        error: noTemplate('Write 0 or 1; AWS IoT Core has no QoS 2.'),
      })
      .default(1)
      .describe('0 or 1.'),
    roleArn: z.string().optional().describe('Accepted and ignored: credentials come from `aws:`.'),
  }),
  delivery: z.strictObject({ ...commonShape, ...awsShape, calls: callBatchSchema.prefault({}) }),
  templates: [{ field: 'topic', kind: 'topic' }],
  limits: iotCoreLimits,
  example: `iotCore: { topic: "factory/\${topic(2)}/state", qos: 1 }
delivery: { class: alarm }
`,
  plan(fields, wishes, context) {
    const resolved = resolveAws(wishes.aws, context, 'iotCore');
    return planned(
      basePlan('iotCore', wishes, { form: 'each', destination: { topic: fields.topic } }),
      {
        assembly: { kind: 'each' },
        limits: defaultLimits({ batchCountMax: 64 }),
        open: () => new IotCoreSink(openPort(resolved.aws), fields.qos, wishes.calls.concurrency),
      },
      resolved.problems,
    );
  },
});

function openPort(aws: AwsOptions): LazyPort<IotCorePort> {
  return lazyPort(
    () => import('./aws/iot-core-port.ts'),
    ({ openIotCorePort }) => openIotCorePort(aws),
  );
}

class IotCoreSink implements Sink {
  readonly #port: LazyPort<IotCorePort>;
  readonly #qos: 0 | 1;
  readonly #concurrency: number;

  constructor(port: LazyPort<IotCorePort>, qos: 0 | 1, concurrency: number) {
    this.#port = port;
    this.#qos = qos;
    this.#concurrency = concurrency;
  }

  deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const topicOf = (entry: Entry) => entry.destination['topic'] ?? '';
    return deliverOneByOne(entries, this.#concurrency, topicOf, (entry) =>
      this.#publish(topicOf(entry), entry, signal),
    );
  }

  // Checked before sending: IoT Core closes the connection on a bad topic, and a queue that then tries again does so for ever.
  async #publish(topic: string, entry: Entry, signal: AbortSignal): Promise<Outcome> {
    const refusal = refuse(topic, bodyBytes(entry));
    if (refusal !== null) return { status: 'rejected', cause: refusal };
    try {
      const port = await this.#port.get();
      await port.publish(topic, this.#qos, await entryBytes(entry), signal);
      return DELIVERED;
    } catch (thrown) {
      return classifyAwsError(thrown);
    }
  }

  async check(): Promise<void> {
    const port = await this.#port.get();
    await port.credentials();
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

function refuse(topic: string, payloadBytes: number): CodedError | null {
  if (payloadBytes > iotCoreLimits.payloadBytesMax) {
    const why = `A payload of ${payloadBytes} bytes is larger than the ${iotCoreLimits.payloadBytesMax} that AWS IoT Core accepts.`;
    return new CodedError('MESSAGE_TOO_LARGE', why);
  }
  // The prefix of Basic Ingest, `$aws/rules/<rule>/`, counts for nothing.
  const counted = topic.replace(/^\$aws\/rules\/[^/]+\//, '');
  const slashes = counted.split('/').length - 1;
  const isSound =
    counted !== '' &&
    Buffer.byteLength(counted) <= iotCoreLimits.topicBytesMax &&
    slashes <= iotCoreLimits.topicSlashesMax &&
    !/[+#\0]/.test(counted);
  if (isSound) return null;
  const why = `AWS IoT Core does not accept the topic "${topic.slice(0, 80)}": at most ${iotCoreLimits.topicBytesMax} bytes and ${iotCoreLimits.topicSlashesMax} slashes, no wildcards.`;
  return new CodedError('MESSAGE_TEMPLATE_INVALID', why);
}
