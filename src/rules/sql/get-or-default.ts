import { CallFailed } from '../external.ts';
import type { Value } from '../value.ts';
import type { Evaluate } from './frame.ts';

/** get_or_default() around calls that may fail: what failed is as good as Undefined. A call that is not answered yet passes through. */
export function failureToDefault(evaluate: Evaluate, fallback: Evaluate): Evaluate {
  return (frame) => {
    const { element } = frame;
    let value: Value;
    try {
      value = evaluate(frame);
    } catch (thrown) {
      if (!(thrown instanceof CallFailed)) throw thrown;
      // It may have been thrown out of a nested SELECT.
      frame.element = element;
    }
    return value ?? fallback(frame);
  };
}
