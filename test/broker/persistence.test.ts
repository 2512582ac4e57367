import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import { Persistence } from '../../src/broker/persistence.ts';

const client = { id: 'c' };

function createPersistence(granted: readonly string[], ownerOf = () => 'somebody'): Persistence {
  return new Persistence({
    limits: DEFAULT_LIMITS,
    isGranted: (_client, filter) => granted.includes(filter),
    ownerOf,
    storeExactlyOnce: () => ({ durable: Promise.resolve(), turn: Promise.resolve() }),
    repeated: () => {},
    willStored: () => {},
    dropped: () => {},
  });
}

describe('persistence', () => {
  it('keeps only filters that were granted, of all that a SUBSCRIBE listed', () => {
    const persistence = createPersistence(['a']);
    persistence.addSubscriptions(client, [
      { topic: 'a', qos: 1 },
      { topic: 'secret', qos: 1 },
    ]);
    expect([persistence.isMatched('a'), persistence.isMatched('secret')]).toEqual([true, false]);
  });

  it('answers synchronously, so that no message overtakes another within aedes', () => {
    const persistence = createPersistence(['a']);
    const order: string[] = [];
    persistence.addSubscriptions(client, [{ topic: 'a', qos: 1 }]).then(() => order.push('added'));
    persistence.subscriptionsByTopic('a').then((found) => order.push(`found ${found.length}`));
    persistence
      .storeRetained({ cmd: 'publish', topic: 'a', payload: Buffer.from('x'), qos: 0 })
      .then(() => order.push('retained'));
    order.push('after');
    expect(order).toEqual(['added', 'found 1', 'retained', 'after']);
  });

  it('takes a list of thousands of filters, once per filter, without growing slow', () => {
    const filters = Array.from({ length: 1_000 }, (_, index) => ({ topic: `f/${index}`, qos: 1 }));
    const persistence = createPersistence(filters.map(({ topic }) => topic));
    persistence.addSubscriptions(client, filters);
    const { version } = persistence;
    for (let i = 0; i < 1_000; i++) persistence.addSubscriptions(client, filters);
    expect(persistence.version).toBe(version);
  });

  it('takes no message of a user for the repeat of one that another user sent under the same client id', async () => {
    let owner = 'first';
    const persistence = createPersistence([], () => owner);
    const packet = { cmd: 'publish', topic: 'a', payload: Buffer.from('x'), qos: 2, messageId: 5 };
    const isKnown = () =>
      new Promise<boolean>((resolve) => {
        persistence.incomingGetPacket(client, packet).then(
          () => resolve(true),
          () => resolve(false),
        );
      });
    await persistence.incomingStorePacket(client, packet);
    expect(await isKnown()).toBe(true);
    owner = 'second';
    expect(await isKnown()).toBe(false);
    await persistence.incomingStorePacket(client, packet);
    expect(await isKnown()).toBe(true);
  });

  it('forgets a session when a clean one begins', () => {
    const persistence = createPersistence(['a']);
    persistence.addSubscriptions(client, [{ topic: 'a', qos: 1 }]);
    persistence.outgoingEnqueueCombi([{ clientId: 'c', qos: 1 }], {
      cmd: 'publish',
      topic: 'a',
      payload: Buffer.from('x'),
      qos: 1,
      brokerCounter: 1,
    });
    expect(persistence.sessionOwner('c')).toBe('somebody');
    persistence.cleanSubscriptions(client);
    expect([persistence.sessionOwner('c'), persistence.isMatched('a')]).toEqual([null, false]);
  });
});
