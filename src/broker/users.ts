/** Who is who: names, passwords, tokens and client certificates against the users file. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserEntry } from './config.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { parsePasswordHash, SCRYPT_DEFAULT } from './secret-format.ts';

/** How long a password that was right is not hashed again: thousands of clients that reconnect at once share few passwords. */
const rememberedMsMax = 10 * 60_000;
const rememberedCountMax = 4096;

export interface Credentials {
  readonly username: string | null;
  readonly password: Uint8Array | null;
  /** Common name of a client certificate that was verified. It decides alone; AWS's SDKs send a user name of their own beside it. */
  readonly certificateName: string | null;
}

export type Verdict =
  | { readonly status: 'accepted'; readonly user: UserEntry }
  | { readonly status: 'refused' }
  /** Nothing is known about the secret: too many others are being checked. */
  | { readonly status: 'busy' };

export class Users {
  readonly #hasher: PasswordHasher;
  readonly #clock: () => number;
  #entries = new Map<string, UserEntry>();
  /** Keyed digest of name and password → epoch ms until which it is known to be right. The key never leaves this process. */
  readonly #remembered = new Map<string, number>();
  readonly #rememberKey = randomBytes(32);
  /** Hashed for names that do not exist, so that time does not tell which do. */
  readonly #dummySalt = randomBytes(16);

  constructor(hasher: PasswordHasher, clock: () => number) {
    this.#hasher = hasher;
    this.#clock = clock;
  }

  /** What was accepted before is forgotten. */
  replace(entries: readonly UserEntry[]): void {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#remembered.clear();
  }

  get(name: string): UserEntry | undefined {
    return this.#entries.get(name);
  }

  async authenticate(credentials: Credentials): Promise<Verdict> {
    if (credentials.certificateName !== null) {
      const user = this.#entries.get(credentials.certificateName);
      return user === undefined ? { status: 'refused' } : { status: 'accepted', user };
    }
    if (credentials.username === null || credentials.password === null) return { status: 'refused' };
    const user = this.#entries.get(credentials.username);
    if (user?.token !== undefined) {
      return isToken(credentials.password, user.token) ? { status: 'accepted', user } : { status: 'refused' };
    }
    return await this.#checkPassword(credentials.username, credentials.password, user);
  }

  async #checkPassword(name: string, password: Uint8Array, user: UserEntry | undefined): Promise<Verdict> {
    const expected = user?.password === undefined ? null : parsePasswordHash(user.password);
    const memory = createHmac('sha256', this.#rememberKey).update(`${name}\0`).update(password).digest('base64');
    if (user !== undefined && expected !== null && (this.#remembered.get(memory) ?? 0) > this.#clock()) {
      return { status: 'accepted', user };
    }
    if (this.#hasher.isBusy) return { status: 'busy' };
    const hash = await this.#hasher.hash(password, expected ?? { ...SCRYPT_DEFAULT, salt: this.#dummySalt });
    if (user === undefined || expected === null || this.#entries.get(name) !== user) return { status: 'refused' };
    if (expected.hash.length !== hash.length || !timingSafeEqual(expected.hash, hash)) return { status: 'refused' };
    if (this.#remembered.size >= rememberedCountMax) this.#remembered.clear();
    this.#remembered.set(memory, this.#clock() + rememberedMsMax);
    return { status: 'accepted', user };
  }
}

/** `clientId` of a user: `*` stands for any characters, `%u` for the name. */
export function isClientIdAllowed(user: UserEntry, clientId: string): boolean {
  if (user.clientId === undefined) return true;
  const parts = user.clientId.replaceAll('%u', user.name).split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return clientId === first;
  const last = parts[parts.length - 1] ?? '';
  if (!clientId.startsWith(first) || !clientId.endsWith(last)) return false;
  if (clientId.length < first.length + last.length) return false;
  let position = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = clientId.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return position <= clientId.length - last.length;
}

function isToken(password: Uint8Array, expected: string): boolean {
  const digest = createHash('sha256').update(password).digest();
  return timingSafeEqual(digest, Buffer.from(expected.slice('sha256:'.length), 'hex'));
}
