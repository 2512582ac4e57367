/** Waiting that a shutdown can cut short. */
export class Pause {
  readonly #ends = new Set<() => void>();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves after `ms`, or sooner when interrupted. */
  async wait(ms: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#ends.add(end);
    });
  }

  interrupt(): void {
    for (const end of [...this.#ends]) end();
  }

  /** No wait after this. */
  close(): void {
    this.#isClosed = true;
    this.interrupt();
  }
}
