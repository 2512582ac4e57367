/**
 * Packs lines, or gzip members of lines, into records: one open record per rendered destination. A record is emitted when the next
 * line would not fit, when it is `latencyMs` old, or when it has `countMax` messages.
 */
import type { Part } from '../../message.ts';
import type { Assembly } from '../sink.ts';
import { type Assembler, type Emit, entryId, parseDestination, share } from './assembler.ts';
import type { Settlement } from './settlement.ts';

/** Destinations with an open record; for one more, the oldest is emitted. */
const RECORDS_OPEN_MAX = 256;
/** Bytes in open records together; beyond it the oldest is emitted. */
const BYTES_OPEN_MAX = 8 * 1024 * 1024;

interface OpenRecord {
  readonly destination: string;
  /** Where it begins: lines of the first part that went into earlier records. Makes the id unique. */
  readonly offset: number;
  readonly first: number;
  readonly timer: NodeJS.Timeout;
  readonly chunks: Uint8Array[];
  readonly settlements: Settlement[];
  bytes: number;
  messageCount: number;
  rawBytes: number;
  encodedBytes: number;
  last: number;
  receivedAt: number;
  hops: number;
}

export class LinesAssembler implements Assembler {
  readonly #action: string;
  readonly #assembly: Assembly & { readonly kind: 'lines' };
  readonly #emit: Emit;
  readonly #open = new Map<string, OpenRecord>();
  #bytes = 0;

  constructor(action: string, assembly: Assembly & { readonly kind: 'lines' }, emit: Emit) {
    this.#action = action;
    this.#assembly = assembly;
    this.#emit = emit;
  }

  get bytesOpen(): number {
    return this.#bytes;
  }

  get bytesInMemory(): number {
    return this.#bytes;
  }

  get oldestReceivedAt(): number | null {
    let oldest: number | null = null;
    for (const { receivedAt } of this.#open.values()) oldest = Math.min(oldest ?? receivedAt, receivedAt);
    return oldest;
  }

  async start(): Promise<void> {}

  accept(part: Part, settlement: Settlement): void {
    // A part without ends (gzip members) goes into one record as a whole.
    const ends = part.ends ?? [part.bytes.length];
    let from = 0;
    while (from < ends.length) from = this.#fill(part, ends, from, settlement);
    settlement.release();
  }

  async flush(): Promise<void> {
    for (const record of [...this.#open.values()]) this.#close(record);
  }

  async close(): Promise<void> {
    for (const record of this.#open.values()) clearTimeout(record.timer);
    this.#open.clear();
    this.#bytes = 0;
  }

  /** Puts as many lines from `from` on as fit into the open record; at least one into a fresh record. Returns the next line. */
  #fill(part: Part, ends: readonly number[], from: number, settlement: Settlement): number {
    const start = from === 0 ? 0 : (ends[from - 1] ?? 0);
    const open = this.#open.get(part.destination);
    const room = this.#assembly.recordBytesMax - (open?.bytes ?? 0);
    const to = fitting(ends, from, start + room);
    if (to === from && open !== undefined) {
      this.#close(open);
      return from;
    }
    const until = Math.max(to, from + 1);
    const record = open ?? this.#begin(part, from);
    this.#append(record, part, start, ends, from, until, settlement);
    if (record.bytes >= this.#assembly.recordBytesMax || record.messageCount >= this.#assembly.countMax) {
      this.#close(record);
    }
    if (this.#bytes > BYTES_OPEN_MAX) this.#closeOldest();
    return until;
  }

  #begin(part: Part, offset: number): OpenRecord {
    if (this.#open.size >= RECORDS_OPEN_MAX) this.#closeOldest();
    const record: OpenRecord = {
      destination: part.destination,
      offset,
      first: part.first,
      timer: setTimeout(() => this.#close(record), this.#assembly.latencyMs),
      chunks: [],
      settlements: [],
      bytes: 0,
      messageCount: 0,
      rawBytes: 0,
      encodedBytes: 0,
      last: part.last,
      receivedAt: part.receivedAt,
      hops: 0,
    };
    this.#open.set(part.destination, record);
    return record;
  }

  #append(
    record: OpenRecord,
    part: Part,
    start: number,
    ends: readonly number[],
    from: number,
    until: number,
    settlement: Settlement,
  ): void {
    const end = ends[until - 1] ?? start;
    record.chunks.push(part.bytes.subarray(start, end));
    record.bytes += end - start;
    this.#bytes += end - start;
    record.messageCount += share(part.messageCount, from, until, ends.length);
    record.rawBytes += share(part.rawBytes, from, until, ends.length);
    record.encodedBytes += share(part.encodedBytes, from, until, ends.length);
    record.last = Math.max(record.last, part.last);
    record.receivedAt = Math.min(record.receivedAt, part.receivedAt);
    record.hops = Math.max(record.hops, part.hops);
    // A part is put into a record at most once: the rest of it begins another.
    settlement.retain();
    record.settlements.push(settlement);
  }

  #closeOldest(): void {
    const [oldest] = this.#open.values();
    if (oldest !== undefined) this.#close(oldest);
  }

  #close(record: OpenRecord): void {
    clearTimeout(record.timer);
    this.#open.delete(record.destination);
    this.#bytes -= record.bytes;
    const { messageCount, rawBytes, encodedBytes, first, last, receivedAt, hops } = record;
    const [only] = record.chunks;
    const bytes = record.chunks.length === 1 && only !== undefined ? only : Buffer.concat(record.chunks);
    this.#emit({
      entry: {
        id: entryId(this.#action, first, last, String(record.offset)),
        destination: parseDestination(record.destination),
        body: { kind: 'bytes', bytes },
        messageCount,
        rawBytes,
        encodedBytes,
        first,
        last,
        receivedAt,
        hops,
      },
      settlements: record.settlements,
    });
  }
}

/** The first line from `from` on whose end lies past `limit`. Ends ascend. */
function fitting(ends: readonly number[], from: number, limit: number): number {
  let low = from;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? Number.POSITIVE_INFINITY) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
