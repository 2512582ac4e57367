/** Sample messages, by the topics that a rule takes. */
import { matchesFilter } from '../../topic-filter.ts';
import type { Value } from '../../value.ts';
import { type Shape, shapeOf } from './shape.ts';

export interface Sample {
  /** null: it may have come on any topic. */
  readonly topic: string | null;
  readonly payload: Value;
}

/** Shapes that are kept; rules that follow one another often have the same filter. */
const SHAPES_MAX = 16;

export class Samples {
  readonly #samples: readonly Sample[];
  readonly #shapes = new Map<string | null, Shape | null>();

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  /** What the payloads on matching topics have in common; null when there are none. A rule without filter takes all. */
  shapeFor(filter: string | null): Shape | null {
    const known = this.#shapes.get(filter);
    if (known !== undefined) return known;
    const taken = this.#samples.filter(
      ({ topic }) => topic === null || filter === null || matchesFilter(filter, topic),
    );
    const shape = taken.length === 0 ? null : shapeOf(taken.map(({ payload }) => payload));
    if (this.#shapes.size >= SHAPES_MAX) this.#shapes.clear();
    this.#shapes.set(filter, shape);
    return shape;
  }

  /** Whether a sample came on the topic above the `#` of a filter, which MQTT would match and rules do not. */
  hasTopicAbove(filter: string): boolean {
    if (!filter.endsWith('/#')) return false;
    const above = filter.slice(0, -2);
    return this.#samples.some(({ topic }) => topic !== null && matchesFilter(above, topic));
  }
}
