/** The `aws:` section of the configuration. Every AWS sink uses it; `delivery.aws` overrides region and endpoint per action. */
import { z } from 'zod';
import { endpointField, regionField } from './options.ts';

const secret = z.string().min(1);

export const awsSchema = z
  .strictObject({
    region: regionField,
    endpoint: endpointField.optional(),
    credentials: z
      .strictObject({
        accessKeyId: secret.describe('Access key id; write `${env:NAME}` or `${file:PATH}`.'),
        secretAccessKey: secret.describe('Secret access key; write `${env:NAME}` or `${file:PATH}`.'),
        sessionToken: secret.optional().describe('Session token of temporary credentials.'),
      })
      .optional()
      .describe(
        'A fixed key pair. Default: the chain of the AWS SDK (environment, shared files, instance or container role).',
      ),
  })
  .describe('AWS: region, endpoint and credentials.');
