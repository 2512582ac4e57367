/** Where AWS is and as whom to speak to it, as sinks are given it. The schema of the `aws:` section stands in config.ts. */
import { z } from 'zod';

export const regionField = z
  .string()
  .regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, 'Write a region such as eu-west-1.')
  .describe('AWS region.');

export const endpointField = z
  .url({ protocol: /^https?$/, error: 'Write a URL such as https://vpce-1.firehose.eu-west-1.vpce.amazonaws.com.' })
  .describe('Instead of the public endpoint: a VPC endpoint, a proxy, or an emulator.');

/** `delivery.aws` of one action. */
export const awsOverrideSchema = z
  .strictObject({ region: regionField.optional(), endpoint: endpointField.optional() })
  .describe('Another region or endpoint than the one under `aws:`.');

export interface AwsOptions {
  readonly region: string;
  readonly endpoint?: string | undefined;
  /** Default: the chain of the AWS SDK. */
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string | undefined }
    | undefined;
}
