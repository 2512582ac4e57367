/**
 * Blocks: the bytes that the journal writes, recovery reads back, and lanes evaluate. One layout on disk and across threads, so
 * a message is copied once, from the socket into a slab (a run of blocks of one lane).
 *
 * Invariants
 * - A block stands alone: it introduces every sender that its messages name. Damage to a block costs the messages in it, no others.
 * - A block holds at most BLOCK_BYTES_TARGET of frames, or exactly one frame that is larger.
 * - Messages of a block have consecutive sequences; they are stamped when the slab is sealed for a commit.
 * - The checksum is seeded with the segment's uuid: bytes that an older use of the same file left behind never validate.
 *
 * Bytes (little endian; a block starts at a multiple of 8)
 * ```
 * header  0 u32 magic "HGB1"   4 u32 crc32 of bytes 8..32+length   8 u32 length of the frames   12 u16 messages   14 u8 lane   15 u8 0
 *        16 u64 first sequence   24 u64 highest sequence known durable when this was written   32 frames, then zeros to a multiple of 8
 * sender  u8 1   u8 protocol version   u16 index   u16 client id bytes   u16 principal bytes   u16 address bytes   the three texts
 * message u8 2   u8 hops   u16 sender index   u48 receive time, epoch ms   u32 packet bytes   u16 0   the PUBLISH packet
 * dead    u8 3   u8 0   u16 0   u32 meta bytes   u32 body bytes   meta (JSON)   body
 * ```
 */
import { crc32 } from 'node:zlib';
import type { Sender } from './message.ts';

export const BLOCK_MAGIC = 0x3142_4748;
export const BLOCK_HEADER_BYTES = 32;
const BLOCK_BYTES_TARGET = 4096;
const SENDER_HEADER_BYTES = 10;
const MESSAGE_HEADER_BYTES = 16;
const DEAD_HEADER_BYTES = 12;
const FRAME_SENDER = 1;
const FRAME_MESSAGE = 2;
const FRAME_DEAD = 3;
const MESSAGES_PER_BLOCK_MAX = 4096;

/** Room that one message may need in a slab, worst case: padding, a block header, its sender, itself. */
export function messageBytesMax(sender: Sender, packetBytes: number): number {
  const texts = (sender.clientId.length + sender.principal.length + sender.address.length) * 3;
  return 8 + BLOCK_HEADER_BYTES + SENDER_HEADER_BYTES + texts + MESSAGE_HEADER_BYTES + packetBytes;
}

export function deadLetterBytesMax(metaBytes: number, bodyBytes: number): number {
  return 8 + BLOCK_HEADER_BYTES + DEAD_HEADER_BYTES + metaBytes + bodyBytes;
}

/**
 * Fills one buffer, whose length is a multiple of 8, with blocks. Not thread safe; the caller checks room with `bytesFree` first.
 */
export class BlockWriter {
  readonly bytes: Buffer;
  readonly lane: number;
  #position = 0;
  #blockStart = -1;
  #blockMessages = 0;
  #messages = 0;
  readonly #senders = new Map<Sender, number>();
  #lastSender: Sender | null = null;
  #lastIndex = 0;

  constructor(bytes: Buffer, lane: number) {
    this.bytes = bytes;
    this.lane = lane;
  }

  get messageCount(): number {
    return this.#messages;
  }

  get byteLength(): number {
    return this.#position;
  }

  /** What `seal` will return: the last block is padded. */
  get bytesSealed(): number {
    return padded(this.#position);
  }

  get bytesFree(): number {
    return this.bytes.length - this.#position;
  }

  message(sender: Sender, receivedAt: number, hops: number, packet: Uint8Array, start = 0, end = packet.length): void {
    const length = end - start;
    this.#openBlock(MESSAGE_HEADER_BYTES + length);
    const index = sender === this.#lastSender ? this.#lastIndex : this.#senderIndex(sender);
    const at = this.#position;
    const bytes = this.bytes;
    bytes[at] = FRAME_MESSAGE;
    bytes[at + 1] = hops;
    bytes[at + 2] = index & 0xff;
    bytes[at + 3] = index >>> 8;
    bytes.writeUIntLE(receivedAt, at + 4, 6);
    bytes.writeUInt32LE(length, at + 10);
    bytes[at + 14] = 0;
    bytes[at + 15] = 0;
    bytes.set(start === 0 && end === packet.length ? packet : packet.subarray(start, end), at + MESSAGE_HEADER_BYTES);
    this.#position = at + MESSAGE_HEADER_BYTES + length;
    this.#blockMessages++;
    this.#messages++;
  }

  deadLetter(meta: Uint8Array, body: Uint8Array): void {
    this.#openBlock(DEAD_HEADER_BYTES + meta.length + body.length);
    const at = this.#position;
    this.bytes.writeUInt32LE(FRAME_DEAD, at);
    this.bytes.writeUInt32LE(meta.length, at + 4);
    this.bytes.writeUInt32LE(body.length, at + 8);
    this.bytes.set(meta, at + DEAD_HEADER_BYTES);
    this.bytes.set(body, at + DEAD_HEADER_BYTES + meta.length);
    this.#position = at + DEAD_HEADER_BYTES + meta.length + body.length;
    this.#blockMessages++;
    this.#messages++;
  }

  /** Closes the last block and stamps all: sequences from `firstSequence` on, checksums under `seed`. Returns the bytes to write. */
  seal(firstSequence: number, durableBefore: number, seed: number): Buffer {
    this.#closeBlock();
    const bytes = this.bytes;
    let sequence = firstSequence;
    for (let at = 0; at < this.#position; ) {
      const length = bytes.readUInt32LE(at + 8);
      bytes.writeUInt32LE(sequence % 0x1_0000_0000, at + 16);
      bytes.writeUInt32LE(Math.floor(sequence / 0x1_0000_0000), at + 20);
      bytes.writeUInt32LE(durableBefore % 0x1_0000_0000, at + 24);
      bytes.writeUInt32LE(Math.floor(durableBefore / 0x1_0000_0000), at + 28);
      const end = at + BLOCK_HEADER_BYTES + length;
      bytes.writeUInt32LE(crc32(bytes.subarray(at + 8, end), seed), at + 4);
      sequence += bytes.readUInt16LE(at + 12);
      at = padded(end);
    }
    return bytes.subarray(0, this.#position);
  }

  /** Forgets everything, so that the buffer can be filled anew. */
  reset(): void {
    this.#position = 0;
    this.#blockStart = -1;
    this.#blockMessages = 0;
    this.#messages = 0;
    this.#senders.clear();
    this.#lastSender = null;
  }

  #openBlock(frameBytes: number): void {
    if (this.#blockStart >= 0) {
      const used = this.#position - this.#blockStart - BLOCK_HEADER_BYTES;
      if (used + frameBytes <= BLOCK_BYTES_TARGET && this.#blockMessages < MESSAGES_PER_BLOCK_MAX) return;
      this.#closeBlock();
    }
    this.#blockStart = this.#position;
    this.#position += BLOCK_HEADER_BYTES;
    this.#blockMessages = 0;
    this.#senders.clear();
    this.#lastSender = null;
  }

  #closeBlock(): void {
    const start = this.#blockStart;
    if (start < 0) return;
    const bytes = this.bytes;
    bytes.writeUInt32LE(BLOCK_MAGIC, start);
    bytes.writeUInt32LE(this.#position - start - BLOCK_HEADER_BYTES, start + 8);
    bytes.writeUInt16LE(this.#blockMessages, start + 12);
    bytes[start + 14] = this.lane;
    bytes[start + 15] = 0;
    const end = padded(this.#position);
    bytes.fill(0, this.#position, end);
    this.#position = end;
    this.#blockStart = -1;
  }

  #senderIndex(sender: Sender): number {
    let index = this.#senders.get(sender);
    if (index === undefined) {
      index = this.#senders.size;
      this.#senders.set(sender, index);
      this.#introduce(sender, index);
    }
    this.#lastSender = sender;
    this.#lastIndex = index;
    return index;
  }

  #introduce(sender: Sender, index: number): void {
    const bytes = this.bytes;
    const at = this.#position;
    let position = at + SENDER_HEADER_BYTES;
    const clientIdBytes = bytes.write(sender.clientId, position);
    position += clientIdBytes;
    const principalBytes = bytes.write(sender.principal, position);
    position += principalBytes;
    const addressBytes = bytes.write(sender.address, position);
    position += addressBytes;
    bytes[at] = FRAME_SENDER;
    bytes[at + 1] = sender.protocolVersion;
    bytes.writeUInt16LE(index, at + 2);
    bytes.writeUInt16LE(clientIdBytes, at + 4);
    bytes.writeUInt16LE(principalBytes, at + 6);
    bytes.writeUInt16LE(addressBytes, at + 8);
    this.#position = position;
  }
}

/** One frame at a time of blocks already checked with `checkBlock`. Reused: fields hold until the next `next()`. */
export class BlockReader {
  readonly bytes: Buffer;
  /** Sequence, receive time (epoch ms), hops and packet bounds of the message just read. */
  sequence = 0;
  receivedAt = 0;
  hops = 0;
  packetStart = 0;
  packetEnd = 0;
  /** Bounds of a dead letter's meta and body; zero for messages. */
  metaStart = 0;
  metaEnd = 0;
  lane = 0;
  readonly #end: number;
  #position: number;
  #blockEnd: number;
  #nextSequence = 0;
  #senderOffsets: number[] = [];
  #senderIndex = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#position = start;
    this.#blockEnd = start;
    this.#end = end;
  }

  /** False at the end. */
  next(): boolean {
    const bytes = this.bytes;
    for (;;) {
      if (this.#position >= this.#blockEnd && !this.#enterBlock()) return false;
      const at = this.#position;
      switch (bytes[at]) {
        case FRAME_MESSAGE: {
          this.#senderIndex = bytes.readUInt16LE(at + 2);
          this.hops = bytes[at + 1] ?? 0;
          this.receivedAt = bytes.readUIntLE(at + 4, 6);
          this.packetStart = at + MESSAGE_HEADER_BYTES;
          this.packetEnd = this.packetStart + bytes.readUInt32LE(at + 10);
          this.metaStart = 0;
          this.metaEnd = 0;
          this.sequence = this.#nextSequence++;
          this.#position = this.packetEnd;
          return true;
        }
        case FRAME_SENDER:
          this.#senderOffsets[bytes.readUInt16LE(at + 2)] = at;
          this.#position =
            at +
            SENDER_HEADER_BYTES +
            bytes.readUInt16LE(at + 4) +
            bytes.readUInt16LE(at + 6) +
            bytes.readUInt16LE(at + 8);
          break;
        case FRAME_DEAD: {
          this.metaStart = at + DEAD_HEADER_BYTES;
          this.metaEnd = this.metaStart + bytes.readUInt32LE(at + 4);
          this.packetStart = this.metaEnd;
          this.packetEnd = this.metaEnd + bytes.readUInt32LE(at + 8);
          this.sequence = this.#nextSequence++;
          this.#position = this.packetEnd;
          return true;
        }
        default:
          throw new Error(`Invariant: unknown frame type ${bytes[at]} in a block whose checksum is right.`);
      }
    }
  }

  /** The sender of the message just read; decoded on demand, as few rules ask for it. */
  sender(): Sender {
    const at = this.#senderOffsets[this.#senderIndex] ?? 0;
    const bytes = this.bytes;
    const clientIdEnd = at + SENDER_HEADER_BYTES + bytes.readUInt16LE(at + 4);
    const principalEnd = clientIdEnd + bytes.readUInt16LE(at + 6);
    const addressEnd = principalEnd + bytes.readUInt16LE(at + 8);
    return {
      clientId: bytes.toString('utf8', at + SENDER_HEADER_BYTES, clientIdEnd),
      principal: bytes.toString('utf8', clientIdEnd, principalEnd),
      address: bytes.toString('utf8', principalEnd, addressEnd),
      protocolVersion: (bytes[at + 1] ?? 0) as Sender['protocolVersion'],
    };
  }

  /** Bytes of the block that `copyAlone` writes. */
  get aloneBytes(): number {
    const sender = this.#senderOffsets[this.#senderIndex] ?? 0;
    const frames = this.#senderEnd(sender) - sender + MESSAGE_HEADER_BYTES + this.packetEnd - this.packetStart;
    return padded(BLOCK_HEADER_BYTES + frames);
  }

  /**
   * Copies the message just read, and its sender, to `at` as a block of their own, and returns where it ends. `target` has room for
   * `aloneBytes`. The block has no checksum: it is not for the journal.
   */
  copyAlone(target: Buffer, at: number): number {
    const bytes = this.bytes;
    const senderStart = this.#senderOffsets[this.#senderIndex] ?? 0;
    const sender = at + BLOCK_HEADER_BYTES;
    const message = sender + bytes.copy(target, sender, senderStart, this.#senderEnd(senderStart));
    const messageStart = this.packetStart - MESSAGE_HEADER_BYTES;
    const end = message + bytes.copy(target, message, messageStart, this.packetEnd);
    target.writeUInt16LE(0, sender + 2);
    target.writeUInt16LE(0, message + 2);
    target.writeUInt32LE(BLOCK_MAGIC, at);
    target.writeUInt32LE(0, at + 4);
    target.writeUInt32LE(end - sender, at + 8);
    target.writeUInt16LE(1, at + 12);
    target.writeUInt16LE(this.lane, at + 14);
    target.writeUInt32LE(this.sequence % 0x1_0000_0000, at + 16);
    target.writeUInt32LE(Math.floor(this.sequence / 0x1_0000_0000), at + 20);
    const next = padded(end - at) + at;
    target.fill(0, at + 24, at + 32);
    target.fill(0, end, next);
    return next;
  }

  #senderEnd(at: number): number {
    const bytes = this.bytes;
    return (
      at + SENDER_HEADER_BYTES + bytes.readUInt16LE(at + 4) + bytes.readUInt16LE(at + 6) + bytes.readUInt16LE(at + 8)
    );
  }

  #enterBlock(): boolean {
    const at = padded(this.#blockEnd);
    if (at + BLOCK_HEADER_BYTES > this.#end) return false;
    const bytes = this.bytes;
    this.#nextSequence = bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20) * 0x1_0000_0000;
    this.lane = bytes[at + 14] ?? 0;
    this.#senderOffsets = [];
    this.#position = at + BLOCK_HEADER_BYTES;
    this.#blockEnd = this.#position + bytes.readUInt32LE(at + 8);
    return true;
  }
}

/** What stands at `at`: a whole valid block, no block, or a block that fails its checksum or is cut off. */
export interface BlockCheck {
  readonly status: 'valid' | 'none' | 'damaged';
  /** Where the next block would start, when valid. */
  readonly next: number;
  readonly lane: number;
  readonly messageCount: number;
  readonly firstSequence: number;
  readonly durableBefore: number;
}

export function checkBlock(bytes: Buffer, at: number, seed: number): BlockCheck {
  const none = { status: 'none', next: at, lane: 0, messageCount: 0, firstSequence: 0, durableBefore: 0 } as const;
  if (at + BLOCK_HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== BLOCK_MAGIC) return none;
  const end = at + BLOCK_HEADER_BYTES + bytes.readUInt32LE(at + 8);
  if (end > bytes.length || crc32(bytes.subarray(at + 8, end), seed) !== bytes.readUInt32LE(at + 4))
    return { ...none, status: 'damaged' };
  return {
    status: 'valid',
    next: padded(end),
    lane: bytes[at + 14] ?? 0,
    messageCount: bytes.readUInt16LE(at + 12),
    firstSequence: bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20) * 0x1_0000_0000,
    durableBefore: bytes.readUInt32LE(at + 24) + bytes.readUInt32LE(at + 28) * 0x1_0000_0000,
  };
}

/** What the header of a block says that is known to be whole; `next`: where the next one would start. */
export function blockAt(
  bytes: Buffer,
  at: number,
): { readonly next: number; readonly messageCount: number; readonly firstSequence: number } {
  return {
    next: padded(at + BLOCK_HEADER_BYTES + bytes.readUInt32LE(at + 8)),
    messageCount: bytes.readUInt16LE(at + 12),
    firstSequence: bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20) * 0x1_0000_0000,
  };
}

/** Takes the frames out of a block at `at`: its header stays, and says that it has no message. Returns where it ends now. */
export function emptyBlock(bytes: Buffer, at: number): number {
  bytes.writeUInt32LE(0, at + 8);
  bytes.writeUInt16LE(0, at + 12);
  return at + BLOCK_HEADER_BYTES;
}

function padded(position: number): number {
  return (position + 7) & ~7;
}
