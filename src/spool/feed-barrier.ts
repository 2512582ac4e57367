/**
 * After a change of the lane count a client's old messages may belong to another lane than its new ones. So every lane drains what the
 * old count left behind before any lane goes on: otherwise a client's new message could overtake its old ones.
 */
export class FeedBarrier {
  #lanesLeft: number;
  readonly #onOpen: () => void;

  constructor(laneCount: number, isNeeded: boolean, onOpen: () => void) {
    this.#lanesLeft = isNeeded ? laneCount : 0;
    this.#onOpen = onOpen;
  }

  get isOpen(): boolean {
    return this.#lanesLeft === 0;
  }

  /** Once per lane: it has read and handled all that stands before the barrier. */
  arrive(): void {
    this.#lanesLeft--;
    if (this.#lanesLeft === 0) this.#onOpen();
  }
}
