import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, type Setup, startBroker, subscribePacket, until } from './support/harness.ts';

describe.each([true, false])('acknowledgements with the fast path on: %s', (isFastPathOn) => {
  let setup: Setup;
  beforeEach(async () => {
    setup = await startBroker({ isFastPathOn });
  });
  afterEach(() => setup.close());

  it('does not acknowledge QoS 1 before it is durable', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(publishPacket('a/b', 'one', 1, 7), [0xc0, 0]);
    await raw.receive(2);
    expect(raw.packets()).toEqual(['d000']);
    expect(setup.intake.appended).toMatchObject([{ topic: 'a/b', payload: 'one', qos: 1, class: 'normal', lane: 3 }]);
    setup.intake.commit();
    await raw.receive(6);
    expect(raw.packets()).toEqual(['d000', '40020007']);
    expect(await setup.count('messages_acknowledged_total', { qos: '1' })).toBe(1);
  });

  it('acknowledges in the order of arrival although classes commit apart', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(
      publishPacket('a/b', '1', 1, 1),
      publishPacket('alarms/x', '2', 1, 2),
      publishPacket('a/b', '3', 1, 3),
      publishPacket('free/x', '4', 1, 4),
      publishPacket('alarms/x', '5', 1, 5),
    );
    await until(() => setup.intake.appended.length === 4);
    setup.intake.commit('alarm');
    raw.send([0xc0, 0]);
    await raw.receive(2);
    expect(raw.packets()).toEqual(['d000']);
    setup.intake.commit('normal');
    await raw.receive(22);
    expect(raw.packets()).toEqual(['d000', '40020001', '40020002', '40020003', '40020004', '40020005']);
  });

  it('keeps the order between topics that somebody subscribes and topics that nobody does', async () => {
    const subscriber = await setup.client();
    await subscriber.subscribeAsync('heard/#', { qos: 1 });
    const raw = await (await setup.raw()).connect();
    const topics = ['heard/1', 'unheard/2', 'heard/3', 'heard/4', 'unheard/5', 'unheard/6', 'heard/7'];
    raw.send(...topics.map((topic, index) => publishPacket(topic, 'x', 1, index + 1)));
    await until(() => setup.intake.appended.length === 7);
    expect(setup.intake.appended.map(({ topic }) => topic)).toEqual(topics);
    setup.intake.commit();
    await raw.receive(28);
    expect(raw.packets()).toEqual(topics.map((_, index) => `4002000${index + 1}`));
  });

  it('stores QoS 2 once for repeats in one segment, and answers PUBREC when it is durable', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(publishPacket('a/b', 'x', 2, 9), publishPacket('a/b', 'x', 2, 9, { dup: true }), [0xc0, 0]);
    await until(() => setup.intake.appended.length === 1);
    await raw.receive(2);
    expect(raw.packets()).toEqual(['d000']);
    setup.intake.commit();
    await raw.receive(10);
    expect(raw.packets()).toEqual(['d000', '50020009', '50020009']);
    raw.send([0x62, 2, 0, 9]);
    await raw.receive(14);
    expect(raw.packets()[3]).toBe('70020009');
    expect(setup.intake.appended.length).toBe(1);
    raw.send(publishPacket('a/b', 'new', 2, 9));
    await until(() => setup.intake.appended.length === 2);
  });

  it('does not store QoS 2 again when its connection was lost before PUBREC', async () => {
    const session = { clientId: 'exactly', isClean: false };
    const raw = await (await setup.raw()).connect(session);
    raw.send(publishPacket('a/b', 'x', 2, 3));
    await until(() => setup.intake.appended.length === 1);
    raw.socket.destroy();
    await until(async () => (await setup.count('connections')) === 0);
    const again = await (await setup.raw()).connect(session);
    again.send(publishPacket('a/b', 'x', 2, 3, { dup: true }), [0xc0, 0]);
    await again.receive(2);
    setup.intake.commit();
    await again.receive(6);
    expect(again.packets()).toEqual(['d000', '50020003']);
    expect(setup.intake.appended.length).toBe(1);
  });

  it('cuts the connection when the journal fails, and acknowledges nothing', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(publishPacket('a/b', '1', 1, 1), publishPacket('a/b', '2', 2, 2));
    await until(() => setup.intake.appended.length === 2);
    setup.intake.fail(new Error('EIO'));
    await raw.closed();
    expect(raw.packets()).toEqual([]);
    expect(await setup.count('connections_cut_total', { reason: 'journal-failed' })).toBe(1);
  });

  it('takes packets that come together with the CONNECT, in order', async () => {
    const raw = await setup.raw();
    raw.send(
      connectPacket(),
      ...Array.from({ length: 100 }, (_, i) => publishPacket('a/b', String(i), 1, i + 1)),
      subscribePacket(1, ['x', 0]),
    );
    await until(() => setup.intake.appended.length === 100);
    setup.intake.commit();
    await raw.receive(4 + 400 + 5);
    expect(raw.packets().length).toBe(102);
    expect(setup.intake.appended.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('understands packets that arrive byte by byte', async () => {
    const raw = await (await setup.raw()).connect();
    const bytes = Buffer.concat([publishPacket('a/b', 'x'.repeat(300), 1, 1), publishPacket('c', 'y', 1, 2)]);
    for (const byte of bytes) {
      raw.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => setup.intake.appended.length === 2);
    setup.intake.commit();
    await raw.receive(8);
    expect(raw.packets()).toEqual(['40020001', '40020002']);
    expect(setup.intake.appended[0]?.payload).toBe('x'.repeat(300));
  });

  it('does not wait for QoS 0 and tells the books about it', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(publishPacket('a/b', 'xyz'), publishPacket('free/b', 'xy'));
    await until(() => setup.intake.receivedMessages.length === 2);
    expect(setup.intake.receivedMessages).toEqual([
      { qos: 0, payloadBytes: 3, isMatched: true },
      { qos: 0, payloadBytes: 2, isMatched: false },
    ]);
    expect(setup.intake.appended.length).toBe(1);
  });

  it('stops reading while the journal is full, and goes on when it is relieved', async () => {
    const raw = await (await setup.raw()).connect({ keepalive: 1 });
    setup.intake.isFullNow = true;
    raw.send(publishPacket('a/b', '1', 1, 1));
    const other = await setup.raw();
    other.send(connectPacket({ clientId: 'other' }));
    await expect(until(() => setup.intake.appended.length > 0, 'append', 2_500)).rejects.toThrow();
    expect(raw.isClosed).toBe(false);
    setup.intake.relieve();
    await until(() => setup.intake.appended.length === 1);
    await other.receive(4);
  });

  it('answers what was read before it closes', async () => {
    const raw = await (await setup.raw()).connect();
    raw.send(publishPacket('a/b', '1', 1, 1));
    await until(() => setup.intake.appended.length === 1);
    const drained = setup.broker.drain(2_000);
    raw.send(publishPacket('a/b', '2', 1, 2));
    setup.intake.commit();
    await drained;
    await setup.broker.close();
    await raw.closed();
    expect(raw.packets()).toEqual(['40020001']);
    expect(setup.intake.appended.length).toBe(1);
  });
});
