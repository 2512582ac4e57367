/** What does not depend on one another is asked together: one round for all elements of an array, instead of one for each. */
import type { ExternalCall } from '../../external-call.ts';
import { CallPending } from '../external.ts';
import type { Evaluate } from './frame.ts';

/** Runs `evaluate` for each of `count`; then throws, as one CallPending, what those asked that could not go on. */
export function askTogether(count: number, evaluate: (index: number) => void): void {
  const calls: ExternalCall[] = [];
  for (let i = 0; i < count; i++) {
    try {
      evaluate(i);
    } catch (thrown) {
      if (!(thrown instanceof CallPending)) throw thrown;
      calls.push(...thrown.calls);
    }
  }
  if (calls.length > 0) throw new CallPending(calls);
}

/** `then`, once none of its parts has to ask any more. They are evaluated twice, which is little beside asking a service. */
export function askingFirst(parts: readonly Evaluate[], then: Evaluate): Evaluate {
  return (frame) => {
    const { element } = frame;
    askTogether(parts.length, (i) => {
      // A part that threw may have left a nested SELECT in the middle.
      frame.element = element;
      parts[i]?.(frame);
    });
    frame.element = element;
    return then(frame);
  };
}
