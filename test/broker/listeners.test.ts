import { request } from 'node:http';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import mqtt, { type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { listenersSchema, type UserEntry } from '../../src/broker/config.ts';
import { CodedError } from '../../src/errors.ts';
import { Authority } from './support/certificates.ts';
import { connectPacket, publishPacket, type Setup, startBroker, tcpListener, until } from './support/harness.ts';

const user = (name: string): UserEntry => ({ name, publish: ['#'], subscribe: ['#'] });

describe.each([true, false])('listeners with the fast path on: %s', (isFastPathOn) => {
  const authority = new Authority('devices');
  const stranger = new Authority('strangers');
  const server = authority.issue('gateway');
  const device = authority.issue('press-1');
  const unknown = authority.issue('nobody');
  const foreign = stranger.issue('press-1');
  let setup: Setup;
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    const base = { host: '127.0.0.1', port: 0 };
    const tls = { cert: server.certPath, key: server.keyPath };
    setup = await startBroker({
      isFastPathOn,
      listeners: listenersSchema.parse([
        { type: 'tls', ...base, ...tls, clientCa: authority.ca.certPath },
        { type: 'ws', ...base, origins: ['https://panel.example'] },
        { type: 'wss', ...base, ...tls, clientCa: authority.ca.certPath, clientCertificate: 'optional' },
        { type: 'tls', ...base, ...tls, clientCa: authority.ca.certPath, clientCertificate: 'optional' },
      ]),
      auth: { users: 'users.yaml' },
      loadUsers: async () => [user('press-1'), { ...user('panel'), token: `sha256:${PANEL_HASH}` }],
    });
    setup.intake.isImmediate = true;
    ['tls', 'ws', 'wss', 'tlsOptional'].forEach((name, index) => {
      ports[name] = setup.broker.addresses()[index]?.port ?? 0;
    });
  });
  afterAll(async () => {
    await setup.close();
    authority.remove();
    stranger.remove();
  });

  const panel = { username: 'panel', password: 'panel-token', reconnectPeriod: 0 };

  async function publishes(url: string, options: IClientOptions): Promise<string> {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    await client.subscribeAsync('echo', { qos: 1 });
    const echoed = new Promise<string>((resolve) =>
      client.on('message', (_topic, payload) => resolve(payload.toString())),
    );
    await client.publishAsync('unheard', 'x'.repeat(100_000), { qos: 1 });
    await client.publishAsync('echo', 'hello', { qos: 2 });
    const payload = await echoed;
    await client.endAsync();
    return payload;
  }

  it('serve TLS clients with a certificate, whatever user name their SDK sends', async () => {
    const options = {
      ca: authority.ca.cert,
      cert: device.cert,
      key: device.key,
      username: '?SDK=IoTDeviceSDK/JS&Version=1',
    };
    expect(await publishes(`mqtts://127.0.0.1:${ports['tls']}`, options)).toBe('hello');
    expect(setup.intake.appended.at(-1)?.sender.principal).toBe('press-1');
  });

  it('serve secure WebSocket clients, with certificate or token', async () => {
    const url = `wss://127.0.0.1:${ports['wss']}/mqtt`;
    const ca = authority.ca.cert;
    expect(await publishes(url, { ...panel, wsOptions: { ca }, ca })).toBe('hello');
    const certificate = { ca, cert: device.cert, key: device.key };
    expect(await publishes(url, { ...certificate, wsOptions: certificate })).toBe('hello');
    expect(setup.intake.appended.at(-1)?.sender.principal).toBe('press-1');
  });

  it('serve WebSocket clients, from pages of listed origins only', async () => {
    const url = `ws://127.0.0.1:${ports['ws']}/mqtt`;
    expect(await publishes(url, panel)).toBe('hello');
    expect(await publishes(url, { ...panel, wsOptions: { origin: 'https://panel.example' } })).toBe('hello');
    expect(await upgradeStatus(`${url}`, 'mqtt', { origin: 'https://evil.example' })).toBe(403);
    expect(await upgradeStatus(`ws://127.0.0.1:${ports['ws']}/other`, 'mqtt')).toBe(404);
    expect(await upgradeStatus(url, 'chat')).toBe(400);
    expect(await httpStatus(ports['ws'] ?? 0)).toBe(426);
  });

  it('accept packets however they are cut into WebSocket messages, but only binary ones', async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${ports['ws']}/mqtt`);
    const received: Buffer[] = [];
    socket.on('message', (data: Buffer) => received.push(data));
    const bytes = Buffer.concat([
      connectPacket({ clientId: 'cut', username: 'panel', password: 'panel-token' }),
      publishPacket('a', '1', 1, 1),
      publishPacket('a', '2', 1, 2),
    ]);
    for (let i = 0; i < bytes.length; i += 7) socket.send(bytes.subarray(i, i + 7));
    await until(() => Buffer.concat(received).length === 12);
    expect(Buffer.concat(received).toString('hex')).toBe('200200004002000140020002');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.send('text');
    expect(await closed).toBe(1003);
  });

  it('cut a WebSocket message over the limit', async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${ports['ws']}/mqtt`);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.send(Buffer.alloc(400_000));
    expect([1006, 1009]).toContain(await closed);
  });

  it.each<[string, string, () => Record<string, unknown>]>([
    ['no certificate where one is required', 'tls', () => ({})],
    ['a certificate of another authority', 'tls', () => ({ cert: foreign.cert, key: foreign.key })],
    [
      'a certificate of another authority where one is optional',
      'tlsOptional',
      () => ({ cert: foreign.cert, key: foreign.key }),
    ],
    [
      'TLS 1.1',
      'tls',
      () => ({
        cert: device.cert,
        key: device.key,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    ],
  ])('refuse %s', async (_what, name, options) => {
    const before = await setup.count('connections_refused_total');
    const socket = connectTls({ host: '127.0.0.1', port: ports[name] ?? 0, ca: authority.ca.cert, ...options() });
    socket.on('error', () => {});
    socket.on('secureConnect', () => socket.write(connectPacket({ clientId: 'x' })));
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    await until(() => socket.destroyed);
    expect(Buffer.concat(received).length).toBe(0);
    await until(async () => (await setup.count('connections_refused_total')) === before + 1);
  });

  it('refuse a good certificate of nobody they know', async () => {
    const socket = await secure(ports['tls'] ?? 0, { ca: authority.ca.cert, cert: unknown.cert, key: unknown.key });
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.write(connectPacket({ clientId: 'x' }));
    expect([...(await answered)]).toEqual([0x20, 2, 0, 4]);
    socket.destroy();
  });

  it.each([[['x-amzn-mqtt-ca']], [['mqtt']]])('agree on the application protocol %j', async (ALPNProtocols) => {
    const options = { ca: authority.ca.cert, cert: device.cert, key: device.key, ALPNProtocols };
    const socket = await secure(ports['tls'] ?? 0, options);
    expect(socket.alpnProtocol).toBe(ALPNProtocols[0]);
    socket.destroy();
  });
});

describe('opening', () => {
  it('names the address that cannot be had, and leaves none open', async () => {
    const first = await startBroker();
    const taken = { ...tcpListener, port: first.port };
    const failure = await startBroker({ listeners: [tcpListener, taken] }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(CodedError);
    expect(failure).toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${first.port}`),
    });
    const unreadable = {
      ...tcpListener,
      type: 'tls',
      cert: '/nowhere',
      key: '/nowhere',
      clientCertificate: 'required',
    } as const;
    await expect(startBroker({ listeners: [unreadable] })).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    await first.close();
  });

  it('stops accepting while clients stay', async () => {
    const setup = await startBroker();
    const raw = await (await setup.raw()).connect();
    await setup.broker.stopAccepting();
    await expect(setup.raw()).rejects.toThrow();
    raw.send([0xc0, 0]);
    await raw.receive(2);
    await setup.close();
  });
});

/** sha256 of `panel-token`. */
const PANEL_HASH = 'd33111db2141db8481e58e464987fa96644dc2f6f69653f5dbb45d48630cca1d';

function openWebSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'mqtt');
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

function upgradeStatus(url: string, protocol: string, options: { origin?: string } = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol, options);
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
    socket.on('error', () => {});
  });
}

function httpStatus(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/mqtt' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

function secure(port: number, options: Record<string, unknown>): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}
