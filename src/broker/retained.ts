/** The last retained message of each topic, bounded in count and bytes. When full, new topics are refused, known ones renewed. */
import { TopicMap } from './topic-map.ts';

export interface RetainedPacket {
  readonly topic: string;
  readonly payload: Uint8Array | string;
}

const ITEM_BYTES = 200;

export class Retained<P extends RetainedPacket> {
  readonly #messages = new TopicMap<P>();
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  /** False: there is no room for it; the older message of that topic, if any, is gone. An empty payload clears. [MQTT-3.3.1-10] */
  store(packet: P): boolean {
    const old = this.#messages.get(packet.topic);
    if (old !== undefined) {
      this.#bytes -= sizeOf(old);
      this.#messages.delete(packet.topic);
    }
    if (packet.payload.length === 0) return true;
    const byteLength = sizeOf(packet);
    if (this.#messages.size >= this.#messagesMax || this.#bytes + byteLength > this.#bytesMax) return false;
    this.#messages.set(packet.topic, packet);
    this.#bytes += byteLength;
    return true;
  }

  get(topic: string): P | undefined {
    return this.#messages.get(topic);
  }

  match(filters: readonly string[]): P[] {
    return filters.flatMap((filter) => this.#messages.match(filter));
  }
}

function sizeOf(packet: RetainedPacket): number {
  return ITEM_BYTES + packet.topic.length + packet.payload.length;
}
