/** Sockets of all four kinds; what comes out of each is a byte stream that speaks MQTT. */
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { asError, CodedError } from '../errors.ts';
import type { ListenerConfig } from './config.ts';
import type { IncomingConnection } from './ingress-core.ts';
import type { BrokerLimits } from './limits.ts';

/** `x-amzn-mqtt-ca` is what AWS's device SDKs offer whatever the port; a server with an ALPN list without it would refuse them. */
const ALPN_PROTOCOLS = ['mqtt', 'x-amzn-mqtt-ca'];
/** A WebSocket message may carry several packets. */
const WS_MESSAGE_SLACK_BYTES = 64 * 1024;
const HTTP_CHECK_INTERVAL_MS = 1_000;
const HTTP_HEADER_BYTES_MAX = 8 * 1024;
const CLOSE_UNSUPPORTED_DATA = 1003;
const TCP_KEEPALIVE_MS = 60_000;

type TlsListener = Extract<ListenerConfig, { type: 'tls' | 'wss' }>;
type WsListener = Extract<ListenerConfig, { type: 'ws' | 'wss' }>;

export interface ListenerHandlers {
  /** Asked before anything is read; false: the socket is closed at once. Called once per socket, of whatever kind. */
  accept(socket: Socket): boolean;
  connected(connection: IncomingConnection): void;
  refused(reason: string, address: string): void;
}

export interface OpenListener {
  readonly type: ListenerConfig['type'];
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with CodedError LISTEN_FAILED, naming the address. */
export async function openListener(
  config: ListenerConfig,
  limits: BrokerLimits,
  readFile: (path: string) => Promise<Buffer>,
  handlers: ListenerHandlers,
): Promise<OpenListener> {
  try {
    const server = await createServer(config, limits, readFile, handlers);
    await listen(server, config.host, config.port);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : config.port;
    return { type: config.type, host: config.host, port, close: () => close(server) };
  } catch (thrown) {
    const cause = asError(thrown);
    throw new CodedError(
      'LISTEN_FAILED',
      `Cannot listen on ${config.type}://${config.host}:${config.port}: ${cause.message}`,
      { cause },
    );
  }
}

async function createServer(
  config: ListenerConfig,
  limits: BrokerLimits,
  readFile: (path: string) => Promise<Buffer>,
  handlers: ListenerHandlers,
): Promise<NetServer | HttpServer> {
  const { maxPacketBytes } = config;
  switch (config.type) {
    case 'tcp':
      return createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        if (!admit(socket, handlers)) return;
        handlers.connected({ stream: socket, address: addressOf(socket), certificateName: null, maxPacketBytes });
      });
    case 'tls': {
      const options = await tlsOptions(config, limits, readFile);
      const server = createTlsServer({ ...options, ALPNProtocols: ALPN_PROTOCOLS, allowHalfOpen: true }, (socket) => {
        const certificateName = certificateNameOf(socket, handlers);
        if (certificateName === undefined) return;
        handlers.connected({ stream: socket, address: addressOf(socket), certificateName, maxPacketBytes });
      });
      server.on('tlsClientError', (error, socket) => {
        handlers.refused(`tls-handshake`, addressOf(socket));
        socket.destroy(error);
      });
      return limitSockets(server, handlers);
    }
    case 'ws':
      return limitSockets(createWebSocketServer(config, createHttpServer(httpOptions(limits)), handlers), handlers);
    case 'wss': {
      const options = { ...(await tlsOptions(config, limits, readFile)), ...httpOptions(limits) };
      const server = createHttpsServer(options);
      server.on('tlsClientError', (error, socket) => {
        handlers.refused('tls-handshake', addressOf(socket));
        socket.destroy(error);
      });
      return limitSockets(createWebSocketServer(config, server, handlers), handlers);
    }
  }
}

/** The 'connection' event comes before any TLS or HTTP is spoken. */
function limitSockets<S extends NetServer>(server: S, handlers: ListenerHandlers): S {
  server.prependListener('connection', (socket: Socket) => {
    admit(socket, handlers);
  });
  return server;
}

function admit(socket: Socket, handlers: ListenerHandlers): boolean {
  socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  if (handlers.accept(socket)) return true;
  socket.destroy();
  return false;
}

async function tlsOptions(
  config: TlsListener,
  limits: BrokerLimits,
  readFile: (path: string) => Promise<Buffer>,
): Promise<TlsOptions> {
  const [cert, key, ca] = await Promise.all([
    readFile(config.cert),
    readFile(config.key),
    config.clientCa === undefined ? null : readFile(config.clientCa),
  ]);
  return {
    cert,
    key,
    ...(ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: config.clientCertificate === 'required' }),
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.connectTimeMsMax,
  };
}

/** undefined: the certificate is not acceptable, and the socket was closed. null: none was given. */
function certificateNameOf(socket: TLSSocket, handlers: ListenerHandlers): string | null | undefined {
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate ?? {}).length === 0) return null;
  const name: unknown = certificate.subject?.CN;
  if (socket.authorized && typeof name === 'string' && name !== '') return name;
  handlers.refused('client-certificate', addressOf(socket));
  socket.destroy();
  return undefined;
}

function httpOptions(limits: BrokerLimits) {
  return {
    headersTimeout: limits.connectTimeMsMax,
    requestTimeout: limits.connectTimeMsMax,
    connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS,
    maxHeaderSize: HTTP_HEADER_BYTES_MAX,
    noDelay: true,
  };
}

/** [MQTT-6.0.0-1 to 6.0.0-4]; no compression: a deflate bomb unpacks before any limit of ours. */
function createWebSocketServer(config: WsListener, server: HttpServer, handlers: ListenerHandlers): HttpServer {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: config.maxPacketBytes + WS_MESSAGE_SLACK_BYTES,
    handleProtocols: (protocols) => (protocols.has('mqtt') ? 'mqtt' : false),
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close' });
    response.end();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const status = upgradeStatus(config, request);
    if (status !== 101) {
      handlers.refused('ws-upgrade', request.socket.remoteAddress ?? '');
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const certificateName =
      'authorized' in request.socket ? certificateNameOf(request.socket as TLSSocket, handlers) : null;
    if (certificateName === undefined) return;
    const address = request.socket.remoteAddress ?? '';
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (_data, isBinary) => {
        if (!isBinary) webSocket.close(CLOSE_UNSUPPORTED_DATA);
      });
      const stream = createWebSocketStream(webSocket, { allowHalfOpen: true });
      handlers.connected({ stream, address, certificateName, maxPacketBytes: config.maxPacketBytes });
    });
  });
  return server;
}

/** Browsers send an Origin that pages cannot forge; devices send none. */
function upgradeStatus(config: WsListener, request: IncomingMessage): 101 | 400 | 403 | 404 {
  const path = (request.url ?? '').split('?')[0];
  if (path !== config.path) return 404;
  const { origin } = request.headers;
  if (origin !== undefined && config.origins?.includes(origin) !== true) return 403;
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  return protocols.includes('mqtt') ? 101 : 400;
}

function listen(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      // An accept that fails (no file descriptors left) costs that connection only.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** Stops accepting; connections stay. */
function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    resolve();
  });
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}
