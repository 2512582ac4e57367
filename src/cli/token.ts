/** `headgate token`: a users file entry for a device, with a token that is shown once and stored only as its hash. */
import { createHash, randomBytes } from 'node:crypto';
import { formatUserEntry } from './user-entry.ts';

const TOKEN_BYTES = 32;

export interface TokenEntry {
  /** What the device sends as its MQTT password: 256 random bits, base64url. */
  readonly token: string;
  /** YAML text. */
  readonly entry: string;
}

/** Throws CodedError USAGE when the name cannot be used. */
export function makeTokenEntry(name: string): TokenEntry {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const digest = createHash('sha256').update(token).digest('hex');
  return { token, entry: formatUserEntry(name, { token: `sha256:${digest}` }) };
}
