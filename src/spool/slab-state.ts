/** A slab as the spool keeps it while it is queued, evaluated and settled. */
import type { MessageClass, SequenceRange } from '../message.ts';
import type { Slab } from './api.ts';
import type { Segment } from './segment.ts';

/** Where whole blocks of a slab stand in its segment. */
export interface Extent {
  readonly offset: number;
  readonly byteLength: number;
}

export class SlabState implements Slab {
  readonly class: MessageClass;
  readonly segment: Segment;
  readonly isReplay: boolean;
  readonly ranges: SequenceRange[] = [];
  readonly extents: Extent[] = [];
  messageCount = 0;
  isEvaluated = false;
  /** Parts that are not settled, in all and by action. */
  partsLeft = 0;
  partsLeftByAction: Map<string, number> | null = null;
  /** Actions whose parts were all named when the slab was evaluated. */
  readonly actionsCounted = new Set<string>();
  /** Actions that settled all their parts while others have not, to be recorded; and all of them, recorded or not. */
  readonly actionsDone: string[] = [];
  actionsClosed: Set<string> | null = null;

  /** Counts as open in its segment until it is settled or discarded. */
  constructor(messageClass: MessageClass, segment: Segment, isReplay: boolean) {
    this.class = messageClass;
    this.segment = segment;
    this.isReplay = isReplay;
    segment.slabsOpen++;
  }

  get first(): number {
    return this.ranges[0]?.first ?? 0;
  }

  get last(): number {
    return this.ranges.at(-1)?.last ?? 0;
  }

  addRange(first: number, last: number): void {
    const previous = this.ranges.at(-1);
    this.messageCount += last - first + 1;
    if (previous !== undefined && previous.last + 1 === first)
      this.ranges.splice(-1, 1, { first: previous.first, last });
    else this.ranges.push({ first, last });
  }

  addExtent(offset: number, byteLength: number): void {
    const previous = this.extents.at(-1);
    if (previous !== undefined && previous.offset + previous.byteLength === offset) {
      this.extents.splice(-1, 1, { offset: previous.offset, byteLength: previous.byteLength + byteLength });
    } else {
      this.extents.push({ offset, byteLength });
    }
  }

  /** Not evaluated after all: its messages will be read again as another slab. */
  discard(): void {
    this.segment.slabsOpen--;
  }
}
