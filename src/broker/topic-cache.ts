/**
 * What one connection's topics mean: whether it may publish there, and whether local subscribers listen. Most clients repeat a few
 * topics, so the bytes are compared with those of the last few; a string is made only for one that was not seen lately.
 */
import { isUtf8 } from 'node:buffer';
import type { Acl } from './acl.ts';
import type { BrokerLimits } from './limits.ts';
import { isTopicValid } from './topic.ts';

export interface Topic {
  readonly name: string;
  readonly bytes: Buffer;
  readonly isAllowed: boolean;
  isSubscribed: boolean;
  /** Of the subscriptions when `isSubscribed` was found. */
  version: number;
}

/** All subscriptions of all clients, online and offline. */
export interface Subscribers {
  /** Changes with every subscription that comes or goes. */
  readonly version: number;
  isMatched(topic: string): boolean;
}

/** Compared one after the other, so few; power of two. */
const RECENT_COUNT = 8;

export class TopicCache {
  readonly #acl: Acl;
  readonly #subscribers: Subscribers;
  readonly #limits: BrokerLimits;
  readonly #recent: Topic[] = [];
  #recentNext = 0;
  #lastHit = 0;
  readonly #byName = new Map<string, Topic>();

  constructor(acl: Acl, subscribers: Subscribers, limits: BrokerLimits) {
    this.#acl = acl;
    this.#subscribers = subscribers;
    this.#limits = limits;
  }

  /** null: not a topic that may stand in a PUBLISH. */
  find(bytes: Buffer, start: number, end: number): Topic | null {
    const topic = this.#findRecent(bytes, start, end) ?? this.#remember(bytes, start, end);
    if (topic !== null && topic.version !== this.#subscribers.version) {
      topic.isSubscribed = this.#subscribers.isMatched(topic.name);
      topic.version = this.#subscribers.version;
    }
    return topic;
  }

  #findRecent(bytes: Buffer, start: number, end: number): Topic | null {
    for (let i = 0; i < RECENT_COUNT; i++) {
      const index = (this.#lastHit + i) & (RECENT_COUNT - 1);
      const topic = this.#recent[index];
      if (topic !== undefined && isEqual(topic.bytes, bytes, start, end)) {
        this.#lastHit = index;
        return topic;
      }
    }
    return null;
  }

  #remember(bytes: Buffer, start: number, end: number): Topic | null {
    const own = bytes.subarray(start, end);
    if (!isUtf8(own)) return null;
    const name = own.toString('utf8');
    let topic = this.#byName.get(name);
    if (topic === undefined) {
      if (!isTopicValid(name, this.#limits.topicLevelsMax)) return null;
      topic = {
        name,
        bytes: Buffer.from(own),
        isAllowed: this.#acl.mayPublish(name),
        isSubscribed: false,
        version: -1,
      };
      if (this.#byName.size >= this.#limits.topicsCachedMax) this.#byName.clear();
      this.#byName.set(name, topic);
    }
    this.#lastHit = this.#recentNext;
    this.#recent[this.#recentNext] = topic;
    this.#recentNext = (this.#recentNext + 1) & (RECENT_COUNT - 1);
    return topic;
  }
}

/** From the back: topics of one client differ near their end. */
function isEqual(topic: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (topic.length !== length) return false;
  for (let i = length - 1; i >= 0; i--) if (topic[i] !== bytes[start + i]) return false;
  return true;
}
