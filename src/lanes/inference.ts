/** Samples of what actions without a schema would write, taken from the slab that brought their first messages. */
import { inferSchema } from '../codec/avro/infer.ts';
import type { SlabResult } from '../lane-protocol.ts';
import type { Value } from '../rules/value.ts';
import type { CompiledAction } from './compiled-rules.ts';
import { failureDocument } from './failure.ts';
import type { LaneMessage } from './lane-message.ts';
import { withMetadata } from './metadata.ts';

/** Samples per action. More would only find rarer fields, and those land in the `extra` map. */
const SAMPLE_COUNT_MAX = 1_000;

export class Inference {
  readonly #samples = new Map<CompiledAction, Value[]>();

  add(action: CompiledAction, message: LaneMessage, value: Value): void {
    let samples = this.#samples.get(action);
    if (samples === undefined) {
      samples = [];
      this.#samples.set(action, samples);
    }
    const { metadata } = action;
    if (samples.length < SAMPLE_COUNT_MAX) samples.push(withMetadata(value, metadata.names, metadata.samples(message)));
  }

  /** An error action's output has the same shape whatever fails: it needs no message that failed. */
  addFailureDocument(action: CompiledAction, message: LaneMessage): void {
    const failure = {
      code: 'MESSAGE_RULE_FAILED',
      reason: '',
      action: '',
      failedAction: '',
      failedResource: '',
    } as const;
    this.add(action, message, failureDocument(message, '', '', '', [failure]));
  }

  /** One schema per action that had an object to show; the others' messages fail when they are encoded. */
  finish(): SlabResult['inferred'] {
    const inferred: { action: number; text: string }[] = [];
    for (const [action, samples] of this.#samples) {
      const text = inferSchema(samples, { name: action.plan.ruleName, smallIntegers: 'double' });
      if (text !== null) inferred.push({ action: action.index, text });
    }
    this.#samples.clear();
    return inferred;
  }
}
