import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ConnectorsConfig, connectorsSchema } from '../../src/connectors/config.ts';
import type { ConnectorClock } from '../../src/connectors/connector.ts';
import { openConnectors } from '../../src/connectors/connectors.ts';
import type { ExternalAnswer, ExternalFunctionName } from '../../src/external-call.ts';
import { createMetrics } from '../../src/metrics.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Real sockets: answers each request with the first script that is left, and then always with the last one. */
export async function serve(...scripts: ((response: ServerResponse, request: Received) => void)[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      received.push(call);
      const script = scripts.length > 1 ? scripts.shift() : scripts[0];
      script?.(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received, stop };
}

export const json =
  (body: string, headers: Record<string, string> = {}, status = 200) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };

/** An error as the JSON services of AWS send it. */
export const awsError = (status: number, name: string, message = 'because') =>
  json(JSON.stringify({ __type: name, message }), { 'x-amzn-errortype': name }, status);

export const silence = () => {};
export const reset = (response: ServerResponse) => void response.req.socket.resetAndDestroy();

/** Time that a test moves; timers are real. */
export function testClock(): ConnectorClock & { advance(ms: number): void } {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    advance(ms) {
      offset += ms;
    },
  };
}

/** The configured connectors of one test, with what they told and counted. */
export function scene(
  config: unknown,
  given: { readonly endpoint?: string; readonly baseDir?: string; readonly retained?: Record<string, string> } = {},
) {
  const events: string[] = [];
  const metrics = createMetrics();
  const clock = testClock();
  const connectors = openConnectors({
    config: connectorsSchema.parse(config) as ConnectorsConfig,
    aws: {
      region: 'eu-west-1',
      endpoint: given.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    baseDir: given.baseDir ?? '/',
    retained(topic) {
      const text = given.retained?.[topic];
      return text === undefined ? null : Buffer.from(text);
    },
    events: {
      connectorFailing: (name, reason) => events.push(`failing ${name} ${reason}`),
      connectorRecovered: (name) => events.push(`recovered ${name}`),
    },
    metrics,
    clock,
  });
  onTestFinished(() => connectors.close());
  return {
    connectors,
    events,
    clock,
    ask: (name: ExternalFunctionName, ...parameters: unknown[]) =>
      connectors.answer({ function: name, parameters: JSON.stringify(parameters) }),
    /** With the texts as they stand: JSON.stringify would lose digits. */
    askText: (name: ExternalFunctionName, parameters: string) => connectors.answer({ function: name, parameters }),
    async counted(outcome: string): Promise<number> {
      const { values } = await metrics.connectorCalls.get();
      return values.filter(({ labels }) => labels.outcome === outcome).reduce((sum, { value }) => sum + value, 0);
    },
    async cacheHits(): Promise<number> {
      const { values } = await metrics.connectorCacheHits.get();
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    async timed(): Promise<number> {
      const { values } = await metrics.connectorSeconds.get();
      return values
        .filter(({ metricName }) => metricName === 'headgate_connector_seconds_count')
        .reduce((sum, { value }) => sum + value, 0);
    },
  };
}

export const ok = (text: string): ExternalAnswer => ({ isOk: true, text });

/** The reason of an answer that must be a failure. */
export function reasonOf(answer: ExternalAnswer): string {
  if (answer.isOk) throw new Error(`It answered ${answer.text}.`);
  return answer.reason;
}
