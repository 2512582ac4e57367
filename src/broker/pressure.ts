/** The connections that are not read because too many bytes wait for the disk, or for their lane. */
import type { Intake } from '../ports.ts';

interface Waiting {
  readonly resumes: Set<() => void>;
  isRegistered: boolean;
}

export class Pressure {
  readonly #intake: Intake;
  readonly #byLane = new Map<number, Waiting>();

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  isFull(lane: number): boolean {
    return this.#intake.isFull(lane);
  }

  /** `resume` is called once room came back; it looks again itself. The same function waits once. */
  wait(lane: number, resume: () => void): void {
    let waiting = this.#byLane.get(lane);
    if (waiting === undefined) {
      waiting = { resumes: new Set(), isRegistered: false };
      this.#byLane.set(lane, waiting);
    }
    waiting.resumes.add(resume);
    this.#register(lane, waiting);
  }

  forget(lane: number, resume: () => void): void {
    this.#byLane.get(lane)?.resumes.delete(resume);
  }

  #register(lane: number, waiting: Waiting): void {
    if (waiting.isRegistered) return;
    waiting.isRegistered = true;
    this.#intake.whenRelieved(() => {
      waiting.isRegistered = false;
      this.#relieve(lane, waiting);
    }, lane);
  }

  /** In the order in which they began to wait, and no more of them than there is room for. */
  #relieve(lane: number, waiting: Waiting): void {
    for (const resume of waiting.resumes) {
      if (this.#intake.isFull(lane)) {
        this.#register(lane, waiting);
        return;
      }
      waiting.resumes.delete(resume);
      resume();
    }
  }
}
