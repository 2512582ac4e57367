/**
 * Messages and entries that cannot be delivered as they are, kept with their reason until an operator decides: segments of class `dlq`,
 * one frame per letter, its meta as JSON (every field of a DeadLetter but `body`). Sequences count letters.
 */
import type { DeadLetter } from '../message.ts';
import type { DeadLetters as DeadLettersPort } from '../ports.ts';
import { FrameLog } from './frame-log.ts';
import type { SegmentStore } from './segment-store.ts';

export class DeadLetters implements DeadLettersPort {
  readonly #log: FrameLog;

  constructor(store: SegmentStore, sequenceNext: number, onFailed: (error: Error) => void) {
    this.#log = new FrameLog(store, sequenceNext, onFailed);
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  async put(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    await this.#log.put(letters.map(({ body, ...meta }) => ({ meta: Buffer.from(JSON.stringify(meta)), body })));
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}
