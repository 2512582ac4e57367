import type { LaneMessage } from './lane-message.ts';

/** What a part tells about the messages in it. */
export class Tally {
  messageCount = 0;
  rawBytes = 0;
  encodedBytes = 0;
  first = 0;
  last = 0;
  receivedAt = 0;
  hops = 0;

  add(message: LaneMessage): void {
    if (this.messageCount === 0) {
      this.first = message.sequence;
      this.last = message.sequence;
      this.receivedAt = message.timestamp;
    } else {
      if (message.sequence < this.first) this.first = message.sequence;
      if (message.sequence > this.last) this.last = message.sequence;
      if (message.timestamp < this.receivedAt) this.receivedAt = message.timestamp;
    }
    if (message.hops > this.hops) this.hops = message.hops;
    this.messageCount++;
    this.rawBytes += message.payloadLength;
  }

  /** Adds what `other` tells, which has at least one message. */
  merge(other: Tally): void {
    const isFirst = this.messageCount === 0;
    this.first = isFirst ? other.first : Math.min(this.first, other.first);
    this.last = isFirst ? other.last : Math.max(this.last, other.last);
    this.receivedAt = isFirst ? other.receivedAt : Math.min(this.receivedAt, other.receivedAt);
    this.hops = Math.max(this.hops, other.hops);
    this.messageCount += other.messageCount;
    this.rawBytes += other.rawBytes;
    this.encodedBytes += other.encodedBytes;
  }
}
