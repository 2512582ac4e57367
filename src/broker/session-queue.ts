/**
 * What waits for one persistent session: publishes not yet sent, publishes sent and not acknowledged, and open PUBREL handshakes, in
 * the order in which they came. Bounded in messages and bytes; when full, the oldest publish that was never sent makes room.
 */

/** The part of aedes' packets that matters here. */
export interface QueuedPacket {
  readonly cmd: string;
  readonly topic?: string;
  readonly payload?: Uint8Array | string;
  readonly brokerCounter?: number;
  messageId?: number | undefined;
  dup?: boolean;
}

interface Item {
  packet: QueuedPacket;
  isSent: boolean;
  readonly byteLength: number;
}

/** What an item costs beside topic and payload. */
const ITEM_BYTES = 200;

export class SessionQueue {
  readonly #items = new Set<Item>();
  readonly #byPacketId = new Map<number, Item>();
  readonly #byCounter = new Map<number, Item>();
  #bytes = 0;

  get size(): number {
    return this.#items.size;
  }

  /** Returns how many older ones were dropped for it; the new one is dropped when nothing else can be. */
  add(packet: QueuedPacket, messagesMax: number, bytesMax: number): number {
    const byteLength = ITEM_BYTES + (packet.topic?.length ?? 0) + (packet.payload?.length ?? 0);
    let dropped = 0;
    while (this.#items.size >= messagesMax || this.#bytes + byteLength > bytesMax) {
      const oldest = this.#oldestUnsent();
      if (oldest === null) return dropped + 1;
      this.#remove(oldest);
      dropped++;
    }
    const item = { packet, isSent: false, byteLength };
    this.#items.add(item);
    this.#bytes += byteLength;
    if (packet.brokerCounter !== undefined) this.#byCounter.set(packet.brokerCounter, item);
    return dropped;
  }

  /** It is sent under this packet id now. What was dropped meanwhile is simply not kept. */
  sent(brokerCounter: number | undefined, packetId: number | undefined): void {
    const item = brokerCounter === undefined ? undefined : this.#byCounter.get(brokerCounter);
    if (item === undefined || packetId === undefined) return;
    if (item.packet.messageId !== undefined) this.#byPacketId.delete(item.packet.messageId);
    item.packet.messageId = packetId;
    item.isSent = true;
    this.#byPacketId.set(packetId, item);
  }

  /** PUBREC came: from now on the PUBREL is repeated, not the message. Matched by packet id: PUBRELs have no other number. */
  released(packetId: number): void {
    const item = this.#byPacketId.get(packetId);
    if (item !== undefined) item.packet = { cmd: 'pubrel', messageId: packetId };
  }

  /** PUBACK or PUBCOMP came. Without a packet id nothing is meant. */
  acknowledged(packetId: number | undefined): QueuedPacket | undefined {
    const item = packetId === undefined ? undefined : this.#byPacketId.get(packetId);
    if (item !== undefined) this.#remove(item);
    return item?.packet;
  }

  /** All of it, for a session that is resumed. What was sent before is sent again with DUP [MQTT-3.3.1-1, 4.4.0-1]. */
  list(): QueuedPacket[] {
    return [...this.#items].map((item) =>
      item.isSent ? { ...item.packet, dup: item.packet.cmd === 'publish' } : item.packet,
    );
  }

  #oldestUnsent(): Item | null {
    for (const item of this.#items) if (!item.isSent) return item;
    return null;
  }

  #remove(item: Item): void {
    this.#items.delete(item);
    this.#bytes -= item.byteLength;
    const { messageId, brokerCounter } = item.packet;
    if (messageId !== undefined && this.#byPacketId.get(messageId) === item) this.#byPacketId.delete(messageId);
    if (brokerCounter !== undefined) this.#byCounter.delete(brokerCounter);
  }
}
