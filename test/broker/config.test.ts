import { describe, expect, it } from 'vitest';
import { authSchema, checkListeners, listenersSchema, usersFileSchema } from '../../src/broker/config.ts';

const tcp = { type: 'tcp', host: '127.0.0.1', port: 1883 };
const tokenHash = `sha256:${'0'.repeat(64)}`;

function issues(schema: typeof listenersSchema | typeof usersFileSchema | typeof authSchema, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map((issue) => issue.path.join('.'));
}

describe('listeners', () => {
  it('have defaults', () => {
    expect(listenersSchema.parse([tcp])).toEqual([{ ...tcp, maxPacketBytes: 262_144 }]);
    expect(listenersSchema.parse([{ ...tcp, type: 'ws' }])[0]).toMatchObject({ path: '/mqtt' });
  });

  it.each<[unknown, string]>([
    [{ ...tcp, port: 65_536 }, '0.port'],
    [{ ...tcp, port: -1 }, '0.port'],
    [{ ...tcp, maxPacketBytes: 1023 }, '0.maxPacketBytes'],
    [{ ...tcp, maxPacketBytes: 16 * 1024 * 1024 + 1 }, '0.maxPacketBytes'],
    [{ ...tcp, cert: 'x' }, '0'],
    [{ ...tcp, type: 'tls' }, '0.cert'],
    [{ ...tcp, type: 'ws', path: 'mqtt' }, '0.path'],
    [{ ...tcp, type: 'udp' }, '0.type'],
    [{ ...tcp, host: '' }, '0.host'],
  ])('refuse %j', (listener, path) => {
    expect(issues(listenersSchema, [listener])).toContain(path);
  });

  it('accept the bounds themselves', () => {
    expect(
      issues(listenersSchema, [
        { ...tcp, port: 0, maxPacketBytes: 1024 },
        { ...tcp, port: 65_535 },
      ]),
    ).toEqual([]);
    expect(issues(listenersSchema, [])).toEqual(['']);
  });

  it('are not open to everybody beyond this machine, unless that is said', () => {
    const problems = (host: string, auth: unknown) =>
      checkListeners(listenersSchema.parse([{ ...tcp, host }]), authSchema.parse(auth)).map(({ code, path }) => [
        code,
        path.join('.'),
      ]);
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'gateway.local']) {
      expect(problems(host, { anonymous: true })).toEqual([['CONFIG_UNSAFE', 'listeners.0.host']]);
      expect(problems(host, { anonymous: true, allowAnonymousRemote: true })).toEqual([]);
      expect(problems(host, { users: 'u.yaml' })).toEqual([]);
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
      expect(problems(host, { anonymous: true })).toEqual([]);
  });

  it('do not share an address', () => {
    const parsed = listenersSchema.parse([tcp, { ...tcp, type: 'ws' }, { ...tcp, port: 0 }, { ...tcp, port: 0 }]);
    expect(checkListeners(parsed, { users: 'u' }).map(({ path }) => path.join('.'))).toEqual(['listeners.1.port']);
  });
});

describe('authentication', () => {
  it('is by users or by nobody', () => {
    expect(issues(authSchema, { users: './users.yaml' })).toEqual([]);
    for (const auth of [
      {},
      { anonymous: false },
      { users: 'u', anonymous: true },
      { users: '' },
      { anonymous: true, allowAnonymousRemote: false },
    ]) {
      expect(issues(authSchema, auth).length, JSON.stringify(auth)).toBeGreaterThan(0);
    }
  });
});

describe('the users file', () => {
  it.each<[unknown, string]>([
    [{ name: 'a+b' }, '0.name'],
    [{ name: 'a/b' }, '0.name'],
    [{ name: 'a\0' }, '0.name'],
    [{ name: '' }, '0.name'],
    [{ name: 'a', token: 'plain' }, '0.token'],
    [{ name: 'a', password: 'plain' }, '0.password'],
    [{ name: 'a', password: `$scrypt$ln=25,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` }, '0.password'],
    [{ name: 'a', publish: ['a/#/b'] }, '0.publish.0'],
    [{ name: 'a', publish: ['a%x'] }, '0.publish.0'],
    [{ name: 'a', subscribe: ['a%'] }, '0.subscribe.0'],
    [{ name: 'a', token: tokenHash, password: `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}` }, '0'],
    [{ name: 'a', pubish: [] }, '0'],
  ])('refuses %j', (user, path) => {
    expect(issues(usersFileSchema, [user])).toContain(path);
  });

  it('has every name once, and allows nothing that is not listed', () => {
    expect(issues(usersFileSchema, [{ name: 'a' }, { name: 'a' }])).toEqual(['1.name']);
    expect(usersFileSchema.parse([{ name: 'a', token: tokenHash }])).toEqual([
      { name: 'a', token: tokenHash, publish: [], subscribe: [] },
    ]);
  });
});
