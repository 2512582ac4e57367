/**
 * The acknowledgements one connection is owed, in the order in which its publishes arrived. [MQTT-4.6.0-2]
 *
 * The journal's classes commit on their own, so a later publish may be durable before an earlier one; and some publishes are answered
 * here (fast path) while others are answered by aedes. Both stand in one line that is released from its head only:
 *
 * ```
 * head → [ack 7 durable] [aedes 8 durable, callback there] [ack 9 waits] [ack 10 durable] …
 *         └ released ────────────────────────────────────┘ └ holds everything behind it
 * ```
 *
 * A place is a number: packet id, class, whether it is durable, whether aedes answers. What is released together is written together.
 */
import type { MessageClass } from '../message.ts';
import type { Waiter } from '../ports.ts';

const ID_MASK = 0xffff;
const ALARM = 1 << 16;
const DURABLE = 1 << 17;
const BY_AEDES = 1 << 18;
const PLACES_INITIAL = 16;

/** aedes' way of being told to go on. */
export type Continue = (error?: Error | null) => void;

/** The callback arrives when aedes has come to the packet, which may be after the message became durable. */
interface Ticket {
  callback: Continue | null;
}

export interface AckLineOutput {
  /** PUBACK packets, whole. */
  writeAcks(acks: Buffer, count: number): void;
  /** The journal failed: nothing that waits here will ever be acknowledged. */
  failed(error: Error): void;
  /** Places became free. */
  shortened(): void;
}

export class AckLine {
  readonly #output: AckLineOutput;
  /** Ring; its length is a power of two. */
  #places = new Int32Array(PLACES_INITIAL);
  #head = 0;
  #tail = 0;
  /** Per class: from here on no place of the class is durable. */
  readonly #cursor = { normal: 0, alarm: 0 };
  readonly #tickets: Ticket[] = [];
  readonly #ticketsUnclaimed: Ticket[] = [];
  #isReleasing = false;
  #isClosed = false;
  readonly #waiters: Readonly<Record<MessageClass, Waiter>>;

  constructor(output: AckLineOutput) {
    this.#output = output;
    this.#waiters = { normal: this.#createWaiter('normal'), alarm: this.#createWaiter('alarm') };
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  /** To be given to the intake with the message that was just entered. */
  waiter(messageClass: MessageClass): Waiter {
    return this.#waiters[messageClass];
  }

  /** A publish that is acknowledged from here. `messageClass` null: it waits for no commit, only for its turn and a `release`. */
  enterAck(packetId: number, messageClass: MessageClass | null): void {
    this.#enter(packetId, messageClass);
  }

  /** A publish that aedes acknowledges; it comes for its turn with `claim`, once per place and in order. */
  enterForwarded(messageClass: MessageClass | null): void {
    const ticket: Ticket = { callback: null };
    this.#tickets.push(ticket);
    this.#ticketsUnclaimed.push(ticket);
    this.#enter(BY_AEDES, messageClass);
  }

  claim(callback: Continue): void {
    const ticket = this.#ticketsUnclaimed.shift();
    if (ticket === undefined) {
      callback(new Error('The publish did not pass the guard.'));
      return;
    }
    ticket.callback = callback;
    this.release();
  }

  /** Both at once: something of aedes that may go on once its message is durable. */
  enterCallback(messageClass: MessageClass | null, callback: Continue): void {
    this.#tickets.push({ callback });
    this.#enter(BY_AEDES, messageClass);
    if (messageClass === null) this.release();
  }

  /** The connection is gone: commits still to come answer nobody. */
  close(): void {
    this.#isClosed = true;
    this.#head = this.#tail;
    this.#tickets.length = 0;
    this.#ticketsUnclaimed.length = 0;
  }

  #enter(bits: number, messageClass: MessageClass | null): void {
    if (this.#isClosed) return;
    if (this.length === this.#places.length) this.#grow();
    const classBits = messageClass === null ? DURABLE : messageClass === 'alarm' ? ALARM : 0;
    this.#places[this.#tail & (this.#places.length - 1)] = bits | classBits;
    this.#tail++;
  }

  #createWaiter(messageClass: MessageClass): Waiter {
    return {
      onDurable: (count) => {
        if (this.#isClosed) return;
        this.#markDurable(messageClass, count);
        this.release();
      },
      onFailed: (_count, error) => {
        if (!this.#isClosed) this.#output.failed(error);
      },
    };
  }

  #markDurable(messageClass: MessageClass, count: number): void {
    const mask = this.#places.length - 1;
    const wanted = messageClass === 'alarm' ? ALARM : 0;
    let position = Math.max(this.#cursor[messageClass], this.#head);
    let left = count;
    while (left > 0 && position < this.#tail) {
      const place = this.#places[position & mask] ?? 0;
      if ((place & (ALARM | DURABLE)) === wanted) {
        this.#places[position & mask] = place | DURABLE;
        left--;
      }
      position++;
    }
    this.#cursor[messageClass] = position;
  }

  /** Answers what stands ready at the head. aedes' callbacks may enter or claim further places while this runs; the loop then sees them. */
  release(): void {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    const before = this.length;
    while (this.#head < this.#tail) {
      if (this.#releaseAcks() === 0 && !this.#releaseCallback()) break;
    }
    this.#isReleasing = false;
    if (this.length < before) this.#output.shortened();
  }

  #releaseAcks(): number {
    const mask = this.#places.length - 1;
    let end = this.#head;
    while (end < this.#tail && ((this.#places[end & mask] ?? 0) & (DURABLE | BY_AEDES)) === DURABLE) end++;
    const count = end - this.#head;
    if (count === 0) return 0;
    const acks = Buffer.allocUnsafe(count * 4);
    for (let i = 0; i < count; i++) {
      const packetId = (this.#places[(this.#head + i) & mask] ?? 0) & ID_MASK;
      acks[i * 4] = 0x40;
      acks[i * 4 + 1] = 2;
      acks[i * 4 + 2] = packetId >> 8;
      acks[i * 4 + 3] = packetId & 0xff;
    }
    this.#head = end;
    this.#output.writeAcks(acks, count);
    return count;
  }

  #releaseCallback(): boolean {
    const place = this.#places[this.#head & (this.#places.length - 1)] ?? 0;
    const callback = this.#tickets[0]?.callback ?? null;
    if ((place & DURABLE) === 0 || callback === null) return false;
    this.#tickets.shift();
    this.#head++;
    callback(null);
    return true;
  }

  #grow(): void {
    const places = new Int32Array(this.#places.length * 2);
    for (let i = this.#head; i < this.#tail; i++) {
      places[i & (places.length - 1)] = this.#places[i & (this.#places.length - 1)] ?? 0;
    }
    this.#places = places;
  }
}
