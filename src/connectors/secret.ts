/**
 * `get_secret(secretId, 'SecretString' | 'SecretBinary'[, key])`: a declared secret from its file, read when it is needed.
 *
 * As AWS has it: a text that is a JSON object is that object, or with `key` one of its values; any other text is a String, and asking
 * for a key of it fails; bytes are base64. The line break that editors leave at the end of a text does not belong to it. A secret is
 * kept for 15 minutes, and less when its file changes: that is looked at once a second, because the journal's threads do it. No reason ever holds anything that the file holds.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html#iot-sql-function-get-secret
 */
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asError } from '../errors.ts';
import { CACHE_SECONDS_MAX, CALL_MS_MAX, type ConnectorsConfig } from './config.ts';
import { answered, type Connector, type ConnectorClock, failed, quoted, type Reply, refused } from './connector.ts';
import { isJson, objectMembers, stringOf } from './json-slices.ts';

type SecretsConfig = NonNullable<ConnectorsConfig['secrets']>;
type SecretType = 'SecretString' | 'SecretBinary';

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
export const SECRET_BYTES_MAX = 65_536;
/** Reads are short; one at a time per core of the thread pool is enough. */
const CONCURRENCY = 4;
/** A file is looked at no more often. */
const LOOK_MS = 1_000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Kept {
  readonly bytes: Buffer;
  /** Of the file: changed content has another. */
  readonly stamp: string;
  /** Epoch ms: when it was read, and when its file was last looked at. */
  readonly readAt: number;
  readonly lookedAt: number;
}

export function secretConnector(config: SecretsConfig, baseDir: string, clock: ConnectorClock): Connector {
  const files = new Map(config.map(({ id, file }) => [id, resolve(baseDir, file)]));
  const kept = new Map<string, Kept>();
  return {
    function: 'get_secret',
    timeoutMs: CALL_MS_MAX,
    concurrency: CONCURRENCY,
    cacheMs: null,
    question([first, second, third]) {
      const id = stringOf(first);
      const type = stringOf(second);
      const key = third === undefined ? null : stringOf(third);
      if (id === null) return refused('The first parameter is not the name or ARN of a secret.');
      const file = files.get(id);
      if (file === undefined) return refused(`No secret ${quoted(id)} is declared. Add it to \`connectors.secrets\`.`);
      if (type !== 'SecretString' && type !== 'SecretBinary') {
        return refused('The second parameter is neither "SecretString" nor "SecretBinary".');
      }
      if (third !== undefined && key === null) return refused('The third parameter is not the name of a key.');
      const resource = `The secret ${quoted(id)}`;
      return {
        resource,
        async ask() {
          const found = await read(file, kept, clock.now()).catch((error: unknown) => asError(error));
          if (Buffer.isBuffer(found)) return secretValue(found, resource, type, key);
          return failed(`${resource} cannot be read from ${file}: ${found.message}. Repair the file.`, false);
        },
      };
    },
    async close() {
      kept.clear();
    },
  };
}

async function read(file: string, kept: Map<string, Kept>, now: number): Promise<Buffer> {
  const known = kept.get(file);
  if (known !== undefined && now - known.lookedAt < LOOK_MS) return known.bytes;
  const { mtimeMs, size, ino } = await stat(file);
  const stamp = `${mtimeMs}/${size}/${ino}`;
  const isSame = known?.stamp === stamp && now - known.readAt < CACHE_SECONDS_MAX * 1000;
  const current = isSame
    ? { ...known, lookedAt: now }
    : { bytes: await readBounded(file), stamp, readAt: now, lookedAt: now };
  kept.set(file, current);
  return current.bytes;
}

/** Not more than a secret's size is read, whatever stands there. */
async function readBounded(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(SECRET_BYTES_MAX + 1), 0, SECRET_BYTES_MAX + 1, 0);
    if (bytesRead > SECRET_BYTES_MAX) throw new Error(`it is larger than ${SECRET_BYTES_MAX} bytes`);
    return Buffer.from(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function secretValue(bytes: Buffer, resource: string, type: SecretType, key: string | null): Reply {
  if (type === 'SecretBinary') {
    if (key !== null) return refused(`${resource} is asked for as binary; that has no keys. Leave the key out.`);
    return answered(JSON.stringify(bytes.toString('base64')));
  }
  const text = textOf(bytes);
  if (text === null) return refused(`${resource} is not UTF-8 text. Ask for "SecretBinary".`);
  const members = isJson(text) ? objectMembers(text) : null;
  if (key === null) return answered(members === null ? JSON.stringify(text) : text);
  if (members === null) return refused(`${resource} is not a JSON object, so it has no keys. Leave the key out.`);
  const value = members.get(key);
  return value === undefined ? refused(`${resource} has no key ${quoted(key)}.`) : answered(value);
}

function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes).replace(/\r?\n$/, '');
  } catch {
    // Not UTF-8: for the caller that is a value, and the error would quote bytes of the secret.
    return null;
  }
}
