/** How every AWS client of the gateway is opened. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsOptions } from './options.ts';

const CONNECTION_TIMEOUT_MS = 5_000;
/** A peer that went silent is noticed after this, however large the request (half-open connections send no FIN). */
const SOCKET_IDLE_MS_MAX = 15_000;
/** The last resort; the pump's own deadline, which knows the size of the batch, comes first. */
const REQUEST_TIMEOUT_MS = 600_000;
const SOCKETS_MAX = 64;

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The SDK's own retries are off: it repeats whole calls, the pump repeats single entries. Without the timeouts the SDK waits for a
 * silent server for ever.
 */
export function clientOptions(aws: AwsOptions) {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const credentials = aws.credentials;
  return {
    region: aws.region,
    maxAttempts: 1,
    // The SDK would print to the console; what goes wrong comes back as an error, and the pump reports it.
    logger: SILENT,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: credentials.secretAccessKey,
            ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
          },
        }),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SOCKET_IDLE_MS_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    }),
  };
}
