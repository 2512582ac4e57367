/**
 * What a lane knows of a topic, found by the topic's bytes: decoding and matching happen once per topic, not once per message.
 *
 * A table of its own over a hash of the bytes: making a string of them only to look it up in a Map costs 0.5 µs per message where
 * topics are many, this a tenth.
 */
import type { CompiledRule } from './compiled-rules.ts';

/** Per generation; the cache holds two. Bounded against clients that put counters or timestamps into topics. */
const TOPIC_COUNT_MAX = 32_768;
/** Topics with the same hash. Bounded against clients that choose topics so that they collide; more are matched each time. */
const COLLISION_COUNT_MAX = 8;
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

export interface TopicEntry {
  /** As published. */
  readonly topic: string;
  /** As rules see it: without the prefix of Basic Ingest. */
  readonly ruleTopic: string;
  readonly rules: readonly CompiledRule[];
}

interface Slot {
  /** The topic's bytes as a string of one character each: one object in memory, where a Buffer is three. */
  readonly key: string;
  readonly entry: TopicEntry;
  /** The next one with the same hash. */
  readonly next: Slot | undefined;
  readonly chainLength: number;
}

export class TopicCache {
  readonly #match: (topic: string) => TopicEntry;
  #young = new Map<number, Slot>();
  #old = new Map<number, Slot>();
  #youngCount = 0;

  /** `match` answers for topics that are not known. */
  constructor(match: (topic: string) => TopicEntry) {
    this.#match = match;
  }

  find(bytes: Buffer, start: number, end: number): TopicEntry {
    let hash = FNV_OFFSET;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
    const chain = this.#young.get(hash);
    return search(chain, bytes, start, end) ?? this.#findOld(hash, chain, bytes.subarray(start, end));
  }

  /** Two generations: a full one is forgotten as a whole, but what is in use has moved on to the next. */
  #findOld(hash: number, chain: Slot | undefined, topicBytes: Buffer): TopicEntry {
    const known = search(this.#old.get(hash), topicBytes, 0, topicBytes.length);
    const entry = known ?? this.#match(topicBytes.toString());
    const chainLength = (chain?.chainLength ?? 0) + 1;
    if (chainLength > COLLISION_COUNT_MAX) return entry;
    if (this.#youngCount >= TOPIC_COUNT_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCount = 0;
    }
    const next = this.#youngCount === 0 ? undefined : chain;
    this.#young.set(hash, { key: topicBytes.toString('latin1'), entry, next, chainLength });
    this.#youngCount++;
    return entry;
  }
}

function search(chain: Slot | undefined, bytes: Buffer, start: number, end: number): TopicEntry | undefined {
  for (let slot = chain; slot !== undefined; slot = slot.next)
    if (isEqual(slot.key, bytes, start, end)) return slot.entry;
  return undefined;
}

function isEqual(key: string, bytes: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
