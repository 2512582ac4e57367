/**
 * How secrets stand in the users file.
 *
 * - people: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`: the PHC string format, salt and hash in base64 without padding
 * - devices: `sha256:<64 hex digits>` of a generated token. A token of 256 random bits needs no slow hash.
 */

/** OWASP's scrypt row with 32 MiB of memory: the work of N=2^17, r=8, p=1 in a quarter of its memory. */
export const SCRYPT_DEFAULT = { log2N: 15, blockSize: 8, parallelization: 3 } as const;
const LOG2_N_MAX = 17;

export const PASSWORD_HASH_PATTERN = /^\$scrypt\$ln=1[4-7],r=8,p=[1-4]\$[A-Za-z0-9+/]{16,64}\$[A-Za-z0-9+/]{43,86}$/;
export const TOKEN_HASH_PATTERN = /^sha256:[0-9a-f]{64}$/;

export interface PasswordHash {
  readonly log2N: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export function formatPasswordHash(hash: PasswordHash): string {
  const parameters = `ln=${hash.log2N},r=${hash.blockSize},p=${hash.parallelization}`;
  return `$scrypt$${parameters}$${unpadded(hash.salt)}$${unpadded(hash.hash)}`;
}

/** null: not of this form. What costs more than this gateway would ever write is not of this form either. */
export function parsePasswordHash(text: string): PasswordHash | null {
  if (!PASSWORD_HASH_PATTERN.test(text)) return null;
  const [, , parameters = '', salt = '', hash = ''] = text.split('$');
  const [log2N = 0, blockSize = 0, parallelization = 0] = parameters
    .split(',')
    .map((part) => Number(part.split('=')[1]));
  if (log2N > LOG2_N_MAX) return null;
  return {
    log2N,
    blockSize,
    parallelization,
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
