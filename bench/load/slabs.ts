/** The load as the journal hands it to a lane: slabs of blocks of PUBLISH packets. */
import { BlockWriter } from '../../src/block.ts';
import type { Sender } from '../../src/message.ts';
import { writePublish } from '../../src/publish-packet.ts';
import { payloadTexts } from './documents.ts';
import { topicOf } from './packets.ts';

const SLAB_BYTES = 512 * 1024;
/** The journal's seed stands for the segment's; lanes do not check it. */
const SEED = 1;
const CLIENTS = 50;

export interface BenchSlab {
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
  readonly messageCount: number;
  readonly first: number;
}

export const benchSenders: readonly Sender[] = Array.from({ length: CLIENTS }, (_, index) => ({
  clientId: `bench-${index}`,
  principal: '',
  address: '127.0.0.1',
  protocolVersion: 4,
}));

/** PUBLISH packets of `count` messages at QoS 1, over as many topics as the payloads name devices. */
export function benchPackets(count: number): Buffer[] {
  return payloadTexts(count).map((text, index) =>
    writePublish(topicOf(index % 10_000), Buffer.from(text), 1, false, (index % 65_535) + 1),
  );
}

/** Sequences count from 1, without a gap from slab to slab. Each client's messages come in small runs, as sockets bring them. */
export function benchSlabs(packets: readonly Buffer[]): BenchSlab[] {
  const slabs: BenchSlab[] = [];
  let first = 1;
  let writer = new BlockWriter(Buffer.alloc(SLAB_BYTES), 0);
  const seal = () => {
    writer.seal(first, first - 1, SEED);
    const { byteLength, messageCount, bytes } = writer;
    slabs.push({ bytes: bytes.buffer as ArrayBuffer, byteLength, messageCount, first });
    first += messageCount;
    writer = new BlockWriter(Buffer.alloc(SLAB_BYTES), 0);
  };
  packets.forEach((packet, index) => {
    if (writer.bytesFree < 1024) seal();
    const sender = benchSenders[Math.floor(index / 20) % CLIENTS] as Sender;
    writer.message(sender, 1_760_000_000_000 + index, 0, packet);
  });
  if (writer.messageCount > 0) seal();
  return slabs;
}
