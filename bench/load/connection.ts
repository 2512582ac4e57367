/** One MQTT client on a raw socket: sends runs of pre-encoded PUBLISH packets, checks that PUBACKs come in order, keeps the times. */
import { connect, type Socket } from 'node:net';
import { connectPacket, type PacketRing, stamp } from './packets.ts';

const KEEPALIVE_SECONDS = 60;
const READ_BUFFER_BYTES = 16_384;
/** CONNACK and PUBACK are four bytes long, PINGRESP two; nothing else comes, as nothing is subscribed to. */
const PACKET_BYTES_MAX = 4;
const PACKET_IDS = 65_535;
const CONNACK = 0x20;
const PUBACK = 0x40;
const PINGRESP = 0xd0;

export interface ConnectionOwner {
  /** Numbers for the next `count` messages; returns the first. */
  sequences(count: number): number;
  /** `count` messages intended at `intendedMs` were settled at once. */
  settled(intendedMs: number, count: number): void;
  /** Told once per chunk of acknowledgements: the connection may have room again. */
  roomMade(connection: LoadConnection): void;
  failed(connection: LoadConnection, reason: string): void;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly ring: PacketRing;
  /** At most the ring's slots. */
  readonly window: number;
}

export class LoadConnection {
  readonly #owner: ConnectionOwner;
  readonly #options: ConnectionOptions;
  readonly #intended: Float64Array;
  readonly #sequences: Float64Array;
  readonly #partial = Buffer.alloc(PACKET_BYTES_MAX);
  #partialBytes = 0;
  #socket: Socket | null = null;
  #onConnack: (code: number) => void = () => {};
  #onPingresp: () => void = () => {};
  #isEnding = false;
  sent = 0;
  acked = 0;

  constructor(owner: ConnectionOwner, options: ConnectionOptions) {
    if (options.window > options.ring.slots || options.window > PACKET_IDS)
      throw new Error(`A window of ${options.window} needs as many packet slots.`);
    this.#owner = owner;
    this.#options = options;
    this.#intended = new Float64Array(options.window);
    this.#sequences = new Float64Array(options.window);
  }

  get room(): number {
    return this.#options.window - (this.sent - this.acked);
  }

  /** Numbers of the messages sent and not settled. */
  get unacked(): readonly number[] {
    const numbers: number[] = [];
    for (let n = this.acked; n < this.sent; n++) numbers.push(this.#sequences[n % this.#options.window] ?? 0);
    return numbers;
  }

  /** Resolves when the broker has accepted the client. */
  async connect(): Promise<void> {
    const { host, port, clientId, username, password } = this.#options;
    const code = await new Promise<number>((resolve, reject) => {
      this.#onConnack = resolve;
      const onread = {
        buffer: Buffer.alloc(READ_BUFFER_BYTES),
        callback: (count: number, bytes: Uint8Array) => this.#read(bytes, count),
      };
      const socket = connect({ host, port, noDelay: true, onread });
      this.#socket = socket;
      socket.on('error', (error) => {
        reject(error);
        this.#fail(error.message);
      });
      socket.on('close', () => {
        reject(new Error('closed before CONNACK'));
        this.#fail('closed by the broker');
      });
      socket.write(connectPacket(clientId, KEEPALIVE_SECONDS, username, password));
    });
    if (code !== 0) throw new Error(`CONNECT was refused with code ${code}.`);
  }

  /** Sends `count` messages, at most `room`. `intendedMs` gives the time each was due, by its number on this connection. */
  send(count: number, intendedMs: (message: number) => number): void {
    const { ring, window } = this.#options;
    const first = this.sent;
    const sequence = this.#owner.sequences(count);
    for (let i = 0; i < count; i++) {
      const message = first + i;
      stamp(ring, message % ring.slots, (message % PACKET_IDS) + 1, sequence + i);
      this.#intended[message % window] = intendedMs(message);
      this.#sequences[message % window] = sequence + i;
    }
    this.sent = first + count;
    const slot = first % ring.slots;
    const untilWrap = Math.min(count, ring.slots - slot);
    this.#write(slot, untilWrap);
    if (untilWrap < count) this.#write(0, count - untilWrap);
  }

  /** Resolves when the broker has read all that was sent. */
  async ping(): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#onPingresp = resolve;
    });
    this.#socket?.write(Buffer.from([0xc0, 0]));
    await answered;
  }

  close(): void {
    this.#isEnding = true;
    this.#socket?.end(Buffer.from([0xe0, 0]));
  }

  destroy(): void {
    this.#isEnding = true;
    this.#socket?.destroy();
  }

  #write(slot: number, count: number): void {
    const { bytes, packetBytes, qos } = this.#options.ring;
    const slice = bytes.subarray(slot * packetBytes, (slot + count) * packetBytes);
    if (qos === 1) this.#socket?.write(slice);
    else this.#socket?.write(slice, (error) => error || this.#settle(count));
  }

  #read(bytes: Uint8Array, count: number): boolean {
    let at = 0;
    while (this.#partialBytes > 0 && at < count) {
      this.#partial[this.#partialBytes++] = bytes[at++] ?? 0;
      if (this.#partialBytes < 2 || this.#partialBytes < 2 + (this.#partial[1] ?? 0)) continue;
      this.#partialBytes = 0;
      this.#settle(this.#packets(this.#partial, 0, PACKET_BYTES_MAX, 1).acks);
    }
    const { acks, end } = this.#packets(bytes, at, count, Number.POSITIVE_INFINITY);
    for (let i = end; i < count && this.#partialBytes < PACKET_BYTES_MAX; i++)
      this.#partial[this.#partialBytes++] = bytes[i] ?? 0;
    if (acks > 0) this.#settle(acks);
    return true;
  }

  /** Reads whole packets, at most `packetsMax`; counts the PUBACKs and tells where the rest begins. */
  #packets(bytes: Uint8Array, start: number, end: number, packetsMax: number): { acks: number; end: number } {
    let at = start;
    let acks = 0;
    let id = (this.acked % PACKET_IDS) + 1;
    for (let packets = 0; packets < packetsMax && end - at >= 2; packets++) {
      const length = 2 + (bytes[at + 1] ?? 0);
      if (end - at < length) break;
      if (bytes[at] === PUBACK) {
        if ((((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) !== id) this.#fail(`PUBACK ${id} was due`);
        id = id === PACKET_IDS ? 1 : id + 1;
        acks++;
      } else if (bytes[at] === CONNACK) this.#onConnack(bytes[at + 3] ?? 0);
      else if (bytes[at] === PINGRESP) this.#onPingresp();
      else this.#fail(`a packet of type ${bytes[at]} came`);
      if (length > PACKET_BYTES_MAX) this.#fail(`a packet of ${length} bytes came`);
      at += length;
    }
    return { acks, end: at };
  }

  #settle(count: number): void {
    if (count === 0) return;
    if (this.acked + count > this.sent) {
      this.#fail('more was acknowledged than sent');
      return;
    }
    const { window } = this.#options;
    let intended = this.#intended[this.acked % window] ?? 0;
    let times = 0;
    for (let i = 0; i < count; i++) {
      const next = this.#intended[(this.acked + i) % window] ?? 0;
      if (next !== intended) {
        this.#owner.settled(intended, times);
        intended = next;
        times = 0;
      }
      times++;
    }
    this.#owner.settled(intended, times);
    this.acked += count;
    this.#owner.roomMade(this);
  }

  #fail(reason: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#socket?.destroy();
    this.#owner.failed(this, `${this.#options.clientId}: ${reason}`);
  }
}
