import type { Entry } from '../../src/message.ts';

/** An entry with a body in memory. */
export function bytesEntry(index: number, body: string | Uint8Array, destination: Entry['destination'] = {}): Entry {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    id: `rule-0-${String(index).padStart(12, '0')}-${String(index).padStart(12, '0')}-0`,
    destination,
    body: { kind: 'bytes', bytes },
    originals: null,
    messageCount: 1,
    rawBytes: 200,
    encodedBytes: bytes.length,
    first: index,
    last: index,
    receivedAt: 1_700_000_000_000 + index,
    hops: 0,
  };
}

/** The same, in a file. */
export function fileEntry(index: number, path: string, byteLength: number, destination: Entry['destination']): Entry {
  return { ...bytesEntry(index, '', destination), body: { kind: 'file', path, byteLength } };
}
