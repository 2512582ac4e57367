/** One entry per message: cuts a part at its ends. Holds nothing open. */
import type { Part } from '../../message.ts';
import { type Assembler, type Emit, entryId, parseDestination, share } from './assembler.ts';
import type { Settlement } from './settlement.ts';

export function createEachAssembler(action: string, emit: Emit): Assembler {
  return {
    bytesOpen: 0,
    bytesInMemory: 0,
    oldestReceivedAt: null,
    async start() {},
    accept(part, settlement) {
      cut(action, part, settlement, emit);
      settlement.release();
    },
    async flush() {},
    async close() {},
  };
}

function cut(action: string, part: Part, settlement: Settlement, emit: Emit): void {
  const destination = parseDestination(part.destination);
  const ends = part.ends ?? [part.bytes.length];
  const count = ends.length;
  const { originals } = part;
  let start = 0;
  let originalsStart = 0;
  for (const [index, end] of ends.entries()) {
    settlement.retain();
    const originalsEnd = originals?.ends[index] ?? originalsStart;
    emit({
      entry: {
        id: entryId(action, part.first, part.last, String(index)),
        destination,
        body: { kind: 'bytes', bytes: part.bytes.subarray(start, end) },
        originals: originals?.bytes.subarray(originalsStart, originalsEnd) ?? null,
        messageCount: share(part.messageCount, index, index + 1, count),
        rawBytes: share(part.rawBytes, index, index + 1, count),
        encodedBytes: end - start,
        first: part.first,
        last: part.last,
        receivedAt: part.receivedAt,
        hops: part.hops,
      },
      settlements: [settlement],
    });
    start = end;
    originalsStart = originalsEnd;
  }
}
