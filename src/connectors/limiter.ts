/** Places for calls that run at the same time, and a bounded queue before them. First come, first served. */
export class Limiter {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  /** `entered`: there is a place, to be given back with one `leave`. `full`: the queue is. `aborted`: the signal came first. */
  enter(signal: AbortSignal): Promise<'entered' | 'full' | 'aborted'> {
    if (signal.aborted) return Promise.resolve('aborted');
    if (this.#running < this.#runningMax) {
      this.#running++;
      return Promise.resolve('entered');
    }
    if (this.#waiting.size >= this.#waitingMax) return Promise.resolve('full');
    return new Promise((resolve) => {
      const enter = () => resolve('entered');
      const giveUp = () => {
        this.#waiting.delete(enter);
        resolve('aborted');
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place to who waits longest. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
