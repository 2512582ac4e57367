/** Base64 of SQL's encode() and decode(). */
import { decodeJson } from '../json.ts';
import type { Value } from './value.ts';

/** RFC 4648 section 4, with its padding; white space between the characters is read over, as MIME encoders put it there. */
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** null for text that is no base64. */
export function bytesOfBase64(text: string): Buffer | null {
  const compact = text.replace(/\s+/g, '');
  return base64Pattern.test(compact) ? Buffer.from(compact, 'base64') : null;
}

/** JSON value or text; null for text that is no base64, or bytes that are no UTF-8. */
export function decodeBase64(text: string): Value {
  const bytes = bytesOfBase64(text);
  if (bytes === null) return null;
  const decoded = decodeJson(bytes, 0, bytes.length, false);
  if (decoded.status === 'json') return decoded.document as Value;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: there is no string for it.
    return null;
  }
}
