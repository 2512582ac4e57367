/**
 * One connection, between its socket and aedes: frames what arrives, cuts the connection on anything malformed, hands every PUBLISH
 * that a rule wants to the intake, and lets aedes see the rest.
 *
 * ```
 * socket ─▶ chunk ─▶ frame ─▶ CONNECT ≤ 8 KiB, in time ─▶ rewritten to keepalive 0 ─▶ aedes
 *                          ├▶ PUBLISH: authorized? journaled ─┬▶ nobody here subscribes: acknowledged from here (fast path)
 *                          │                                  └▶ aedes: fan-out, retained, acknowledgement
 *                          ├▶ PINGREQ: answered from here
 *                          └▶ everything else: checked, then aedes, byte for byte
 * socket ◀─ duplex.write ◀─ aedes and the ack line, in one order
 * ```
 *
 * Invariants:
 * - Packets are taken in the order of arrival; reading stops, at a packet boundary, whenever the next one has to wait.
 * - A QoS 0 or 1 PUBLISH is appended to the journal here, whichever way it goes on, so the journal keeps the order of arrival.
 *   QoS 2 is appended where aedes stores it, once per packet id.
 * - Acknowledgements of both ways leave through the ack line, in the order of arrival.
 * - SUBSCRIBE, UNSUBSCRIBE and DISCONNECT wait until aedes is done with what came before, and nothing passes a (UN)SUBSCRIBE in work.
 * - aedes never finds new bytes while it is still taking old ones: its parser is not reentrant. Whatever it calls back with only
 *   schedules the next look.
 * - Keepalive is enforced here, as aedes does not see all packets. It rests while it is we who do not read.
 */
import { Duplex } from 'node:stream';
import { AckLine } from './ack-line.ts';
import { type Connect, readConnect } from './connect-packet.ts';
import { FrameReader } from './frame-reader.ts';
import type { Frame } from './frames.ts';
import { GrantedFilters } from './granted-filters.ts';
import { checkPacket, PACKET } from './guard.ts';
import type { IncomingConnection, IngressCore, Session } from './ingress-core.ts';
import { type PublishFrame, readPublishFrame } from './publish-frame.ts';
import { Span } from './span.ts';
import { type Topic, TopicCache } from './topic-cache.ts';

export const TICK_MS = 250;
/** How long a peer may take to read our last bytes and close. */
export const FAREWELL_MS_MAX = 1_000;
const PINGRESP = Buffer.from([0xd0, 0]);
const SERVER_UNAVAILABLE = 3;

type Phase = 'connecting' | 'authenticating' | 'open' | 'closed';
/** What a packet led to: taken, has to wait, or the reason to cut. */
type Step = 'taken' | 'waits' | { readonly cut: string };

const TAKEN = 'taken';
const WAITS = 'waits';

export class Ingress {
  readonly address: string;
  readonly certificateName: string | null;
  readonly #core: IngressCore;
  readonly #socket: Duplex;
  readonly #maxPacketBytes: number;
  readonly #line: AckLine;
  readonly #duplex: Duplex;
  #phase: Phase = 'connecting';
  #connect: Connect | null = null;
  #session: Session | null = null;
  /** A device that may not publish somewhere mostly goes on trying: it is told of once a connection. */
  #isDenialTold = false;
  #topics: TopicCache | null = null;

  readonly #reader = new FrameReader();
  readonly #publish: PublishFrame = {
    qos: 0,
    isRetained: false,
    topicStart: 0,
    topicEnd: 0,
    packetId: 0,
    payloadStart: 0,
  };
  #hasEnded = false;
  #isPumping = false;
  #isScheduled = false;
  #isPaused = false;
  readonly filters = new GrantedFilters();

  readonly #forwarding = new Span();
  #publishesInAedes = 0;
  #isSubscribing = false;

  #quietTicks = 0;
  #stalledTicks = 0;
  #afterDrain: (() => void) | null = null;
  #deadline: NodeJS.Timeout;
  readonly #resume = () => this.#pump();
  readonly #schedule = () => {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#pumpScheduled);
  };
  readonly #pumpScheduled = () => {
    this.#isScheduled = false;
    this.#pump();
  };

  constructor(connection: IncomingConnection, core: IngressCore) {
    this.address = connection.address;
    this.certificateName = connection.certificateName;
    this.#core = core;
    this.#socket = connection.stream;
    this.#maxPacketBytes = connection.maxPacketBytes;
    this.#line = new AckLine({
      writeAcks: (acks, count) => {
        core.metrics.messagesAcknowledged.inc({ qos: '1' }, count);
        this.#duplex.write(acks);
      },
      failed: () => this.#cut('journal-failed'),
      shortened: this.#schedule,
    });
    this.#duplex = this.#createDuplex();
    this.#deadline = setTimeout(() => this.#cut('connect-timeout'), core.limits.connectTimeMsMax);
    this.#listen();
  }

  /** null until authenticated. */
  get session(): Session | null {
    return this.#session;
  }

  /** null until the CONNECT packet has come. */
  get connect(): Connect | null {
    return this.#connect;
  }

  get line(): AckLine {
    return this.#line;
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  /** Everything that was read has been answered, and the answers have left. */
  get isSettled(): boolean {
    if (this.#phase !== 'open') return true;
    return this.#line.length === 0 && this.#publishesInAedes === 0 && this.#duplex.writableLength === 0;
  }

  /** Bytes that wait for the peer to read. */
  get backlogBytes(): number {
    return this.#duplex.writableLength + this.#socket.writableLength;
  }

  /** Called when the client is known, before its CONNACK. */
  authenticated(session: Session): void {
    this.#session = session;
    this.#topics = new TopicCache(session.acl, this.#core.subscribers, this.#core.limits);
  }

  /** Called when CONNACK 0 was written. Packets that came with the CONNECT are taken now. */
  opened(): void {
    if (this.#phase !== 'authenticating') return;
    clearTimeout(this.#deadline);
    this.#phase = 'open';
    this.#core.events.connectionAccepted();
    this.#schedule();
  }

  /** Called when aedes has answered a SUBSCRIBE or UNSUBSCRIBE. */
  subscribed(): void {
    this.#isSubscribing = false;
    this.#schedule();
  }

  /** Called when aedes is done with a PUBLISH of this connection. */
  published(): void {
    this.#publishesInAedes--;
    this.#schedule();
  }

  /** Called every `TICK_MS`. */
  tick(): void {
    if (this.#phase !== 'open') return;
    if (this.#afterDrain !== null && ++this.#stalledTicks * TICK_MS > this.#core.limits.subscriberStallMsMax) {
      this.#cut('stalled');
      return;
    }
    if (this.#isPaused) {
      this.#quietTicks = 0;
      return;
    }
    const keepaliveMs = (this.#connect?.keepaliveSeconds ?? 0) * 1000;
    // [MQTT-3.1.2-24]; one tick more, as the first may have been a short one.
    if (keepaliveMs > 0 && (++this.#quietTicks - 1) * TICK_MS > keepaliveMs * 1.5) this.#cut('keepalive');
  }

  /** Ends the connection; what was written still leaves. */
  close(): void {
    this.#duplex.destroy();
  }

  cut(reason: string): void {
    this.#cut(reason);
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#reader.add(chunk);
      this.#pump();
    });
    this.#socket.on('end', () => {
      this.#hasEnded = true;
      this.#pump();
    });
    this.#socket.on('error', () => this.#duplex.destroy());
    this.#socket.on('close', () => this.#duplex.destroy());
    this.#socket.on('drain', () => {
      const afterDrain = this.#afterDrain;
      this.#afterDrain = null;
      this.#stalledTicks = 0;
      afterDrain?.();
      this.#pump();
    });
  }

  #createDuplex(): Duplex {
    const write = (bytes: Buffer, done: () => void) => {
      if (this.#socket.destroyed || this.#socket.write(bytes)) done();
      else this.#afterDrain = done;
    };
    const duplex = new Duplex({
      readableHighWaterMark: this.#core.limits.forwardBytesMax,
      read: this.#schedule,
      write: (chunk: Buffer, _encoding, done) => write(chunk, done),
      writev: (chunks, done) => write(Buffer.concat(chunks.map((each) => each.chunk as Buffer)), done),
      destroy: (error, done) => {
        this.#closed(error);
        done(error);
      },
    });
    // aedes adds its own once it has the connection.
    duplex.on('error', () => {});
    return duplex;
  }

  // ---- Reading

  #pump(): void {
    if (this.#isPumping || this.#phase === 'closed') return;
    this.#isPumping = true;
    this.#duplex.cork();
    const isDry = this.#takeFrames();
    this.#flushForward();
    this.#line.release();
    this.#duplex.uncork();
    this.#isPumping = false;
    if (this.isClosed) return;
    if (!isDry) this.#pause();
    else if (this.#hasEnded) this.#finish();
    else if (this.#isPaused) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }

  /** True when all that arrived was taken; false when the next packet has to wait. */
  #takeFrames(): boolean {
    if (this.#reader.isEmpty) return !this.#isHeld();
    const lane = this.#session?.lane;
    if (lane !== undefined && this.#core.pressure.isFull(lane)) {
      this.#core.pressure.wait(lane, this.#resume);
      return false;
    }
    while (!this.isClosed) {
      if (this.#isHeld()) return false;
      const isFirst = this.#phase === 'connecting';
      const result = this.#reader.read(isFirst ? this.#core.limits.connectBytesMax : this.#maxPacketBytes, isFirst);
      if (result === 'more') break;
      const step = result === 'packet' ? this.#takeFrame(this.#reader.frame) : { cut: result };
      if (step === WAITS) return false;
      if (step !== TAKEN) {
        this.#cut(step.cut);
        break;
      }
      this.#quietTicks = 0;
      this.#reader.take();
    }
    return true;
  }

  #isHeld(): boolean {
    if (this.#phase === 'authenticating' || this.#isSubscribing || this.#core.isDraining()) return true;
    if (this.#line.length >= this.#core.limits.acksPendingMax) return true;
    if (this.#duplex.readableLength + this.#forwarding.byteLength > this.#core.limits.forwardBytesMax) return true;
    return this.#duplex.writableLength > this.#core.limits.subscriberBytesMax;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #takeFrame(frame: Frame): Step {
    if (this.#phase === 'connecting') return this.#takeConnect(frame);
    const type = (frame.bytes[frame.start] ?? 0) >> 4;
    if (type === PACKET.publish) return this.#takePublish(frame);
    const reason = checkPacket(frame, this.#core.limits);
    if (reason !== null) return { cut: reason };
    switch (type) {
      case PACKET.pingreq:
        this.#duplex.write(PINGRESP);
        return TAKEN;
      case PACKET.subscribe:
      case PACKET.unsubscribe:
        if (this.#publishesInAedes > 0) return WAITS;
        this.#isSubscribing = true;
        break;
      case PACKET.disconnect:
        if (this.#publishesInAedes > 0 || this.#line.length > 0) return WAITS;
        break;
      default:
        break;
    }
    this.#forward(frame);
    return TAKEN;
  }

  #takeConnect(frame: Frame): Step {
    if (((frame.bytes[frame.start] ?? 0) & 0x0f) !== 0) return { cut: 'reserved-flags' };
    const result = readConnect(frame, this.#core.limits);
    if (result.status === 'refused') {
      if (result.returnCode > 0) this.#socket.write(Buffer.from([0x20, 2, 0, result.returnCode]));
      return { cut: result.reason };
    }
    this.#connect = result.connect;
    this.#phase = 'authenticating';
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#socket.write(Buffer.from([0x20, 2, 0, SERVER_UNAVAILABLE]));
      this.#cut('authenticate-timeout');
    }, this.#core.limits.authenticateTimeMsMax);
    const copy = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
    copy.writeUInt16BE(0, result.connect.keepaliveStart - frame.start);
    this.#core.handle(this.#duplex, this);
    this.#duplex.push(copy);
    return TAKEN;
  }

  // ---- PUBLISH

  #takePublish(frame: Frame): Step {
    const publish = this.#publish;
    if (!readPublishFrame(frame, publish)) return { cut: 'malformed' };
    const topic = this.#topics?.find(frame.bytes, publish.topicStart, publish.topicEnd) ?? null;
    const session = this.#session;
    if (topic === null || session === null) return { cut: 'bad-topic' };
    if (!topic.isAllowed) return this.#denyPublish(topic.name, publish, frame.end - publish.payloadStart);
    if (publish.qos === 2) this.#forwardPublish(frame);
    else this.#journal(frame, publish.qos, topic, session);
    return TAKEN;
  }

  /** QoS 0 and 1. The place in the ack line is taken first: the journal may answer at once. */
  #journal(frame: Frame, qos: 0 | 1, topic: Topic, session: Session): void {
    const { intake, isFastPathOn } = this.#core;
    const { isRetained, packetId, payloadStart } = this.#publish;
    const isFast = isFastPathOn && !isRetained && !topic.isSubscribed;
    const route = intake.route(topic.name);
    const messageClass = route === null ? null : route.class;
    if (qos === 1) {
      if (isFast) this.#line.enterAck(packetId, messageClass);
      else this.#line.enterForwarded(messageClass);
    }
    intake.received(qos, frame.end - payloadStart, route !== null);
    if (route !== null) {
      const waiter = qos === 1 ? this.#line.waiter(route.class) : null;
      intake.append(route, session.lane, session.sender, 0, frame.bytes, frame.start, frame.end, waiter);
    }
    if (!isFast) this.#forwardPublish(frame);
  }

  /**
   * Acknowledged and dropped [MQTT-3.3.5-2]: an error would close the connection and the client would send the same again for ever.
   */
  #denyPublish(topic: string, { qos, packetId }: PublishFrame, payloadBytes: number): Step {
    if (qos === 2) {
      // PUBREC packets leave in order [MQTT-4.6.0-3]; its PUBREL is answered by aedes, which knows no such packet.
      if (this.#publishesInAedes > 0) return WAITS;
      this.#duplex.write(Buffer.from([0x50, 2, packetId >> 8, packetId & 0xff]));
    } else if (qos === 1) {
      this.#line.enterAck(packetId, null);
    }
    this.#core.intake.received(qos, payloadBytes, true);
    this.#core.intake.dropped(topic.startsWith('$SYS') ? 'sys-topic' : 'unauthorized');
    if (!this.#isDenialTold) {
      this.#isDenialTold = true;
      const { clientId = '', principal = '' } = this.#session?.sender ?? {};
      this.#core.events.publishDenied(this.address, clientId, principal, topic);
    }
    return TAKEN;
  }

  // ---- To aedes

  #forwardPublish(frame: Frame): void {
    this.#publishesInAedes++;
    this.#forward(frame);
  }

  #forward(frame: Frame): void {
    if (this.#forwarding.add(frame)) return;
    this.#flushForward();
    this.#forwarding.add(frame);
  }

  #flushForward(): void {
    const bytes = this.#forwarding.flush();
    if (bytes !== null && !this.isClosed) this.#duplex.push(bytes);
  }

  // ---- Ending

  /** The peer has closed its side and all of it was taken. */
  #finish(): void {
    if (this.#phase === 'connecting') this.#duplex.destroy();
    else this.#duplex.push(null);
  }

  #cut(reason: string): void {
    if (this.#phase === 'closed') return;
    const clientId = this.#session?.sender.clientId ?? this.#connect?.clientId ?? '';
    if (this.#phase === 'open') this.#core.events.connectionCut(reason, this.address, clientId);
    else this.#core.events.connectionRefused(reason, this.address, clientId);
    this.#duplex.destroy();
  }

  #closed(error: Error | null): void {
    const wasOpen = this.#phase === 'open';
    this.#phase = 'closed';
    clearTimeout(this.#deadline);
    this.#line.close();
    if (this.#session !== null) this.#core.pressure.forget(this.#session.lane, this.#resume);
    this.#reader.clear();
    if (wasOpen) {
      if (error !== null) {
        this.#core.events.connectionCut('session-error', this.address, this.#session?.sender.clientId ?? '');
      }
      this.#core.events.connectionClosed();
    }
    this.#core.closed(this);
    this.#afterDrain?.();
    this.#endSocket();
  }

  /** Lets the last bytes leave; what the peer still sends is thrown away. */
  #endSocket(): void {
    const socket = this.#socket;
    socket.removeAllListeners('data');
    if (socket.destroyed) return;
    socket.resume();
    socket.end();
    const farewell = setTimeout(() => socket.destroy(), FAREWELL_MS_MAX);
    socket.once('close', () => clearTimeout(farewell));
  }
}
