/**
 * What an operator writes about listeners and users. Paths are as written; whoever reads the file resolves them against its folder.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { DEFAULT_LIMITS, PACKET_BYTES_DEFAULT, PACKET_BYTES_MAX, PACKET_BYTES_MIN } from './limits.ts';
import { PASSWORD_HASH_PATTERN, TOKEN_HASH_PATTERN } from './secret-format.ts';
import { isFilterValid, isTextValid } from './topic.ts';

const path = z.string().min(1);

const address = {
  host: z.string().min(1).describe('Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 or :: for all.'),
  port: z.int().min(0).max(65_535).describe('TCP port; 0 lets the system choose one.'),
  maxPacketBytes: z
    .int()
    .min(PACKET_BYTES_MIN)
    .max(PACKET_BYTES_MAX)
    .default(PACKET_BYTES_DEFAULT)
    .describe('Largest MQTT packet accepted once a client is connected, bytes. A larger one cuts the connection.'),
};

const tls = {
  cert: path.describe('PEM file with the certificate of this gateway and its chain.'),
  key: path.describe('PEM file with its private key.'),
  clientCa: path
    .optional()
    .describe(
      'PEM file with the authorities of client certificates. The common name of a certificate is the user name.',
    ),
  clientCertificate: z
    .enum(['required', 'optional'])
    .default('required')
    .describe('With `clientCa`: whether a client without a certificate is refused, or may still give a password.'),
};

const ws = {
  path: z.string().startsWith('/').default('/mqtt').describe('Path of the WebSocket endpoint.'),
  origins: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Origins that browsers may connect from, `https://panel.example`. Without it a request with an Origin is refused.',
    ),
};

export const listenersSchema = z
  .array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('tcp'), ...address }),
      z.strictObject({ type: z.literal('tls'), ...address, ...tls }),
      z.strictObject({ type: z.literal('ws'), ...address, ...ws }),
      z.strictObject({ type: z.literal('wss'), ...address, ...tls, ...ws }),
    ]),
  )
  .min(1)
  .describe('Where MQTT clients connect.');

export const authSchema = z
  .union([
    z.strictObject({
      users: path.describe('File with the users, their secrets and what they may publish and subscribe.'),
    }),
    z.strictObject({
      anonymous: z.literal(true).describe('Everybody who reaches a listener may publish and subscribe to everything.'),
      allowAnonymousRemote: z.literal(true).optional().describe('Accept that for listeners that other machines reach.'),
    }),
  ])
  .describe('Who may connect.');

const substituted = /%[^cu]|%$/;

const filter = z
  .string()
  .refine((text) => isFilterValid(text, DEFAULT_LIMITS.topicLevelsMax), {
    message: 'is not a topic filter: `+` must fill a level and `#` must be the last level',
  })
  .refine((text) => !substituted.test(text), { message: 'has a `%` that is neither `%c` (client id) nor `%u` (user)' });

const userBase = {
  name: z
    .string()
    .min(1)
    .max(128)
    .refine((name) => isSubstitutable(name), { message: 'must not contain `+`, `#`, `/` or control characters' })
    .describe('User name, or common name of a client certificate.'),
  clientId: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Client ids that this user may use: `*` stands for any characters, `%u` for the user name. Default: any.',
    ),
  publish: z.array(filter).default([]).describe('Topic filters that this user may publish to.'),
  subscribe: z.array(filter).default([]).describe('Topic filters within which this user may subscribe.'),
};

/** A user without `password` and `token` can only come with a client certificate. */
const userSchema = z
  .strictObject({
    ...userBase,
    password: z
      .string()
      .regex(PASSWORD_HASH_PATTERN, { message: 'is not a scrypt hash; make one with `headgate passwd`' })
      .optional(),
    token: z
      .string()
      .regex(TOKEN_HASH_PATTERN, { message: 'is not `sha256:` and 64 hex digits; make one with `headgate token`' })
      .optional(),
  })
  .refine((user) => user.password === undefined || user.token === undefined, {
    message: 'has both a password and a token; keep one',
  });

export const usersFileSchema = z.array(userSchema).superRefine((users, context) => {
  const names = new Set<string>();
  users.forEach((user, index) => {
    if (names.has(user.name)) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'stands here twice; every user has one entry',
      });
    }
    names.add(user.name);
  });
});

export type ListenerConfig = z.output<typeof listenersSchema>[number];
export type AuthConfig = z.output<typeof authSchema>;
export type UserEntry = z.output<typeof userSchema>;

/** Names and client ids stand in filters: a wildcard or separator among their characters would widen what is allowed. */
export function isSubstitutable(value: string): boolean {
  return !/[+#/]/.test(value) && isTextValid(value);
}

export interface ListenerProblem {
  readonly code: 'CONFIG_UNSAFE' | 'CONFIG_DUPLICATE';
  /** Path from the root of the configuration. */
  readonly path: readonly (string | number)[];
  /** Why, and what to write instead. */
  readonly message: string;
}

/** What the schemas cannot see: combinations that let anybody in, and addresses given twice. */
export function checkListeners(listeners: readonly ListenerConfig[], auth: AuthConfig): readonly ListenerProblem[] {
  const problems: ListenerProblem[] = [];
  const addresses = new Set<string>();
  listeners.forEach((listener, index) => {
    const key = `${listener.host}:${listener.port}`;
    if (listener.port !== 0 && addresses.has(key)) {
      problems.push({
        code: 'CONFIG_DUPLICATE',
        path: ['listeners', index, 'port'],
        message: `${key} is used by another listener; choose another port`,
      });
    }
    addresses.add(key);
    if ('anonymous' in auth && auth.allowAnonymousRemote !== true && !isLoopback(listener.host)) {
      problems.push({
        code: 'CONFIG_UNSAFE',
        path: ['listeners', index, 'host'],
        message: `anybody who reaches ${listener.host} could publish and subscribe; write \`auth: { users: … }\`, listen on 127.0.0.1, or write \`allowAnonymousRemote: true\``,
      });
    }
  });
  return problems;
}

/** A host name other than `localhost` may resolve to anything, so it does not count as loopback. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
