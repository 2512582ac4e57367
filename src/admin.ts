/**
 * The admin listener: `/metrics` for Prometheus, `/healthz` (the process answers), `/readyz` (it takes messages; 503 with the
 * reasons when it does not). Read-only.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asError, CodedError } from './errors.ts';
import type { Metrics } from './metrics.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** Brings gauges up to date before a scrape. */
  refresh(): void;
  /** Why the gateway does not take messages; empty when it does. */
  reasonsNotReady(): readonly string[];
}

export interface Admin {
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/** @throws CodedError LISTEN_FAILED */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      reply(response, 405, 'text/plain', 'Only GET is served here.\n');
    else if (path === '/healthz') reply(response, 200, 'application/json', '{"status":"ok"}\n');
    else if (path === '/readyz') replyReadiness(response, options);
    else if (path === '/metrics') void replyMetrics(response, options);
    else reply(response, 404, 'text/plain', 'Try /metrics, /healthz or /readyz.\n');
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: options.host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: AdminOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `The admin listener cannot open ${host}:${port}: ${error.message}. Free the port or configure another under \`admin\`.`;
      reject(new CodedError('LISTEN_FAILED', message, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}

function replyReadiness(response: ServerResponse, options: AdminOptions): void {
  const reasons = options.reasonsNotReady();
  const body = JSON.stringify({ status: reasons.length === 0 ? 'ready' : 'not ready', reasons });
  reply(response, reasons.length === 0 ? 200 : 503, 'application/json', `${body}\n`);
}

async function replyMetrics(response: ServerResponse, options: AdminOptions): Promise<void> {
  try {
    options.refresh();
    reply(response, 200, options.metrics.registry.contentType, await options.metrics.registry.metrics());
  } catch (error) {
    reply(response, 500, 'text/plain', `${asError(error).message}\n`);
  }
}

function reply(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}
