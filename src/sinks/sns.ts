/** Amazon SNS, PublishBatch. */
import { z } from 'zod';
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { blameTemplate, classifyAwsError, classifyEntryFailure, impossibleName } from './aws/classify.ts';
import type { SnsPort } from './aws/sns-port.ts';
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

/** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
const snsLimits = { entriesPerCallMax: 10, bytesMax: 262_144 } as const;

const TOPIC_ARN = /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/;

const action = z.strictObject({
  targetArn: z.string().min(1).describe('ARN of the topic.'),
  messageFormat: z
    .enum(['RAW', 'JSON'], { error: noTemplate('Write RAW or JSON.') })
    .default('RAW')
    .describe('RAW sends the payload. JSON: the payload is an object of texts by protocol, with the key default.'),
  roleArn: z.string().optional().describe('Accepted and ignored: credentials come from `aws:`.'),
});

const delivery = z.strictObject({ ...commonShape, ...awsShape });

type Action = z.output<typeof action>;

export const snsDefinition = defineSink({
  type: 'sns',
  summary: 'Amazon SNS: notifications. Meant for alarms; telemetry here costs a request per 64 KB of each message.',
  action,
  delivery,
  templates: [{ field: 'targetArn', kind: 'text' }],
  limits: snsLimits,
  example: `sns: { targetArn: "arn:aws:sns:eu-west-1:123456789012:alarms", messageFormat: RAW }
delivery: { class: alarm }
`,
  plan,
});

function plan(fields: Action, wishes: z.output<typeof delivery>, context: PlanContext): PlanResult {
  const resolved = resolveAws(wishes.aws, context, 'sns');
  const problems: Problem[] = [...resolved.problems];
  const path = ['sns', 'targetArn'];
  if (!fields.targetArn.includes('${') && !TOPIC_ARN.test(fields.targetArn)) {
    const message = 'Write the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:alarms.';
    problems.push({ path, code: 'CONFIG_VALUE_INVALID', message });
  } else if (fields.targetArn.endsWith('.fifo')) {
    const message = "The sns action of AWS's rules has no FIFO topics, nor has this one. Name a standard topic.";
    problems.push({ path, code: 'CONFIG_UNSUPPORTED', message });
  }
  return planned(
    basePlan('sns', wishes, { form: 'each', destination: { targetArn: fields.targetArn } }),
    {
      assembly: { kind: 'each' },
      limits: defaultLimits({
        batchCountMax: snsLimits.entriesPerCallMax,
        batchBytesMax: snsLimits.bytesMax,
        groupOf: (entry) => entry.destination['targetArn'] ?? '',
      }),
      open: () => new SnsSink(openPort(resolved.aws), fields),
    },
    problems,
  );
}

function openPort(aws: AwsOptions): LazyPort<SnsPort> {
  return lazyPort(
    () => import('./aws/sns-port.ts'),
    ({ openSnsPort }) => openSnsPort(aws),
  );
}

class SnsSink implements Sink {
  readonly #port: LazyPort<SnsPort>;
  readonly #topicTemplate: string;
  readonly #isStructured: boolean;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(port: LazyPort<SnsPort>, fields: Action) {
    this.#port = port;
    this.#topicTemplate = fields.targetArn;
    this.#isStructured = fields.messageFormat === 'JSON';
  }

  async deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const topicArn = entries[0]?.destination['targetArn'] ?? '';
    if (!TOPIC_ARN.test(topicArn) || topicArn.endsWith('.fifo'))
      return entries.map(() => impossibleName(topicArn, 'the ARN of a standard topic'));
    const outcomes: (Outcome | null)[] = entries.map(() => null);
    const messages: { readonly id: string; readonly text: string }[] = [];
    for (const [index, entry] of entries.entries()) {
      const text = await this.#text(entry);
      if (typeof text === 'string') messages.push({ id: String(index), text });
      else outcomes[index] = { status: 'rejected', cause: text };
    }
    if (messages.length > 0) await this.#publish(topicArn, messages, outcomes, signal);
    return outcomes.map(
      (outcome) => outcome ?? { status: 'retry', cause: new Error('SNS gave no answer for this message.') },
    );
  }

  async #publish(
    topicArn: string,
    messages: readonly { readonly id: string; readonly text: string }[],
    outcomes: (Outcome | null)[],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const port = await this.#port.get();
      const answer = await port.publish(topicArn, messages, this.#isStructured, signal);
      for (const id of answer.published) outcomes[Number(id)] = DELIVERED;
      for (const failure of answer.failed) {
        outcomes[Number(failure.id)] = classifyEntryFailure(failure.code, failure.message, failure.isSenderFault);
      }
    } catch (thrown) {
      const outcome = blameTemplate(classifyAwsError(thrown), this.#topicTemplate);
      for (const { id } of messages) outcomes[Number(id)] = outcome;
    }
  }

  /** SNS carries text only. */
  async #text(entry: Entry): Promise<string | CodedError> {
    const byteLength = bodyBytes(entry);
    if (byteLength > snsLimits.bytesMax) {
      const why = `A message of ${byteLength} bytes is larger than the ${snsLimits.bytesMax} that SNS accepts.`;
      return new CodedError('MESSAGE_TOO_LARGE', why);
    }
    if (byteLength === 0) return new CodedError('ENTRY_REJECTED', 'SNS does not accept an empty message.');
    try {
      const text = this.#utf8.decode(await entryBytes(entry));
      if (this.#isStructured && !hasDefault(text)) {
        return new CodedError(
          'ENTRY_REJECTED',
          'With messageFormat JSON the payload must be an object with a text under "default".',
        );
      }
      return text;
    } catch (cause) {
      const why = "The payload is not UTF-8 text, and SNS carries nothing else. Select with encode(*, 'base64').";
      return new CodedError('ENTRY_REJECTED', why, { cause });
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    if (this.#topicTemplate.includes('${')) return;
    const port = await this.#port.get();
    await port.describe(this.#topicTemplate, signal);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

function hasDefault(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'default' in value && typeof value.default === 'string';
  } catch {
    // Not JSON: the caller reports it.
    return false;
  }
}
