/** Counts who still holds a share of a part; the last one to let go settles it. */
import { invariant } from '../../errors.ts';
import type { Entry } from '../../message.ts';

export class Settlement {
  #holders = 1;
  readonly #settled: () => void;

  /** Begins with one holder: the assembler that was given the part. */
  constructor(settled: () => void) {
    this.#settled = settled;
  }

  retain(): void {
    invariant(this.#holders > 0, 'a settled part cannot be held again');
    this.#holders++;
  }

  release(): void {
    invariant(this.#holders > 0, 'a part settles once');
    this.#holders--;
    // Not from inside the call that handed the part over: its caller may not be ready to be told.
    if (this.#holders === 0) queueMicrotask(this.#settled);
  }
}

/** An entry and the parts that it carries a share of; each share is one `retain`. */
export interface Bundle {
  readonly entry: Entry;
  readonly settlements: readonly Settlement[];
}

export function release(bundle: Bundle): void {
  for (const settlement of bundle.settlements) settlement.release();
}
