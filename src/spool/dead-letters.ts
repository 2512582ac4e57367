/**
 * Messages and entries that cannot be delivered as they are, kept with their reason until an operator decides. Same segments and
 * blocks as the journal, class `dlq`: one `dead` frame per letter, its meta as JSON (every field of a DeadLetter but `body`).
 *
 * Sequences count letters. Nothing is dropped: when the disk fails `put` rejects, and the caller holds what it has.
 */
import { BlockWriter, deadLetterBytesMax } from '../block.ts';
import { asError } from '../errors.ts';
import type { DeadLetter } from '../message.ts';
import type { DeadLetters as DeadLettersPort } from '../ports.ts';
import type { SegmentStore } from './segment-store.ts';

/** What one commit takes at most, past its first letter. */
const COMMIT_BYTES_MAX = 1024 * 1024;

/** Dead letters belong to no rule set: each says itself what it needs. */
const NO_GENERATION = { index: 0, ruleSet: '' };

interface Pending {
  readonly frames: readonly { readonly meta: Buffer; readonly body: Uint8Array }[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class DeadLetters implements DeadLettersPort {
  readonly #store: SegmentStore;
  readonly #onFailed: (error: Error) => void;
  #sequenceNext: number;
  #pending: Pending[] = [];
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();

  constructor(store: SegmentStore, sequenceNext: number, onFailed: (error: Error) => void) {
    this.#store = store;
    this.#sequenceNext = sequenceNext;
    this.#onFailed = onFailed;
  }

  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#store.segments) bytes += segment.dataEnd;
    return bytes;
  }

  put(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return Promise.resolve();
    const frames = letters.map(({ body, ...meta }) => ({ meta: Buffer.from(JSON.stringify(meta)), body }));
    let bytes = 0;
    for (const { meta, body } of frames) bytes += deadLetterBytesMax(meta.length, body.length);
    const put = new Promise<void>((resolve, reject) => this.#pending.push({ frames, bytes, resolve, reject }));
    if (!this.#isRunning) this.#running = this.#run();
    return put;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#store.close();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
        for (const { resolve } of group) resolve();
      } catch (thrown) {
        const error = asError(thrown);
        for (const { reject } of group) reject(error);
      }
    }
    // In the same turn as the last look: a letter put after it starts the next run.
    this.#isRunning = false;
  }

  #takeGroup(): readonly Pending[] {
    let count = 0;
    let bytes = 0;
    for (const pending of this.#pending) {
      if (count > 0 && bytes + pending.bytes > COMMIT_BYTES_MAX) break;
      bytes += pending.bytes;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  /** A failed write goes once to a new segment; then the caller decides. */
  async #commit(group: readonly Pending[]): Promise<void> {
    let bytes = 0;
    for (const pending of group) bytes += pending.bytes;
    const writer = new BlockWriter(Buffer.alloc((bytes + 7) & ~7), 0);
    for (const { frames } of group) {
      for (const { meta, body } of frames) writer.deadLetter(meta, body);
    }
    const firstSequence = this.#sequenceNext;
    const lastSequence = firstSequence + writer.messageCount - 1;
    for (let failures = 0; ; failures++) {
      try {
        const segment = await this.#store.reserve(writer.bytesSealed, NO_GENERATION);
        const sealed = writer.seal(firstSequence, firstSequence - 1, segment.seed);
        const written = { byteLength: sealed.length, firstSequence, lastSequence, messageCount: writer.messageCount };
        await this.#store.write([sealed], written);
        this.#sequenceNext = lastSequence + 1;
        return;
      } catch (thrown) {
        const error = asError(thrown);
        this.#onFailed(error);
        if (failures > 0) throw error;
      }
    }
  }
}
