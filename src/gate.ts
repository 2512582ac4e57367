/** Many may be inside at once, unless somebody holds the gate: then nobody is. */
export class Gate {
  #inside = 0;
  #isHeld = false;
  #waiting: (() => void)[] = [];
  #emptied: (() => void)[] = [];

  /** Waits while the gate is held. */
  async pass<T>(task: () => Promise<T>): Promise<T> {
    while (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside++;
    try {
      return await task();
    } finally {
      this.#inside--;
      if (this.#inside === 0) for (const resolve of this.#emptied.splice(0)) resolve();
    }
  }

  /** Resolves when nobody is inside, and nobody enters until `release`. Holding it again is holding it. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    while (this.#inside > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  release(): void {
    this.#isHeld = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
