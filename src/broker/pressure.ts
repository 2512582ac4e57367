/** The connections that are not read because too many bytes wait for the disk. */
import type { Intake } from '../ports.ts';

export class Pressure {
  readonly #intake: Intake;
  readonly #waiting = new Set<() => void>();
  #isRegistered = false;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  isFull(): boolean {
    return this.#intake.isFull();
  }

  /** `resume` is called once room came back; it looks again itself. The same function waits once. */
  wait(resume: () => void): void {
    this.#waiting.add(resume);
    this.#register();
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  #register(): void {
    if (this.#isRegistered) return;
    this.#isRegistered = true;
    this.#intake.whenRelieved(() => {
      this.#isRegistered = false;
      this.#relieve();
    });
  }

  /** In the order in which they began to wait, and no more of them than there is room for. */
  #relieve(): void {
    for (const resume of this.#waiting) {
      if (this.#intake.isFull()) {
        this.#register();
        return;
      }
      this.#waiting.delete(resume);
      resume();
    }
  }
}
