import type { Originals, Packing, Part } from '../message.ts';
import type { Tally } from './tally.ts';

/** A part before its bytes have their final place. */
export interface PartDraft {
  readonly destination: string;
  readonly schemaId: string;
  readonly packing: Packing;
  /** May be a view of a buffer that is used again. */
  readonly bytes: Uint8Array;
  readonly ends: readonly number[] | null;
  readonly originals: Originals | null;
  readonly tally: Tally;
}

/**
 * Copies the drafts of one action into one exact buffer. One transfer however many parts there are, nothing retained beyond their
 * size, and the large working buffers stay here to be used again.
 */
export function packParts(action: number, drafts: readonly PartDraft[], parts: Part[]): void {
  let byteLength = 0;
  for (const draft of drafts) byteLength += draft.bytes.length + (draft.originals?.bytes.length ?? 0);
  const bytes = new Uint8Array(byteLength);
  let position = 0;
  for (const { destination, schemaId, packing, bytes: draftBytes, ends, originals, tally } of drafts) {
    bytes.set(draftBytes, position);
    const end = position + draftBytes.length;
    const originalsEnd = end + (originals?.bytes.length ?? 0);
    if (originals !== null) bytes.set(originals.bytes, end);
    parts.push({
      action,
      destination,
      schemaId,
      packing,
      bytes: bytes.subarray(position, end),
      ends,
      originals: originals === null ? null : { bytes: bytes.subarray(end, originalsEnd), ends: originals.ends },
      messageCount: tally.messageCount,
      rawBytes: tally.rawBytes,
      encodedBytes: tally.encodedBytes,
      first: tally.first,
      last: tally.last,
      receivedAt: tally.receivedAt,
      hops: tally.hops,
    });
    position = originalsEnd;
  }
}
