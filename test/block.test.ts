import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK_HEADER_BYTES,
  BlockReader,
  BlockWriter,
  blockAt,
  checkBlock,
  emptyBlock,
  messageBytesMax,
} from '../src/block.ts';
import type { Sender } from '../src/message.ts';
import { times } from './support/effort.ts';

const SEED = crc32('segment');

function senderOf(clientId: string): Sender {
  return { clientId, principal: 'user', address: '127.0.0.1', protocolVersion: 4 };
}

interface Sent {
  readonly sender: Sender;
  readonly packet: Buffer;
}

function write(messages: readonly Sent[], firstSequence = 1): Buffer {
  let room = 8;
  for (const { sender, packet } of messages) room += messageBytesMax(sender, packet.length);
  const writer = new BlockWriter(Buffer.alloc((room + 7) & ~7, 0xee), 3);
  for (const { sender, packet } of messages) {
    expect(writer.bytesFree).toBeGreaterThanOrEqual(messageBytesMax(sender, packet.length));
    writer.message(sender, 1_700_000_000_123, 2, packet);
  }
  const size = writer.bytesSealed;
  const sealed = writer.seal(firstSequence, firstSequence - 1, SEED);
  expect(sealed.length).toBe(size);
  return sealed;
}

/** Every block is valid, and the next starts where it says. */
function blockStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const check = checkBlock(bytes, at, SEED);
    expect(check.status).toBe('valid');
    starts.push(at);
    at = check.next;
  }
  return starts;
}

describe('blocks', () => {
  it('give back every message with its sender, sequence, time and bytes', () => {
    const senders = ['a', 'press-1', 'größe'].map(senderOf);
    const message = fc.record({
      sender: fc.constantFrom(...senders),
      packet: fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (messages) => {
        const bytes = write(messages, 2 ** 40);
        blockStarts(bytes);
        const reader = new BlockReader(bytes);
        for (const [index, { sender, packet }] of messages.entries()) {
          expect(reader.next()).toBe(true);
          expect(reader.sequence).toBe(2 ** 40 + index);
          expect(reader.receivedAt).toBe(1_700_000_000_123);
          expect(reader.hops).toBe(2);
          expect(reader.lane).toBe(3);
          expect(reader.sender()).toEqual(sender);
          expect(packet.equals(bytes.subarray(reader.packetStart, reader.packetEnd))).toBe(true);
        }
        expect(reader.next()).toBe(false);
      }),
      { numRuns: times(60) },
    );
  });

  it('can be made of one message each, end to end, and emptied of it', () => {
    const senders = ['a', 'press-1', 'größe'].map(senderOf);
    const message = fc.record({
      sender: fc.constantFrom(...senders),
      packet: fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (messages) => {
        const reader = new BlockReader(write(messages, 2 ** 40));
        const alone = Buffer.alloc(
          messages.reduce((sum, { packet }) => sum + packet.length + 200, 0),
          0xee,
        );
        let end = 0;
        while (reader.next()) {
          const room = reader.aloneBytes;
          const next = reader.copyAlone(alone, end);
          expect(next - end).toBe(room);
          end = next;
        }
        const copies = new BlockReader(alone, 0, end);
        let at = 0;
        for (const [index, { sender, packet }] of messages.entries()) {
          const sequence = 2 ** 40 + index;
          expect(blockAt(alone, at)).toMatchObject({ messageCount: 1, firstSequence: sequence });
          at = blockAt(alone, at).next;
          expect(copies.next()).toBe(true);
          expect(copies).toMatchObject({ sequence, receivedAt: 1_700_000_000_123, hops: 2, lane: 3 });
          expect(copies.sender()).toEqual(sender);
          expect(alone.subarray(copies.packetStart, copies.packetEnd)).toEqual(packet);
        }
        expect([copies.next(), at]).toEqual([false, end]);
        const left = emptyBlock(alone, 0);
        expect(blockAt(alone, 0)).toEqual({ next: left, messageCount: 0, firstSequence: 2 ** 40 });
      }),
    );
  });

  it('stand alone: each introduces the senders it names', () => {
    const messages = Array.from({ length: 100 }, () => ({ sender: senderOf('same'), packet: Buffer.alloc(200, 1) }));
    const one = messages[0]?.sender ?? senderOf('');
    const bytes = write(messages.map(({ packet }) => ({ sender: one, packet })));
    const starts = blockStarts(bytes);
    expect(starts.length).toBeGreaterThan(4);
    const reader = new BlockReader(bytes, starts[3] ?? 0);
    expect(reader.next()).toBe(true);
    expect(reader.sender()).toEqual(one);
  });

  it('do not validate after any single bit has changed', () => {
    const bytes = write([{ sender: senderOf('a'), packet: Buffer.from('packet') }]);
    const used = BLOCK_HEADER_BYTES + bytes.readUInt32LE(8);
    for (let bit = 0; bit < used * 8; bit++) {
      const broken = Buffer.from(bytes);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(checkBlock(broken, 0, SEED).status).not.toBe('valid');
    }
  });

  it('do not validate in another segment, or when they are cut off', () => {
    const bytes = write([{ sender: senderOf('a'), packet: Buffer.from('packet') }]);
    expect(checkBlock(bytes, 0, crc32('other')).status).toBe('damaged');
    const used = BLOCK_HEADER_BYTES + bytes.readUInt32LE(8);
    for (let cut = 0; cut < used; cut++) expect(checkBlock(bytes.subarray(0, cut), 0, SEED).status).not.toBe('valid');
  });

  it('can be sealed again for another segment', () => {
    const sender = senderOf('a');
    const writer = new BlockWriter(Buffer.alloc(1024), 0);
    writer.message(sender, 1, 0, Buffer.from('x'));
    writer.seal(5, 4, SEED);
    const again = writer.seal(5, 4, crc32('other'));
    expect(checkBlock(again, 0, crc32('other'))).toMatchObject({ status: 'valid', firstSequence: 5, durableBefore: 4 });
  });

  it('hold dead letters', () => {
    const writer = new BlockWriter(Buffer.alloc(1024), 0);
    writer.deadLetter(Buffer.from('{}'), Buffer.from('body'));
    const bytes = writer.seal(1, 0, SEED);
    const reader = new BlockReader(bytes);
    expect(reader.next()).toBe(true);
    expect(bytes.toString('utf8', reader.metaStart, reader.metaEnd)).toBe('{}');
    expect(bytes.toString('utf8', reader.packetStart, reader.packetEnd)).toBe('body');
  });
});
