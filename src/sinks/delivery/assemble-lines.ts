/**
 * Packs lines, or gzip members of lines, into records: one open record per rendered destination. A record is emitted when the next
 * line would not fit, when it is `latencyMs` old, or when it has `countMax` messages.
 *
 * Lines that a lane left for packing are gathered at the end of a record and become members of it, at the latest when it is emitted.
 * Until then they count as long as gzip could make them: a record never outgrows `recordBytesMax`, unless one line, or one member that
 * a lane made, does so alone.
 */
import type { Part } from '../../message.ts';
import type { Assembly } from '../sink.ts';
import { type Assembler, type Emit, entryId, parseDestination, share } from './assembler.ts';
import { Gathered } from './gathered.ts';
import type { Settlement } from './settlement.ts';

/** Destinations with an open record; for one more, the oldest is emitted. */
const RECORDS_OPEN_MAX = 256;
/** Bytes in open records together; beyond it the oldest is emitted. */
const BYTES_OPEN_MAX = 8 * 1024 * 1024;
/** A full record goes on when packing what it has gathered may make this share of it free; less makes members not worth their frame. */
const GATHERED_SHARE_MIN = 1 / 8;

interface OpenRecord {
  readonly destination: string;
  /** Where it begins: lines of the first part that went into earlier records. Makes the id unique. */
  readonly offset: number;
  readonly first: number;
  readonly timer: NodeJS.Timeout;
  readonly chunks: Uint8Array[];
  /** Bytes of `chunks`. */
  chunkBytes: number;
  /** Comes after the chunks. */
  readonly gathered: Gathered;
  /** Of all messages, in their order; empty where the action keeps none. */
  readonly originals: Uint8Array[];
  originalBytes: number;
  readonly settlements: Settlement[];
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
  readonly #gzip: (lines: Uint8Array) => Uint8Array;
  readonly #open = new Map<string, OpenRecord>();
  #bytes = 0;

  /** `gzip` makes one member, and keeps nothing of the lines. */
  constructor(
    action: string,
    assembly: Assembly & { readonly kind: 'lines' },
    services: { readonly emit: Emit; readonly gzip: (lines: Uint8Array) => Uint8Array },
  ) {
    this.#action = action;
    this.#assembly = assembly;
    this.#emit = services.emit;
    this.#gzip = services.gzip;
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
    const open = this.#open.get(part.destination);
    if (open !== undefined && !open.gathered.hasRoomFor(part)) this.#pack(open);
    // A part without ends goes into one record as a whole.
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
    const { recordBytesMax, countMax } = this.#assembly;
    const chunkRoom = recordBytesMax - (open?.chunkBytes ?? 0);
    const room = part.packing === 'packed' ? chunkRoom : gzipInput(chunkRoom) - (open?.gathered.byteLength ?? 0);
    const to = fitting(ends, from, start + room);
    if (to === from && open !== undefined) {
      if (open.gathered.byteLength >= recordBytesMax * GATHERED_SHARE_MIN) this.#pack(open);
      else this.#close(open);
      return from;
    }
    const until = Math.max(to, from + 1);
    const record = open ?? this.#begin(part, from);
    this.#append(record, part, start, ends, from, until, settlement);
    if (record.chunkBytes >= recordBytesMax || record.messageCount >= countMax) this.#close(record);
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
      chunkBytes: 0,
      gathered: new Gathered(),
      originals: [],
      originalBytes: 0,
      settlements: [],
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
    const bytes = part.bytes.subarray(start, end);
    const messageCount = share(part.messageCount, from, until, ends.length);
    if (part.packing === 'records') record.gathered.append(bytes, messageCount);
    else {
      record.chunks.push(bytes);
      record.chunkBytes += bytes.length;
    }
    this.#bytes += bytes.length;
    this.#appendOriginals(record, part, from, until);
    record.messageCount += messageCount;
    record.rawBytes += share(part.rawBytes, from, until, ends.length);
    record.encodedBytes += share(part.encodedBytes, from, until, ends.length);
    record.last = Math.max(record.last, part.last);
    record.receivedAt = Math.min(record.receivedAt, part.receivedAt);
    record.hops = Math.max(record.hops, part.hops);
    settlement.retain();
    record.settlements.push(settlement);
  }

  #appendOriginals(record: OpenRecord, { originals, packing }: Part, from: number, until: number): void {
    if (originals === null) return;
    const { bytes, ends } = originals;
    const kept = bytes.subarray(from === 0 ? 0 : ends[from - 1], ends[until - 1]);
    // Copied where the lines are: a view of a small part would keep alive all that its lane made of the slab.
    record.originals.push(packing === 'records' ? new Uint8Array(kept) : kept);
    record.originalBytes += kept.length;
    this.#bytes += kept.length;
  }

  /** Makes a gzip member of what was gathered. */
  #pack(record: OpenRecord): void {
    const { gathered } = record;
    if (gathered.isEmpty) return;
    const member = this.#gzip(gathered.written());
    record.chunks.push(member);
    record.chunkBytes += member.length;
    this.#bytes += member.length - gathered.byteLength;
    gathered.clear();
  }

  #closeOldest(): void {
    const [oldest] = this.#open.values();
    if (oldest !== undefined) this.#close(oldest);
  }

  #close(record: OpenRecord): void {
    clearTimeout(record.timer);
    this.#open.delete(record.destination);
    this.#pack(record);
    this.#bytes -= record.chunkBytes + record.originalBytes;
    const { originals, messageCount, rawBytes, encodedBytes, first, last, receivedAt, hops } = record;
    const [only] = record.chunks;
    const bytes = record.chunks.length === 1 && only !== undefined ? only : Buffer.concat(record.chunks);
    this.#emit({
      entry: {
        id: entryId(this.#action, first, last, String(record.offset)),
        destination: parseDestination(record.destination),
        body: { kind: 'bytes', bytes },
        originals: originals.length === 0 ? null : Buffer.concat(originals),
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

/** Lines of so many bytes fit as one gzip member into `room`, whatever they are: deflate stores what it cannot shrink, in runs. */
function gzipInput(room: number): number {
  return Math.floor(((room - 64) * 256) / 257);
}
