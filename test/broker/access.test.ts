import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type UserEntry, usersFileSchema } from '../../src/broker/config.ts';
import { makePasswordEntry } from '../../src/cli/passwd.ts';
import { makeTokenEntry } from '../../src/cli/token.ts';
import { connectPacket, publishPacket, type Setup, startBroker, subscribePacket, until } from './support/harness.ts';

const device = makeTokenEntry('press-1');
const other = makeTokenEntry('other');
let users: UserEntry[];

function entry(yaml: string, changes: Partial<UserEntry>): UserEntry {
  const [parsed] = usersFileSchema.parse(parse(yaml));
  if (parsed === undefined) throw new Error('no entry');
  return { ...parsed, ...changes };
}

beforeAll(async () => {
  users = [
    entry(device.entry, {
      clientId: '%u-*',
      publish: ['plant/%u/#', 'by-client/%c', 'wills/%u', '$aws/rules/ingest/#'],
      subscribe: ['plant/%u/#', 'shared/+/x'],
    }),
    entry(other.entry, { publish: ['#'], subscribe: ['#'] }),
    entry(await makePasswordEntry('ann', 'correct horse'), { publish: ['#'], subscribe: ['#'] }),
  ];
});

const asDevice = { clientId: 'press-1-a', username: 'press-1', password: device.token };
const asOther = { clientId: 'other', username: 'other', password: other.token };
const asAnn = { clientId: 'ann', username: 'ann', password: 'correct horse' };

describe.each([true, false])('users with the fast path on: %s', (isFastPathOn) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await startBroker({ isFastPathOn, auth: { users: 'users.yaml' }, loadUsers: async () => users });
    setup.intake.isImmediate = true;
  });
  afterAll(() => setup.close());

  it.each([
    ['no name', {}, 4],
    ['an unknown name', { ...asDevice, username: 'nobody' }, 4],
    ['a wrong token', { ...asDevice, password: other.token }, 4],
    ['an empty token', { ...asDevice, password: '' }, 4],
    ['a name without secret', { clientId: 'press-1-a', username: 'press-1' }, 4],
    ['a wrong password', { ...asAnn, password: 'wrong horse' }, 4],
    ['a name of every object', { ...asAnn, username: '__proto__' }, 4],
    ['a client id that is not theirs', { ...asDevice, clientId: 'press-2-a' }, 2],
    ['a will that they may not publish', { ...asDevice, will: { topic: 'plant/other', payload: '' } }, 5],
    ['a will to $SYS', { ...asOther, will: { topic: '$SYS/x', payload: '' } }, 5],
  ])('are refused with %s', async (_what, options, returnCode) => {
    const raw = await setup.raw();
    raw.send(connectPacket(options));
    await raw.closed();
    expect([...raw.received]).toEqual([0x20, 2, 0, returnCode]);
  });

  it('are let in with the right token or password, again and again', async () => {
    for (const options of [asDevice, asOther, asAnn, asAnn]) {
      const raw = await (await setup.raw()).connect(options);
      raw.send(publishPacket('plant/press-1/x', 'x', 1, 1));
      await raw.receive(4);
      expect(setup.intake.appended.at(-1)?.sender).toMatchObject({
        clientId: options.clientId,
        principal: options.username,
        address: '127.0.0.1',
        protocolVersion: 4,
      });
    }
  });

  it('publish what they may; the rest is acknowledged, dropped and counted', async () => {
    const raw = await (await setup.raw()).connect(asDevice);
    const before = setup.intake.appended.length;
    const droppedBefore = setup.intake.droppedReasons.length;
    const topics: [string, boolean][] = [
      ['plant/press-1/a/b', true],
      ['plant/press-1', true],
      ['plant/press-2/a', false],
      ['plant', false],
      ['by-client/press-1-a', true],
      ['by-client/press-1-b', false],
      ['$aws/rules/ingest/x', true],
      ['$aws/rules/another/x', false],
      ['$SYS/broker', false],
    ];
    raw.send(...topics.map(([topic], index) => publishPacket(topic, 'x', 1, index + 1)));
    await raw.receive(topics.length * 4);
    expect(raw.packets()).toEqual(topics.map((_, index) => `4002000${index + 1}`));
    const allowed = topics.filter(([, isAllowed]) => isAllowed).map(([topic]) => topic);
    expect(setup.intake.appended.slice(before).map(({ topic }) => topic)).toEqual(allowed);
    expect(setup.intake.droppedReasons.slice(droppedBefore)).toEqual([
      ...Array.from({ length: 4 }, () => 'unauthorized'),
      'sys-topic',
    ]);
  });

  it('complete the handshake of a QoS 2 publish that is dropped, and it reaches nobody', async () => {
    const listener = await (await setup.raw()).connect(asOther);
    listener.send(subscribePacket(1, ['#', 2]));
    await listener.receive(5);
    const raw = await (await setup.raw()).connect(asDevice);
    raw.send(
      publishPacket('forbidden', 'x', 2, 5),
      publishPacket('forbidden', 'x', 0),
      publishPacket('forbidden', 'x', 1, 6, { retain: true }),
    );
    await raw.receive(8);
    raw.send([0x62, 2, 0, 5], publishPacket('plant/press-1/ok', 'x', 0));
    await raw.receive(12);
    expect(raw.packets()).toEqual(['50020005', '40020006', '70020005']);
    await listener.receive(5 + 21);
    expect(listener.packets().slice(1)).toEqual([publishPacket('plant/press-1/ok', 'x').toString('hex')]);
    listener.socket.destroy();
  });

  it('subscribe only within their filters', async () => {
    const filters: [string, boolean][] = [
      ['plant/press-1/#', true],
      ['plant/press-1/+/x', true],
      ['plant/+/x', false],
      ['plant/#', false],
      ['#', false],
      ['+/+', false],
      ['shared/+/x', true],
      ['shared/a/x', true],
      ['shared/#', false],
      ['$SYS/#', false],
      ['$share/g/plant/press-1/x', false],
    ];
    const raw = await (await setup.raw()).connect(asDevice);
    raw.send(subscribePacket(1, ...filters.map(([filter]) => [filter, 0] as const)));
    await raw.receive(4 + filters.length);
    expect([...raw.received.subarray(4)]).toEqual(filters.map(([, isAllowed]) => (isAllowed ? 0 : 128)));
  });

  it('do not hear of other clients through wildcards', async () => {
    const raw = await (await setup.raw()).connect(asOther);
    raw.send(subscribePacket(1, ['#', 0], ['$SYS/+/new/clients', 0], ['+/+/new/clients', 0]));
    await raw.receive(7);
    expect([...raw.received]).toEqual([0x90, 5, 0, 1, 0, 128, 0]);
    await (await setup.raw()).connect(asAnn);
    raw.send([0xc0, 0]);
    await raw.receive(9);
    expect(raw.packets()[1]).toBe('d000');
    raw.socket.destroy();
  });

  it('do not get what a refused filter of a persistent session would have queued', async () => {
    const persistent = { ...asDevice, clientId: 'press-1-persistent', isClean: false };
    const raw = await (await setup.raw()).connect(persistent);
    raw.send(subscribePacket(1, ['plant/press-1/#', 1], ['secret', 1]));
    await raw.receive(6);
    raw.socket.destroy();
    const publisher = await (await setup.raw()).connect(asOther);
    publisher.send(publishPacket('secret', 'x', 1, 1), publishPacket('plant/press-1/x', 'x', 1, 2));
    await publisher.receive(8);
    const again = await (await setup.raw()).connect(persistent);
    again.send([0xc0, 0]);
    await until(() => again.packets().includes('d000') && again.packets().length === 2);
    expect(again.packets().some((hex) => hex.includes(Buffer.from('secret').toString('hex')))).toBe(false);
    publisher.socket.destroy();
  });

  it('cannot take the session of somebody else', async () => {
    const victim = await (await setup.raw()).connect({ ...asAnn, clientId: 'mine', isClean: false });
    victim.send(subscribePacket(1, ['mine', 1]));
    await victim.receive(5);
    const thief = await setup.raw();
    thief.send(connectPacket({ ...asOther, clientId: 'mine' }));
    await thief.closed();
    expect([...thief.received]).toEqual([0x20, 2, 0, 2]);
    expect(victim.isClosed).toBe(false);
    victim.socket.destroy();
    await victim.closed();
    const later = await setup.raw();
    later.send(connectPacket({ ...asOther, clientId: 'mine', isClean: false }));
    await later.closed();
    expect([...later.received]).toEqual([0x20, 2, 0, 2]);
  });
});

describe('rights that change', () => {
  it('cut the connections of users who are gone or changed, and end their sessions', async () => {
    let current = users;
    const setup = await startBroker({ auth: { users: 'users.yaml' }, loadUsers: async () => current });
    setup.intake.isImmediate = true;
    const unchanged = await (await setup.raw()).connect(asOther);
    const gone = await (await setup.raw()).connect({ ...asAnn, isClean: false });
    gone.send(subscribePacket(1, ['q', 1]));
    await gone.receive(5);
    const changed = await (await setup.raw()).connect(asDevice);
    current = users
      .filter(({ name }) => name !== 'ann')
      .map((user) => (user.name === 'press-1' ? { ...user, publish: [] } : user));
    await setup.broker.reloadUsers();
    await Promise.all([gone.closed(), changed.closed()]);
    expect(unchanged.isClosed).toBe(false);
    unchanged.send(publishPacket('q', 'x', 1, 1));
    await unchanged.receive(4);
    current = users;
    await setup.broker.reloadUsers();
    const back = await (await setup.raw()).connect({ ...asAnn, isClean: false });
    back.send([0xc0, 0]);
    await back.receive(2);
    expect(back.packets()).toEqual(['d000']);
    await setup.close();
  });

  it('answer unavailable when authentication takes too long', async () => {
    const setup = await startBroker({
      auth: { users: 'users.yaml' },
      loadUsers: async () => users,
      limits: { authenticateTimeMsMax: 5 },
    });
    const raw = await setup.raw();
    raw.send(connectPacket(asAnn));
    await raw.closed();
    expect([...raw.received]).toEqual([0x20, 2, 0, 3]);
    expect(await setup.count('connections_refused_total', { reason: 'authenticate-timeout' })).toBe(1);
    await setup.close();
  });

  it('answer unavailable to the password that finds too many waiting, while tokens still work', async () => {
    const setup = await startBroker({ auth: { users: 'users.yaml' }, loadUsers: async () => users });
    const flood = await Promise.all(
      Array.from({ length: 140 }, async (_, index) => {
        const raw = await setup.raw();
        raw.send(connectPacket({ clientId: `f${index}`, username: 'ann', password: `wrong ${index}` }));
        return raw;
      }),
    );
    await (await setup.raw()).connect(asDevice);
    await until(() => flood.filter((raw) => raw.received[3] === 3).length === 12, 'those beyond the bound', 10_000);
    await setup.close();
  });
});

describe('entries made on the command line', () => {
  it('never hold the secret', async () => {
    expect(device.entry).not.toContain(device.token);
    expect(Buffer.from(device.token, 'base64url').length).toBe(32);
    const made = await makePasswordEntry('bob', 'a long password');
    expect(made).toMatch(/password: \$scrypt\$ln=15,r=8,p=3\$/);
    expect(made).not.toContain('a long password');
  });

  it('refuse names that would widen filters, and passwords that are too short', async () => {
    expect(() => makeTokenEntry('a/b')).toThrow(/user name/);
    expect(() => makeTokenEntry('#')).toThrow(/user name/);
    await expect(makePasswordEntry('bob', '1234567')).rejects.toThrow(/8 characters/);
    await expect(makePasswordEntry('', '12345678')).rejects.toThrow(/user name/);
  });
});
