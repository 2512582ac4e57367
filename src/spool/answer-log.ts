/**
 * What services answered for messages that are not settled yet: a replay after a crash has to emit what was emitted before.
 *
 * Invariants
 * - An answer is durable before anything that was evaluated with it leaves the gateway.
 * - A segment goes when every message that it has answers for is settled; one that is read back damaged is no loss, as the service is
 *   asked again.
 * - Failures are not kept, and neither are secrets.
 *
 * Bytes: segments of class `answers`, one `dead` frame per answer (../block.ts). Meta: JSON `{"sequence", "key"}`, where the key is a hash
 * of function and parameters. Body: the answer's JSON text.
 */
import { createHash } from 'node:crypto';
import type { ExternalAnswer, ExternalCall, ExternalFunctionName } from '../external-call.ts';
import type { RecordedAnswers } from '../ports.ts';
import type { Files } from './files.ts';
import { FrameLog } from './frame-log.ts';
import { readFrames } from './frame-log-reader.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';

const NEVER_KEPT: readonly ExternalFunctionName[] = ['get_secret'];

type Asked = Parameters<RecordedAnswers['find']>[0];
type Answered = Parameters<RecordedAnswers['put']>[0][number];

export interface AnswerLogOptions {
  readonly store: SegmentStore;
  readonly sequenceNext: number;
  readonly onFailed: (error: Error) => void;
}

export class AnswerLog implements RecordedAnswers {
  readonly #log: FrameLog;
  readonly #store: SegmentStore;
  /** Of earlier runs: by message, then by key. */
  readonly #recorded = new Map<number, Map<string, string>>();
  /** The last message that a segment has answers for. */
  readonly #lastMessages = new Map<Segment, number>();

  constructor({ store, sequenceNext, onFailed }: AnswerLogOptions) {
    this.#store = store;
    this.#log = new FrameLog(store, sequenceNext, onFailed);
  }

  /** Once, before anything is asked for. `isNeeded`: the message is not settled. */
  async load(files: Files, directory: string, isNeeded: (sequence: number) => boolean): Promise<void> {
    for (const segment of this.#store.segments) {
      this.#reach(segment, 0);
      // Damage: those answers are asked for again.
      for (const { meta, body } of await readFrames(files, directory, segment, () => {})) {
        const { sequence, key } = JSON.parse(meta.toString()) as { readonly sequence: number; readonly key: string };
        this.#reach(segment, sequence);
        if (!isNeeded(sequence)) continue;
        const byKey = this.#recorded.get(sequence) ?? new Map<string, string>();
        this.#recorded.set(sequence, byKey.set(key, Buffer.from(body).toString()));
      }
    }
  }

  find({ sequence, call }: Asked): ExternalAnswer | null {
    const text = this.#recorded.get(sequence)?.get(keyOf(call));
    return text === undefined ? null : { isOk: true, text };
  }

  async put(answered: readonly Answered[]): Promise<void> {
    const frames: { readonly meta: Buffer; readonly body: Buffer }[] = [];
    let last = 0;
    for (const { sequence, call, answer } of answered) {
      if (!answer.isOk || NEVER_KEPT.includes(call.function)) continue;
      frames.push({
        meta: Buffer.from(JSON.stringify({ sequence, key: keyOf(call) })),
        body: Buffer.from(answer.text),
      });
      last = Math.max(last, sequence);
    }
    if (frames.length > 0) this.#reach(await this.#log.put(frames), last);
  }

  /** Collects what frees the segments that only have answers for messages before `floor`; null: there are none. */
  freeable(floor: number): (() => Promise<void>) | null {
    for (const sequence of this.#recorded.keys()) if (sequence < floor) this.#recorded.delete(sequence);
    const done = this.#store.segments.filter(
      (segment) => segment !== this.#store.active && segment.isSealed && this.#lastOf(segment) < floor,
    );
    if (done.length === 0) return null;
    return async () => {
      for (const segment of done) {
        await this.#store.free(segment);
        this.#lastMessages.delete(segment);
      }
    };
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  /** A segment that was only just written is not known yet. */
  #lastOf(segment: Segment): number {
    return this.#lastMessages.get(segment) ?? Number.POSITIVE_INFINITY;
  }

  #reach(segment: Segment, sequence: number): void {
    this.#lastMessages.set(segment, Math.max(sequence, this.#lastMessages.get(segment) ?? 0));
  }
}

function keyOf(call: ExternalCall): string {
  return createHash('sha256')
    .update(call.function)
    .update('\n')
    .update(call.parameters)
    .digest('base64url')
    .slice(0, 22);
}
