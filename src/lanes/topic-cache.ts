/** What a lane knows of a topic, found by the topic's bytes: decoding and matching happen once per topic, not once per message. */
import type { CompiledRule } from './compiled-rules.ts';

/** Per generation; the cache holds two. Bounded against clients that put counters or timestamps into topics. */
const TOPIC_COUNT_MAX = 32_768;

export interface TopicEntry {
  /** As published. */
  readonly topic: string;
  /** As rules see it: without the prefix of Basic Ingest. */
  readonly ruleTopic: string;
  readonly rules: readonly CompiledRule[];
}

export class TopicCache {
  readonly #match: (topic: string) => TopicEntry;
  #young = new Map<string, TopicEntry>();
  #old = new Map<string, TopicEntry>();

  /** `match` answers for topics that are not known. */
  constructor(match: (topic: string) => TopicEntry) {
    this.#match = match;
  }

  find(bytes: Buffer, start: number, end: number): TopicEntry {
    // One byte per character is the cheapest string to make of bytes, and as good a key as any.
    const key = bytes.toString('latin1', start, end);
    return this.#young.get(key) ?? this.#findOld(key, bytes, start, end);
  }

  /** Two generations: a full one is forgotten as a whole, but what is in use has moved on to the next. */
  #findOld(key: string, bytes: Buffer, start: number, end: number): TopicEntry {
    const entry = this.#old.get(key) ?? this.#match(bytes.toString('utf8', start, end));
    if (this.#young.size >= TOPIC_COUNT_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, entry);
    return entry;
  }
}
