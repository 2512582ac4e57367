/** What the sinks' `delivery:` schemas share, and the judgements that are the same for all of them. */
import * as zlib from 'node:zlib';
import { z } from 'zod';
import { type AwsOptions, awsOverrideSchema } from '../aws/options.ts';
import type { Codec, Entry, Form, MetadataName } from '../message.ts';
import type { PlanContext, PlanWithoutId, Problem, PumpLimits } from './sink.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Entry bodies that one action keeps in memory before it uses its outbox. */
const PENDING_BYTES_MAX = 8 * MIB;
const OBJECT_BYTES_MAX = 128 * MIB;
const METADATA_NAMES = ['receiveTime', 'sourceTime', 'gatewayId', 'sequence', 'clientId', 'topic'] as const;

/** Under `delivery:` of every sink. */
export const commonShape = {
  class: z.enum(['alarm', 'normal']).default('normal').describe('Alarms go first wherever actions share something.'),
  fields: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'Write a field name: letters, digits, "_".'),
      z.enum(METADATA_NAMES),
    )
    .default({})
    .describe(`Fields that the gateway adds to the output: name → one of ${METADATA_NAMES.join(', ')}.`),
  sourceTime: z
    .string()
    .regex(/^[^.]+(\.[^.]+)*$/, 'Write a dotted path such as header.ts.')
    .optional()
    .describe("Where the payload has the device's own time: a dotted path."),
};

export const awsShape = { aws: awsOverrideSchema.optional() };

export const schemaField = z
  .string()
  .min(1)
  .optional()
  .describe(
    'Avro schema by name (a file under `schemas:` without its ending). Default: inferred from the first messages, then frozen.',
  );

export const codecField = z
  .enum(['null', 'deflate', 'zstandard'])
  .default('deflate')
  .describe('Compression inside Avro containers. zstandard needs Node 22.15 or newer, and a reader that knows it.');

/** `delivery.batch` where many messages make one object. */
export const objectBatchSchema = z
  .strictObject({
    bytes: z
      .int()
      .min(64 * KIB)
      .max(OBJECT_BYTES_MAX)
      .default(64 * MIB)
      .describe('An object is closed when it has this many bytes.'),
    seconds: z.int().min(1).max(3600).default(60).describe('An object is closed when it is this old.'),
    partitionsMax: z
      .int()
      .min(1)
      .max(1024)
      .default(64)
      .describe('Objects open at once, one per rendered destination; the least recently used is closed for a new one.'),
  })
  .describe('When an object is complete.');

/** `delivery.batch` where calls carry single messages. */
export const callBatchSchema = z
  .strictObject({
    concurrency: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Calls at once. More than 1 gives up the order of messages to different destinations.'),
  })
  .describe('How messages are sent.');

export interface CommonDelivery {
  readonly class: 'alarm' | 'normal';
  readonly fields: Readonly<Record<string, MetadataName>>;
  readonly sourceTime?: string | undefined;
}

export function basePlan(
  type: string,
  delivery: CommonDelivery,
  shape: {
    readonly form: Form;
    readonly codec?: Codec;
    readonly separator?: string;
    readonly schema?: string | undefined;
    readonly destination: Readonly<Record<string, string>>;
  },
): PlanWithoutId {
  return {
    type,
    form: shape.form,
    codec: shape.codec ?? 'null',
    separator: shape.separator ?? '',
    schema: shape.schema ?? null,
    destination: shape.destination,
    fields: delivery.fields,
    sourceTimePath: delivery.sourceTime ?? '',
    class: delivery.class,
  };
}

/** Schema and codec, where `format` is Avro; neither, where it is not. */
export function avroProblems(
  delivery: { readonly format: string; readonly schema?: string | undefined; readonly codec: string },
  context: PlanContext,
): readonly Problem[] {
  const problems: Problem[] = [];
  const isAvro = delivery.format === 'avro-container';
  if (delivery.schema !== undefined && !isAvro) {
    const message = `A schema is for avro-container; the format here is ${delivery.format}. Remove delivery.schema.`;
    problems.push({ path: ['delivery', 'schema'], code: 'CONFIG_VALUE_INVALID', message });
  } else if (delivery.schema !== undefined && !context.schemaNames.includes(delivery.schema)) {
    const known =
      context.schemaNames.length === 0 ? 'none is configured' : `known are ${context.schemaNames.join(', ')}`;
    const message = `No schema is named "${delivery.schema}"; ${known}. Add its file under schemas:, or leave it out to have one inferred.`;
    problems.push({ path: ['delivery', 'schema'], code: 'CONFIG_REFERENCE_UNKNOWN', message });
  }
  if (isAvro && delivery.codec === 'zstandard' && !('zstdCompressSync' in zlib)) {
    const message = 'This Node has no zstandard (it came with 22.15). Write deflate, or run a newer Node.';
    problems.push({ path: ['delivery', 'codec'], code: 'CONFIG_UNSUPPORTED', message });
  }
  return problems;
}

/** The `aws:` section with the action's override; null with a problem when there is none. */
export function resolveAws(
  override: { readonly region?: string | undefined; readonly endpoint?: string | undefined } | undefined,
  context: PlanContext,
  type: string,
): { readonly aws: AwsOptions; readonly problems: readonly Problem[] } {
  const region = override?.region ?? context.aws?.region;
  if (region === undefined) {
    const message = `The ${type} action needs a region. Write aws: { region: … } in the configuration.`;
    const problems: Problem[] = context.isAwsKnown ? [{ path: [type], code: 'CONFIG_REFERENCE_UNKNOWN', message }] : [];
    return { aws: { region: 'us-east-1' }, problems };
  }
  const endpoint = override?.endpoint ?? (override?.region === undefined ? context.aws?.endpoint : undefined);
  return { aws: { region, endpoint, credentials: context.aws?.credentials }, problems: [] };
}

/** Limits of a sink that has none of its own. */
export function defaultLimits(overrides: Partial<PumpLimits> = {}): PumpLimits {
  return {
    batchCountMax: 500,
    batchBytesMax: 4 * MIB,
    batchBytesOf: (entry: Entry) => (entry.body.kind === 'bytes' ? entry.body.bytes.length : entry.body.byteLength),
    groupOf: () => '',
    pendingBytesMax: PENDING_BYTES_MAX,
    isOutboxFirst: false,
    ...overrides,
  };
}
