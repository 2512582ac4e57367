/** `headgate passwd`: a users file entry for a person. */
import { randomBytes } from 'node:crypto';
import { PasswordHasher } from '../broker/password-hasher.ts';
import { formatPasswordHash, SCRYPT_DEFAULT } from '../broker/secret-format.ts';
import { formatUserEntry, usageError } from './user-entry.ts';

const SALT_BYTES = 16;
/** NIST SP 800-63B, section 5.1.1.2: at least 8 characters. */
const CHARACTERS_MIN = 8;
/** MQTT carries a password in a field of 16-bit length; a CONNECT has 8 KiB for everything. */
const BYTES_MAX = 1024;

/** YAML text of the entry. Rejects with CodedError USAGE when name or password cannot be used. */
export async function makePasswordEntry(name: string, password: string): Promise<string> {
  const bytes = Buffer.from(password, 'utf8');
  if ([...password].length < CHARACTERS_MIN || bytes.length > BYTES_MAX) {
    throw usageError(`A password has ${CHARACTERS_MIN} characters to ${BYTES_MAX} bytes.`);
  }
  const hasher = new PasswordHasher();
  try {
    const parameters = { ...SCRYPT_DEFAULT, salt: randomBytes(SALT_BYTES) };
    const hash = Buffer.from(await hasher.hash(bytes, parameters));
    return formatUserEntry(name, { password: formatPasswordHash({ ...parameters, hash }) });
  } finally {
    await hasher.close();
  }
}
