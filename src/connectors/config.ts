/** The `connectors:` section: the services that SQL functions may ask. A function that is not declared here is refused in rules. */
import { z } from 'zod';
import { awsOverrideSchema } from '../aws/options.ts';
import { type ExternalFunctionName, externalFunctionNames } from '../external-call.ts';

/**
 * No call takes longer. AWS stops a Lambda function that a rule calls after 2000 ms, and a message waits for all its calls:
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html#iot-func-aws-lambda
 */
export const CALL_MS_MAX = 2_000;
/** As long as AWS keeps a secret: https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html#iot-sql-function-get-secret */
export const CACHE_SECONDS_MAX = 900;
/** https://docs.aws.amazon.com/general/latest/gr/iot-core.html#device-shadow-limits: 8 KB, by request up to 30 KB. */
const SHADOW_BYTES_DEFAULT = 8 * 1024;
const SHADOW_BYTES_MAX = 30 * 1024;
const CONCURRENCY_DEFAULT = 16;
const CONCURRENCY_MAX = 64;
const LIST_MAX = 256;

const callShape = {
  timeoutMs: z
    .int()
    .min(10)
    .max(CALL_MS_MAX)
    .default(CALL_MS_MAX)
    .describe('Milliseconds until a call fails, its wait for a free place and one repetition included.'),
  cacheSeconds: z
    .int()
    .min(0)
    .max(CACHE_SECONDS_MAX)
    .default(0)
    .describe(
      'Seconds that an answer serves equal calls; equal calls in flight then share one request. 0: every call asks.',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(CONCURRENCY_MAX)
    .default(CONCURRENCY_DEFAULT)
    .describe('Calls that run at the same time; others wait for a place.'),
};

const awsShape = { aws: awsOverrideSchema.optional() };
const file = z.string().min(1);

const lambdaSchema = z
  .strictObject({
    functions: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(LIST_MAX)
      .describe(
        'Functions that rules may call, by ARN or by name. A name also admits the ARNs of that name, with any version or alias.',
      ),
    ...callShape,
    ...awsShape,
  })
  .describe('`aws_lambda`: AWS Lambda. The credentials need lambda:InvokeFunction.');

const dynamodbSchema = z
  .strictObject({ ...callShape, ...awsShape })
  .describe('`get_dynamodb`: items of Amazon DynamoDB tables. The credentials need dynamodb:GetItem.');

const registrySchema = z
  .strictObject({ ...callShape, ...awsShape })
  .describe(
    '`get_registry_data`: the thing registry of AWS IoT Core. The credentials need iot:DescribeThing and iot:ListThingGroupsForThing.',
  );

const secretSchema = z.strictObject({
  id: z.string().min(1).max(2048).describe('Name or ARN of the secret, exactly as rules write it.'),
  file: file.describe(
    'File with its value, relative to the configuration file; at most 64 KiB. A changed file counts within a second.',
  ),
});

const shadowsSchema = z
  .strictObject({
    stateBytesMax: z
      .int()
      .min(1)
      .max(SHADOW_BYTES_MAX)
      .default(SHADOW_BYTES_DEFAULT)
      .describe('Largest `state` of a shadow document, bytes.'),
  })
  .describe(
    '`get_thing_shadow`: the retained messages of this broker on `$aws/things/<thing>/shadow[/name/<shadow>]/get/accepted` and `…/update/documents`, whichever has the higher version.',
  );

const machineLearningSchema = z
  .strictObject({
    models: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(256).describe('Model id, exactly as rules write it.'),
          url: z
            .url({ protocol: /^https?$/, error: 'Write a URL such as http://127.0.0.1:8500/predict.' })
            .refine(
              (url) => !/^https?:\/\/[^/?#]*@/i.test(url),
              'Write it without user name and password; none is sent.',
            )
            .describe('Endpoint that is sent POST {"modelId", "record"} and answers with the prediction as JSON.'),
        }),
      )
      .min(1)
      .max(LIST_MAX)
      .describe('Models and where they are served.'),
    ...callShape,
  })
  .describe('`machinelearning_predict`: models served over HTTP on this machine or in its network.');

const descriptorSchema = z.strictObject({
  bucket: z.string().min(1).max(63).describe('S3 bucket, as rules write it in decode(…, "proto", …).'),
  key: z.string().min(1).max(1024).describe('Object key, as rules write it.'),
  file: file.describe('File with that FileDescriptorSet, relative to the configuration file; at most 32 KiB.'),
});

export const connectorsSchema = z
  .strictObject({
    lambda: lambdaSchema.optional(),
    dynamodb: dynamodbSchema.optional(),
    registry: registrySchema.optional(),
    secrets: z
      .array(secretSchema)
      .min(1)
      .max(LIST_MAX)
      .optional()
      .describe('`get_secret`: secrets, each from a file of its own.'),
    shadows: shadowsSchema.optional(),
    machineLearning: machineLearningSchema.optional(),
    descriptors: z
      .array(descriptorSchema)
      .max(LIST_MAX)
      .default([])
      .describe('Protobuf descriptors for decode(…, "proto", …), each from a file instead of S3.'),
  })
  .describe('Services behind SQL functions. Only what is declared here can be called.');

export type ConnectorsConfig = z.output<typeof connectorsSchema>;

/** The functions that a configuration declares a service for. */
export function configuredFunctions(config: ConnectorsConfig): ReadonlySet<ExternalFunctionName> {
  const { lambda, dynamodb, registry, secrets, shadows, machineLearning } = config;
  const sections = {
    aws_lambda: lambda,
    get_dynamodb: dynamodb,
    get_registry_data: registry,
    get_secret: secrets,
    get_thing_shadow: shadows,
    machinelearning_predict: machineLearning,
  } satisfies Record<ExternalFunctionName, unknown>;
  return new Set(externalFunctionNames.filter((name) => sections[name] !== undefined));
}
