/** Lets so many tasks run at once; the others wait in the order they came. */
export class Slots {
  readonly #countMax: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** Asked whenever a task may begin: the bound may change. */
  constructor(countMax: () => number) {
    this.#countMax = countMax;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#countMax() || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await task();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** A place is taken for who waited before anybody else can have it. */
  #next(): void {
    while (this.#running < this.#countMax()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running++;
      next();
    }
  }
}
