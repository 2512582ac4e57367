/**
 * Which rules want a topic, among thousands, without asking each.
 *
 * ```
 * trie by level:   ''── sensors ── + ── temperature → [rule 3]
 *                            └── # → [rule 1]
 * in front of it:  topic → rows, for the topics of late (devices repeat theirs)
 * ```
 */

export interface TopicRow<T> {
  readonly filter: string;
  readonly value: T;
}

interface Node {
  readonly children: Map<string, Node>;
  /** Indexes of rows whose filter ends here. */
  readonly rows: number[];
}

const CACHE_ENTRIES_MAX_DEFAULT = 10_000;

export class TopicIndex<T> {
  readonly #values: readonly T[];
  readonly #root: Node = newNode();
  readonly #cache = new Map<string, readonly T[]>();
  readonly #cacheEntriesMax: number;

  constructor(rows: readonly TopicRow<T>[], options: { readonly cacheEntriesMax?: number } = {}) {
    this.#values = rows.map((row) => row.value);
    this.#cacheEntriesMax = options.cacheEntriesMax ?? CACHE_ENTRIES_MAX_DEFAULT;
    for (const [i, row] of rows.entries()) this.#insert(row.filter, i);
  }

  /** Values of the rows whose filter matches, in the order of the rows. The array is shared: nobody changes it. */
  match(topic: string): readonly T[] {
    const known = this.#cache.get(topic);
    if (known !== undefined) return known;
    const found = this.#search(topic);
    // Dropping all at once costs less than keeping order, and only where topics are too many to repeat anyway.
    if (this.#cache.size >= this.#cacheEntriesMax) this.#cache.clear();
    if (this.#cacheEntriesMax > 0) this.#cache.set(topic, found);
    return found;
  }

  #insert(filter: string, row: number): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.rows.push(row);
  }

  #search(topic: string): readonly T[] {
    const levels = topic.split('/');
    const isReserved = topic.startsWith('$');
    const rows: number[] = [];
    let nodes: Node[] = [this.#root];
    for (const [i, level] of levels.entries()) {
      const next: Node[] = [];
      for (const node of nodes) {
        // Wildcards at the first level do not see topics that begin with '$'.
        const takesWildcards = i > 0 || !isReserved;
        const rest = takesWildcards ? node.children.get('#') : undefined;
        if (rest !== undefined) rows.push(...rest.rows);
        const any = takesWildcards ? node.children.get('+') : undefined;
        if (any !== undefined) next.push(any);
        const exact = level === '+' || level === '#' ? undefined : node.children.get(level);
        if (exact !== undefined) next.push(exact);
      }
      nodes = next;
    }
    for (const node of nodes) rows.push(...node.rows);
    return rows.sort((left, right) => left - right).map((row) => this.#values[row] as T);
  }
}

function newNode(): Node {
  return { children: new Map(), rows: [] };
}
