import type { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishPacket, type Setup, startBroker, subscribePacket, until } from './support/harness.ts';

interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

function collect(client: MqttClient): Received[] {
  const received: Received[] = [];
  client.on('message', (topic, payload, { qos, retain }) => {
    received.push({ topic, payload: payload.toString(), qos, retain });
  });
  return received;
}

describe.each([true, false])('local subscribers with the fast path on: %s', (isFastPathOn) => {
  let setup: Setup;
  beforeEach(async () => {
    setup = await startBroker({ isFastPathOn });
    setup.intake.isImmediate = true;
  });
  afterEach(() => setup.close());

  it.each([0, 1, 2] as const)('deliver QoS %i at the granted QoS, and journal it once', async (qos) => {
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync({ 'a/+': { qos: 1 }, 'b/#': { qos: 2 } });
    const publisher = await setup.client();
    await publisher.publishAsync('a/x', '1', { qos });
    await publisher.publishAsync('b', '2', { qos });
    await publisher.publishAsync('free/x', '3', { qos });
    await until(() => received.length === 2);
    expect(received).toEqual([
      { topic: 'a/x', payload: '1', qos: Math.min(qos, 1), retain: false },
      { topic: 'b', payload: '2', qos, retain: false },
    ]);
    expect(setup.intake.appended.map(({ topic }) => topic)).toEqual(['a/x', 'b']);
    expect(setup.intake.receivedMessages.map(({ isMatched }) => isMatched)).toEqual([true, true, false]);
  });

  it('are heard from the moment of SUBACK, and no longer after UNSUBACK', async () => {
    const subscriber = await setup.client();
    const received = collect(subscriber);
    const publisher = await setup.client();
    await publisher.publishAsync('t', 'before', { qos: 1 });
    await subscriber.subscribeAsync('t', { qos: 1 });
    await publisher.publishAsync('t', 'within', { qos: 1 });
    await until(() => received.length === 1);
    await subscriber.unsubscribeAsync('t');
    await publisher.publishAsync('t', 'after', { qos: 1 });
    await publisher.publishAsync('t', 'after', { qos: 2 });
    expect(received.map(({ payload }) => payload)).toEqual(['within']);
    expect(setup.intake.appended.map(({ payload }) => payload)).toEqual(['before', 'within', 'after', 'after']);
  });

  it('see a publish that follows the SUBSCRIBE in the same segment', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(subscribePacket(1, ['t', 0]), publishPacket('t', 'mine', 0));
    await raw.receive(5 + 9);
    expect(raw.packets()).toEqual(['9003000100', publishPacket('t', 'mine', 0).toString('hex')]);
  });

  it('get a message once through overlapping filters, at the highest QoS', async () => {
    const subscriber = await setup.client({ clientId: 'overlap', clean: false });
    const received = collect(subscriber);
    await subscriber.subscribeAsync({ '#': { qos: 0 }, 'a/#': { qos: 1 }, 'a/b': { qos: 1 }, '+/b': { qos: 0 } });
    const publisher = await setup.client();
    await Promise.all(Array.from({ length: 100 }, (_, i) => publisher.publishAsync('a/b', String(i), { qos: 1 })));
    await until(() => received.length >= 100);
    expect(received.map(({ payload, qos }) => `${payload} ${qos}`)).toEqual(
      Array.from({ length: 100 }, (_, i) => `${i} 1`),
    );
    expect(subscriber.connected).toBe(true);
  });

  it('get retained messages, also through an empty level, until they are cleared', async () => {
    const publisher = await setup.client();
    await publisher.publishAsync('/a', 'kept', { qos: 1, retain: true });
    await publisher.publishAsync('$odd/a', 'hidden', { qos: 0, retain: true });
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync('+/a', { qos: 1 });
    await until(() => received.length === 1);
    expect(received).toEqual([{ topic: '/a', payload: 'kept', qos: 1, retain: true }]);
    expect(setup.intake.appended[0]).toMatchObject({ topic: '/a', isRetained: true });
    await publisher.publishAsync('/a', '', { qos: 1, retain: true });
    const late = await setup.client();
    const lateReceived = collect(late);
    await late.subscribeAsync('/a', { qos: 1 });
    await publisher.publishAsync('/a', 'live', { qos: 1 });
    await until(() => lateReceived.length === 1);
    expect(lateReceived[0]).toMatchObject({ payload: 'live', retain: false });
  });

  it('get what came while they were away, when the session is persistent', async () => {
    const options = { clientId: 'away', clean: false } as const;
    const first = await setup.client(options);
    await first.subscribeAsync('q/#', { qos: 2 });
    await first.endAsync();
    const publisher = await setup.client();
    for (let i = 0; i < 20; i++) await publisher.publishAsync('q/x', String(i), { qos: i % 2 === 0 ? 1 : 2 });
    await publisher.publishAsync('q/x', 'not queued', { qos: 0 });
    const received: string[] = [];
    await setup.client(options, (_topic, payload) => received.push(payload.toString()));
    await until(() => received.length === 20);
    // A client delivers QoS 2 at PUBREL, so order holds within a QoS.
    const numbers = received.map(Number);
    expect(numbers.filter((n) => n % 2 === 0)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(numbers.filter((n) => n % 2 === 1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  });

  it('complete two QoS 2 handshakes whose PUBRECs share a segment', async () => {
    const raw = await (await setup.raw()).connect({ clientId: 'handshakes', isClean: false });
    raw.send(subscribePacket(1, ['t', 2]));
    await raw.receive(5);
    const publisher = await setup.client();
    await publisher.publishAsync('t', '1', { qos: 2 });
    await publisher.publishAsync('t', '2', { qos: 2 });
    await raw.receive(5 + 16);
    const ids = [raw.received.subarray(5 + 5, 5 + 7), raw.received.subarray(13 + 5, 13 + 7)];
    raw.received = Buffer.alloc(0);
    raw.send(...ids.map((id) => Buffer.concat([Buffer.from([0x50, 2]), id])));
    await raw.receive(8);
    expect(raw.packets()).toEqual(ids.map((id) => `6202${id.toString('hex')}`));
    raw.send(...ids.map((id) => Buffer.concat([Buffer.from([0x70, 2]), id])));
    raw.socket.end();
    await raw.closed();
    const again = await (await setup.raw()).connect({ clientId: 'handshakes', isClean: false });
    again.send([0xc0, 0]);
    await again.receive(2);
    expect(again.packets()).toEqual(['d000']);
  });

  it('are told with DUP when a message is sent again', async () => {
    const raw = await (await setup.raw()).connect({ clientId: 'dup', isClean: false });
    raw.send(subscribePacket(1, ['t', 1]));
    await raw.receive(5);
    const publisher = await setup.client();
    await publisher.publishAsync('t', 'x', { qos: 1 });
    await raw.receive(5 + 8);
    expect(raw.received[5]).toBe(0x32);
    raw.socket.destroy();
    const again = await (await setup.raw()).connect({ clientId: 'dup', isClean: false });
    await again.receive(8);
    expect(again.received[0]).toBe(0x3a);
  });

  it('get the will of a client that is lost, and it is journaled with its sender', async () => {
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync('wills/#', { qos: 1 });
    const raw = await (await setup.raw()).connect({
      clientId: 'lost',
      will: { topic: 'wills/lost', payload: 'gone', qos: 1 },
    });
    raw.socket.destroy();
    await until(() => received.length === 1);
    expect(received).toEqual([{ topic: 'wills/lost', payload: 'gone', qos: 1, retain: false }]);
    expect(setup.intake.appended).toMatchObject([{ topic: 'wills/lost', qos: 1, sender: { clientId: 'lost' } }]);
    const polite = await (await setup.raw()).connect({ clientId: 'polite', will: { topic: 'wills/p', payload: 'no' } });
    polite.send([0xe0, 0]);
    await polite.closed();
    expect(setup.intake.appended.length).toBe(1);
  });

  it('take over a session: the old connection is closed, the new one served', async () => {
    const old = await (await setup.raw()).connect({ clientId: 'twice' });
    setup.intake.isImmediate = false;
    old.send(publishPacket('a', 'x', 1, 1));
    await until(() => setup.intake.appended.length === 1);
    const fresh = await (await setup.raw()).connect({ clientId: 'twice' });
    await old.closed();
    setup.intake.commit();
    fresh.send(publishPacket('a', 'y', 1, 2));
    await until(() => setup.intake.appended.length === 2);
    setup.intake.commit();
    await fresh.receive(4);
    expect(old.packets()).toEqual([]);
    expect(fresh.packets()).toEqual(['40020002']);
  });

  it('get all acknowledged QoS 1 messages although QoS 0 flows to them at the same time', async () => {
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync('mixed', { qos: 1 });
    const publisher = await setup.client();
    const chatter = await setup.client();
    await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        chatter.publish('mixed', `c${i}`, { qos: 0, retain: i % 3 === 0 });
        await publisher.publishAsync('mixed', `p${i}`, { qos: 1 });
      }),
    );
    await until(() => received.length === 1000);
    expect(received.filter(({ payload }) => payload.startsWith('p')).length).toBe(500);
  });

  it('do not stop others when one of them stops reading, and it is cut', async () => {
    await setup.close();
    setup = await startBroker({
      isFastPathOn,
      limits: { subscriberBytesMax: 512 * 1024, subscriberStallMsMax: 1_000 },
    });
    setup.intake.isImmediate = true;
    const frozen = await (await setup.raw()).connect({ clientId: 'frozen' });
    frozen.send(subscribePacket(1, ['f/#', 0]));
    await frozen.receive(5);
    frozen.socket.pause();
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync('f/#', { qos: 0 });
    const publisher = await setup.client();
    const payload = 'x'.repeat(32 * 1024);
    for (let i = 0; i < 400; i++) await publisher.publishAsync('f/x', payload, { qos: 1 });
    await until(() => received.length === 400);
    await until(async () => (await setup.count('connections_cut_total', { reason: 'stalled' })) === 1);
    expect(await setup.count('local_messages_dropped_total', { reason: 'subscriber-slow' })).toBeGreaterThan(0);
  });

  it('hear the gateway itself, and rules do too', async () => {
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync(['own/#', 'free/#'], { qos: 1 });
    const message = { topic: 'own/x', payload: Buffer.from('hello'), qos: 1, isRetained: false, hops: 3 } as const;
    await setup.broker.publish(message);
    await setup.broker.publish({ ...message, topic: 'free/x' });
    await until(() => received.length === 2);
    expect(setup.intake.appended).toMatchObject([{ topic: 'own/x', payload: 'hello', hops: 3 }]);
    expect(setup.intake.appended[0]?.sender.protocolVersion).toBe(0);
    await expect(setup.broker.publish({ ...message, topic: 'a/#' })).rejects.toThrow();
    await expect(setup.broker.publish({ ...message, topic: '$SYS/x' })).rejects.toThrow();
  });
});

describe('bounds of sessions', () => {
  it('drops the oldest of a full session queue and counts it', async () => {
    const setup = await startBroker({ limits: { sessionQueueMessagesMax: 5 } });
    setup.intake.isImmediate = true;
    const first = await setup.client({ clientId: 'q', clean: false });
    await first.subscribeAsync('q', { qos: 1 });
    await first.endAsync();
    const publisher = await setup.client();
    for (let i = 0; i < 8; i++) await publisher.publishAsync('q', String(i), { qos: 1 });
    const again = await (await setup.raw()).connect({ clientId: 'q', isClean: false });
    await again.receive(5 * 8);
    expect(again.packets().map((hex) => Buffer.from(hex, 'hex').toString('latin1').at(-1))).toEqual([...'34567']);
    expect(await setup.count('local_messages_dropped_total', { reason: 'session-queue-full' })).toBe(3);
    await setup.close();
  });

  it('refuses new retained topics when they are full, and renews known ones', async () => {
    const setup = await startBroker({ limits: { retainedMessagesMax: 2 } });
    setup.intake.isImmediate = true;
    const publisher = await setup.client();
    for (const topic of ['r/1', 'r/2', 'r/3', 'r/1'])
      await publisher.publishAsync(topic, 'x', { qos: 1, retain: true });
    const subscriber = await setup.client();
    const received = collect(subscriber);
    await subscriber.subscribeAsync('r/#', { qos: 1 });
    await until(() => received.length === 2);
    expect(received.map(({ topic }) => topic).sort()).toEqual(['r/1', 'r/2']);
    expect(await setup.count('local_messages_dropped_total', { reason: 'retained-full' })).toBe(1);
    await setup.close();
  });

  it('refuses filters beyond the limit of a client', async () => {
    const setup = await startBroker({ limits: { subscriptionsPerClientMax: 2 } });
    const raw = await (await setup.raw()).connect();
    raw.send(subscribePacket(1, ['a', 0], ['b', 0], ['c', 0]), subscribePacket(2, ['a', 1], ['d', 0]));
    await raw.receive(7 + 6);
    expect(raw.packets()).toEqual(['90050001000080', '900400020180']);
    await setup.close();
  });
});
