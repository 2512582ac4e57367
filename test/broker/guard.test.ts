import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectPacket,
  packet,
  publishPacket,
  type Setup,
  startBroker,
  subscribePacket,
  text,
  until,
} from './support/harness.ts';

const id = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const filters = (count: number) =>
  subscribePacket(1, ...Array.from({ length: count }, (_, index) => [`f/${index}`, 0] as const));
const unsubscribe = (...names: string[]) => packet(0xa2, Buffer.concat([id(1), ...names.map((name) => text(name))]));
const levels = (count: number) => Array.from({ length: count }, () => 'a').join('/');
const badUtf8 = (...bytes: number[]) => publishPacket(Buffer.from([0x61, ...bytes]), 'x');
/** A CONNECT with every byte of its variable header and payload given. */
const rawConnect = (name: string, level: number, flags: number, ...rest: Buffer[]) =>
  packet(0x10, Buffer.concat([text(name), Buffer.from([level, flags, 0, 0]), ...rest]));

describe.each([true, false])('the guard with the fast path on: %s', (isFastPathOn) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await startBroker({ isFastPathOn });
    setup.intake.isImmediate = true;
  });
  afterAll(() => setup.close());

  it.each<[string, string, Buffer]>([
    ['a packet type that only servers send', 'protocol', Buffer.from([0x20, 2, 0, 0])],
    ['packet type 0', 'protocol', Buffer.from([0x00, 0])],
    ['packet type 15', 'protocol', Buffer.from([0xf0, 0])],
    ['a second CONNECT', 'protocol', connectPacket()],
    ['a remaining length of five bytes', 'malformed', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1])],
    ['a packet over the limit', 'oversize', Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
    ['PUBLISH with QoS 3', 'malformed', Buffer.from([0x36, 7, 0, 1, 0x61, 0, 1, 0x78, 0x78])],
    ['PUBLISH with DUP and QoS 0', 'malformed', publishPacket('a', 'x', 0, 1, { dup: true })],
    ['PUBLISH with packet id 0', 'malformed', publishPacket('a', 'x', 1, 0)],
    ['PUBLISH shorter than its topic', 'malformed', Buffer.from([0x30, 3, 0, 5, 0x61])],
    ['PUBLISH without packet id', 'malformed', Buffer.from([0x32, 4, 0, 1, 0x61, 0])],
    ['PUBLISH without topic length', 'malformed', Buffer.from([0x30, 1, 0])],
    ['an empty topic', 'bad-topic', publishPacket('', 'x')],
    ['a topic with +', 'bad-topic', publishPacket('a/+/b', 'x')],
    ['a topic with #', 'bad-topic', publishPacket('a/#', 'x')],
    ['a topic with NUL', 'bad-topic', publishPacket('a\0b', 'x')],
    ['a topic with a control character', 'bad-topic', publishPacket('a\u0001b', 'x')],
    ['a topic with a non-character', 'bad-topic', publishPacket('a\uffff', 'x')],
    ['a topic with a lone continuation byte', 'bad-topic', badUtf8(0x80)],
    ['a topic with an overlong form', 'bad-topic', badUtf8(0xc0, 0xaf)],
    ['a topic with a surrogate', 'bad-topic', badUtf8(0xed, 0xa0, 0x80)],
    ['a topic of 101 levels', 'bad-topic', publishPacket(levels(101), 'x')],
    ['SUBSCRIBE with wrong flags', 'reserved-flags', packet(0x80, subscribePacket(1, ['a', 0]).subarray(2))],
    ['SUBSCRIBE with packet id 0', 'malformed', subscribePacket(0, ['a', 0])],
    ['SUBSCRIBE without filters', 'malformed', packet(0x82, id(1))],
    ['SUBSCRIBE with QoS 3', 'malformed', subscribePacket(1, ['a', 3])],
    ['SUBSCRIBE with an empty filter', 'bad-filter', subscribePacket(1, ['', 0])],
    ['SUBSCRIBE with a#', 'bad-filter', subscribePacket(1, ['a#', 0])],
    ['SUBSCRIBE with #/a', 'bad-filter', subscribePacket(1, ['#/a', 0])],
    ['SUBSCRIBE with a+', 'bad-filter', subscribePacket(1, ['a+', 0])],
    ['SUBSCRIBE with +a/b', 'bad-filter', subscribePacket(1, ['+a/b', 0])],
    ['SUBSCRIBE with bad UTF-8', 'malformed', packet(0x82, Buffer.concat([id(1), text(Buffer.from([0xff])), id(0)]))],
    ['a filter of 101 levels', 'bad-filter', subscribePacket(1, [levels(101), 0])],
    ['101 filters in one SUBSCRIBE', 'too-many-filters', filters(101)],
    ['UNSUBSCRIBE of a#', 'bad-filter', unsubscribe('a#')],
    ['a PUBACK of three bytes', 'malformed', Buffer.from([0x40, 3, 0, 1, 0])],
    ['a PUBACK of one byte', 'malformed', Buffer.from([0x40, 1, 0])],
    ['a PUBREC with packet id 0', 'malformed', Buffer.from([0x50, 2, 0, 0])],
    ['a PUBREL with wrong flags', 'reserved-flags', Buffer.from([0x60, 2, 0, 1])],
    ['a PINGREQ with a body', 'malformed', Buffer.from([0xc0, 1, 0])],
    ['a DISCONNECT with wrong flags', 'reserved-flags', Buffer.from([0xe1, 0])],
  ])('cuts a connection for %s, and only that one', async (_what, reason, bytes) => {
    const bystander = await (await setup.raw()).connect({ clientId: 'bystander' });
    const before = await setup.count('connections_cut_total', { reason });
    const raw = await (await setup.raw()).connect({ clientId: 'victim' });
    const appended = setup.intake.appended.length;
    raw.send(bytes, publishPacket('after', 'x'));
    await raw.closed();
    expect(await setup.count('connections_cut_total', { reason })).toBe(before + 1);
    expect(setup.intake.appended.length).toBe(appended);
    bystander.send([0xc0, 0]);
    await bystander.receive(2);
    bystander.socket.destroy();
  });

  it.each<[string, string, Buffer]>([
    ['something else than CONNECT', 'not-connect', publishPacket('a', 'x')],
    ['another protocol', 'not-connect', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    [
      'reserved header flags',
      'reserved-flags',
      Buffer.from([0x11, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0]),
    ],
    ['a wrong protocol name', 'malformed-connect', rawConnect('MQTZ', 4, 2, text('a'))],
    ['the reserved connect flag', 'malformed-connect', rawConnect('MQTT', 4, 3, text('a'))],
    ['a will with QoS 3', 'malformed-connect', rawConnect('MQTT', 4, 0x1e, text('a'), text('w'), text('x'))],
    ['will QoS without will', 'malformed-connect', rawConnect('MQTT', 4, 0x0a, text('a'))],
    ['a password without user name', 'malformed-connect', rawConnect('MQTT', 4, 0x42, text('a'), text('p'))],
    ['trailing bytes', 'malformed-connect', rawConnect('MQTT', 4, 2, text('a'), text('more'))],
    ['a truncated client id', 'malformed-connect', rawConnect('MQTT', 4, 2, Buffer.from([0, 9, 0x61]))],
    ['NUL in the client id', 'malformed-connect', rawConnect('MQTT', 4, 2, text('a\0b'))],
    ['an empty will topic', 'will-topic', rawConnect('MQTT', 4, 6, text('a'), text(''), text('x'))],
    ['a will to a wildcard', 'will-topic', rawConnect('MQTT', 4, 6, text('a'), text('a/#'), text('x'))],
    ['a CONNECT over 8 KiB', 'oversize', connectPacket({ clientId: 'a'.repeat(9000) })],
    ['the start of a CONNECT of 256 MB', 'oversize', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4])],
    ['a CONNECT whose length has five bytes', 'malformed', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 1])],
  ])('refuses %s without an answer', async (_what, reason, bytes) => {
    const before = await setup.count('connections_refused_total', { reason });
    const raw = await setup.raw();
    raw.send(bytes);
    await raw.closed();
    expect(raw.received.length).toBe(0);
    expect(await setup.count('connections_refused_total', { reason })).toBe(before + 1);
  });

  it.each<[string, number, Buffer]>([
    ['MQTT 5', 1, rawConnect('MQTT', 5, 2, Buffer.from([0]), text('a'))],
    ['an empty client id for a session that is to stay', 2, connectPacket({ clientId: '', isClean: false })],
    ['the client id __proto__', 2, connectPacket({ clientId: '__proto__' })],
    ['the client id constructor', 2, connectPacket({ clientId: 'constructor' })],
    ['the client id toString', 2, connectPacket({ clientId: 'toString' })],
    ['a client id with +', 2, connectPacket({ clientId: 'a+' })],
    ['a client id with #', 2, connectPacket({ clientId: '#' })],
    ['a client id with /', 2, connectPacket({ clientId: 'a/b' })],
    ['a client id of 129 bytes', 2, connectPacket({ clientId: 'a'.repeat(129) })],
  ])('tells that it refuses %s', async (_what, returnCode, bytes) => {
    const raw = await setup.raw();
    raw.send(bytes);
    await raw.closed();
    expect([...raw.received]).toEqual([0x20, 2, 0, returnCode]);
  });

  it('takes what lies just within the limits', async () => {
    const raw = await (await setup.raw()).connect({ clientId: 'a'.repeat(128) });
    raw.send(
      publishPacket(levels(100), 'x', 1, 1),
      filters(100),
      subscribePacket(2, ['/', 1], ['+/+', 0], [levels(100), 0]),
    );
    await raw.receive(4 + 104 + 7);
    expect(raw.isClosed).toBe(false);
    const largest = publishPacket('a', 'x'.repeat(262_144 - 4 - 3), 0);
    expect(largest.length).toBe(262_144);
    const appended = setup.intake.appended.length;
    raw.send(largest);
    await until(() => setup.intake.appended.length === appended + 1);
  });

  it('gives an empty client id a name of its own', async () => {
    const raw = await (await setup.raw()).connect({ clientId: '' });
    raw.send(publishPacket('anonymous', 'x', 1, 1));
    await raw.receive(4);
    expect(setup.intake.appended.at(-1)?.sender.clientId).toMatch(/^.{10,}$/);
  });
});

describe('connections', () => {
  it('cuts sockets that are silent or slow', async () => {
    const setup = await startBroker({ limits: { connectTimeMsMax: 200 } });
    const silent = await setup.raw();
    const slow = await setup.raw();
    const dribble = setInterval(() => slow.send([slow.socket.bytesWritten === 0 ? 0x10 : 0x80]), 60);
    await Promise.all([silent.closed(), slow.closed()]);
    clearInterval(dribble);
    expect(await setup.count('connections_refused_total', { reason: 'connect-timeout' })).toBe(2);
    await setup.close();
  });

  it('bounds connections in all and per address', async () => {
    const setup = await startBroker({ limits: { connectionsPerAddressMax: 2 } });
    const first = await (await setup.raw()).connect({ clientId: '1' });
    await (await setup.raw()).connect({ clientId: '2' });
    const third = await setup.raw();
    await third.closed();
    first.socket.destroy();
    await until(async () => {
      const raw = await setup.raw();
      raw.send(connectPacket({ clientId: '4' }));
      await raw.receive(4);
      return raw.received.length === 4;
    });
    expect(
      await setup.count('connections_refused_total', { reason: 'too-many-connections-of-address' }),
    ).toBeGreaterThan(0);
    await setup.close();
  });

  it.each([true, false])('enforces the keepalive, and counts every packet (fast path on: %s)', async (isFastPathOn) => {
    const setup = await startBroker({ isFastPathOn });
    setup.intake.isImmediate = true;
    const quiet = await (await setup.raw()).connect({ clientId: 'quiet', keepalive: 1 });
    const busy = await (await setup.raw()).connect({ clientId: 'busy', keepalive: 1 });
    const forEver = await (await setup.raw()).connect({ clientId: 'for-ever', keepalive: 0 });
    const startedAt = Date.now();
    let id = 0;
    const publishing = setInterval(() => busy.send(publishPacket('a', 'x', 1, ++id)), 100);
    await quiet.closed();
    expect(Date.now() - startedAt).toBeGreaterThan(1_400);
    await until(() => Date.now() - startedAt > 2_600);
    clearInterval(publishing);
    expect([busy.isClosed, forEver.isClosed]).toEqual([false, false]);
    expect(await setup.count('connections_cut_total', { reason: 'keepalive' })).toBe(1);
    await setup.close();
  });
});
