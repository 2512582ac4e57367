/** Back to the local broker, where rules and local subscribers see it. */
import { z } from 'zod';
import { asError, CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { basePlan, commonShape, defaultLimits } from './delivery-schema.ts';
import { entryBytes } from './entry-bytes.ts';
import { noTemplate } from './no-template.ts';
import { deliverOneByOne } from './one-by-one.ts';
import {
  DELIVERED,
  defineSink,
  type Outcome,
  planned,
  type RepublishProperties,
  type Sink,
  type SinkServices,
} from './sink.ts';

const republishLimits = {
  /** [MQTT-4.7.3-3] */
  topicBytesMax: 65_535,
  /** Rules that republish into one another end here, not in a full disk. */
  hopsMax: 8,
  /** One more, so that an error action hears of a loop. */
  hopsOfErrorActionMax: 9,
} as const;

const text = z.string().max(1024);

const headers = z
  .strictObject({
    payloadFormatIndicator: text.optional().describe('UTF8_DATA or UNSPECIFIED_BYTES.'),
    contentType: text.optional(),
    responseTopic: text.optional(),
    correlationData: text.optional().describe('Base64.'),
    messageExpiry: text.optional().describe('Seconds.'),
    userProperties: z
      .array(z.strictObject({ key: text.min(1), value: text }))
      .min(1)
      .max(100)
      .optional(),
  })
  .describe('MQTT 5 properties of the message.');

const action = z.strictObject({
  topic: z.string().min(1).describe('Topic. Write `$$aws/…` to publish to `$aws/…`.'),
  qos: z
    .union([z.literal(0), z.literal(1)], { error: noTemplate('Write 0 or 1.') })
    .default(0)
    .describe('0 or 1.'),
  headers: headers.optional(),
  roleArn: z.string().optional().describe('Accepted and ignored.'),
});

type Headers = z.output<typeof headers>;

export const republishDefinition = defineSink({
  type: 'republish',
  summary:
    'The local broker, under another topic. A message that was republished eight times is refused, so that circles of rules end; an error action may go on once more. A template opens no topic under $ that its own text does not begin.',
  action,
  delivery: z.strictObject({ ...commonShape }),
  templates: [
    { field: 'topic', kind: 'topic' },
    { field: 'headers', kind: 'text' },
  ],
  limits: republishLimits,
  example: `republish: { topic: "alarms/\${topic(2)}", qos: 1, headers: { contentType: application/json } }
delivery: { class: alarm }
`,
  plan(fields, wishes, { isErrorAction = false }) {
    const hopsMax = isErrorAction ? republishLimits.hopsOfErrorActionMax : republishLimits.hopsMax;
    return planned(
      basePlan('republish', wishes, {
        form: 'each',
        destination: { topic: fields.topic, ...flattenHeaders(fields.headers ?? {}) },
      }),
      {
        assembly: { kind: 'each' },
        limits: defaultLimits(),
        open: (services) => new RepublishSink(services, fields.qos, hopsMax),
      },
      [],
    );
  },
});

/** Destination fields are a flat list of texts: `headers.contentType`, `headers.userProperties.0.key`. */
function flattenHeaders(fields: Headers): Record<string, string> {
  const { userProperties, ...rest } = fields;
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) flat[`headers.${name}`] = value;
  for (const [index, { key, value }] of (userProperties ?? []).entries()) {
    flat[`headers.userProperties.${index}.key`] = key;
    flat[`headers.userProperties.${index}.value`] = value;
  }
  return flat;
}

function propertiesOf(destination: Entry['destination']): RepublishProperties {
  const { contentType, responseTopic } = {
    contentType: destination['headers.contentType'],
    responseTopic: destination['headers.responseTopic'],
  };
  const indicator = destination['headers.payloadFormatIndicator'];
  const correlation = destination['headers.correlationData'];
  const expiry = destination['headers.messageExpiry'];
  const userProperties: { key: string; value: string }[] = [];
  for (let index = 0; ; index++) {
    const key = destination[`headers.userProperties.${index}.key`];
    if (key === undefined) break;
    userProperties.push({ key, value: destination[`headers.userProperties.${index}.value`] ?? '' });
  }
  return {
    ...(indicator === undefined ? {} : { payloadFormatIndicator: indicator === 'UTF8_DATA' || indicator === '1' }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation, 'base64') }),
    ...(expiry === undefined ? {} : { messageExpirySeconds: Number(expiry) }),
    ...(userProperties.length === 0 ? {} : { userProperties }),
  };
}

class RepublishSink implements Sink {
  readonly #services: SinkServices;
  readonly #qos: 0 | 1;
  readonly #hopsMax: number;

  constructor(services: SinkServices, qos: 0 | 1, hopsMax: number) {
    this.#services = services;
    this.#qos = qos;
    this.#hopsMax = hopsMax;
  }

  deliver(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    return deliverOneByOne(
      entries,
      1,
      () => '',
      (entry) => this.#republish(entry),
    );
  }

  async #republish(entry: Entry): Promise<Outcome> {
    const topic = entry.destination['topic'] ?? '';
    const properties = propertiesOf(entry.destination);
    const refusal = refuse(topic, entry.hops, this.#hopsMax, properties);
    if (refusal !== null) return { status: 'rejected', cause: refusal };
    try {
      const payload = await entryBytes(entry);
      await this.#services.republish({ topic, payload, qos: this.#qos, hops: entry.hops + 1, properties });
      return DELIVERED;
    } catch (thrown) {
      const cause = asError(thrown);
      return { status: cause instanceof CodedError ? 'rejected' : 'retry', cause };
    }
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

function refuse(topic: string, hops: number, hopsMax: number, properties: RepublishProperties): CodedError | null {
  if (hops >= hopsMax) {
    const why = `This message was republished ${hops} times already; the next would go to "${topic.slice(0, 80)}".`;
    return new CodedError('REPUBLISH_LOOP', why);
  }
  // [MQTT-3.3.2-2], [MQTT-4.7.3-1], [MQTT-4.7.3-2]
  if (topic === '' || Buffer.byteLength(topic) > republishLimits.topicBytesMax || /[+#\0]/.test(topic)) {
    const why = `"${topic.slice(0, 80)}" is not a topic name: 1 to ${republishLimits.topicBytesMax} bytes, no wildcards, no NUL.`;
    return new CodedError('MESSAGE_TEMPLATE_INVALID', why);
  }
  const expiry = properties.messageExpirySeconds;
  if (expiry !== undefined && !(Number.isInteger(expiry) && expiry >= 0 && expiry <= 0xffff_ffff)) {
    return new CodedError('MESSAGE_TEMPLATE_INVALID', 'messageExpiry is not a number of seconds from 0 to 4294967295.');
  }
  return null;
}
