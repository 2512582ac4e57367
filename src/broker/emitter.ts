/**
 * Fan-out to local subscribers, in the form that aedes asks for as `mq`. The packaged emitter holds one of its 100 slots until every
 * matching subscriber's socket has drained, so that one subscriber who stops reading stops delivery for all; this one waits for nobody.
 * What a slow subscriber may have waiting is bounded where messages are forwarded to it.
 */
import { FilterTree } from './filter-tree.ts';

/** As aedes passes it. */
export interface EmittedPacket {
  readonly topic: string;
}

export type Listener = (packet: EmittedPacket, done: () => void) => void;

interface Subscriber {
  readonly listener: Listener;
  readonly qos: number;
}

export class Emitter {
  readonly #subscribers = new FilterTree<Subscriber>();
  readonly #byListener = new Map<Listener, Subscriber>();
  #qosOfNext = 0;

  get version(): number {
    return this.#subscribers.version;
  }

  isMatched(topic: string): boolean {
    return this.#subscribers.isMatched(topic);
  }

  /** aedes subscribes within `subscribe`, without saying at which QoS; so it is noted here. */
  withQos(qos: number, subscribe: () => void): void {
    this.#qosOfNext = qos;
    subscribe();
    this.#qosOfNext = 0;
  }

  on(filter: string, listener: Listener, done?: () => void): this {
    const subscriber = { listener, qos: this.#qosOfNext };
    this.#byListener.set(listener, subscriber);
    this.#subscribers.add(filter, subscriber);
    done?.();
    return this;
  }

  removeListener(filter: string, listener: Listener, done?: () => void): this {
    const subscriber = this.#byListener.get(listener);
    if (subscriber !== undefined) this.#subscribers.remove(filter, subscriber);
    this.#byListener.delete(listener);
    done?.();
    return this;
  }

  /**
   * A client with overlapping filters gets the message once, through whichever of its filters is served first: the one with the
   * highest QoS. [MQTT-3.3.5-1]
   */
  emit(packet: EmittedPacket, done?: (error?: Error | null) => void): this {
    const subscribers = this.#subscribers.match(packet.topic);
    if (subscribers.length > 1) subscribers.sort((a, b) => b.qos - a.qos);
    for (const subscriber of subscribers) subscriber.listener(packet, waitForNobody);
    done?.();
    return this;
  }

  close(done?: () => void): this {
    done?.();
    return this;
  }
}

function waitForNobody(): void {}
