/** Long work in steps: done at once, or in between what else a thread has to do. */

export type Steps<T> = Generator<undefined, T>;

/** The longest that others wait for a step, and a little more. */
const TURN_MS_MAX = 5;

export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Lets the event loop turn every TURN_MS_MAX. */
export async function finishInTurns<T>(steps: Steps<T>): Promise<T> {
  let startedAt = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - startedAt < TURN_MS_MAX) continue;
    await new Promise((resolve) => setImmediate(resolve));
    startedAt = performance.now();
  }
}
