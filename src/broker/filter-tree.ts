/**
 * Values under topic filters, found by topic: MQTT 3.1.1 section 4.7, empty levels and `$` topics included. One node per level:
 *
 * ```
 * root ─ "plant" ─ "+" ─ "temp"   {values of plant/+/temp}
 *                └ "#"            {values of plant/#}
 * ```
 */

interface Node<V> {
  readonly children: Map<string, Node<V>>;
  readonly values: Set<V>;
}

export class FilterTree<V> {
  readonly #root: Node<V> = createNode();
  #version = 0;

  /** Changes whenever the answer of `match` or `isMatched` may have changed. */
  get version(): number {
    return this.#version;
  }

  add(filter: string, value: V): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = createNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.values.add(value);
    this.#version++;
  }

  remove(filter: string, value: V): void {
    this.#version++;
    removeFrom(this.#root, filter.split('/'), 0, value);
  }

  /** A value stands in the answer once per filter that matches. */
  match(topic: string): V[] {
    const found: V[] = [];
    visit(this.#root, topic.split('/'), 0, (values) => {
      for (const value of values) found.push(value);
      return false;
    });
    return found;
  }

  isMatched(topic: string): boolean {
    return visit(this.#root, topic.split('/'), 0, () => true);
  }
}

function createNode<V>(): Node<V> {
  return { children: new Map(), values: new Set() };
}

function removeFrom<V>(node: Node<V>, levels: readonly string[], depth: number, value: V): void {
  const level = levels[depth];
  if (level === undefined) {
    node.values.delete(value);
    return;
  }
  const child = node.children.get(level);
  if (child === undefined) return;
  removeFrom(child, levels, depth + 1, value);
  if (child.children.size === 0 && child.values.size === 0) node.children.delete(level);
}

/** Calls `take` for every non-empty set that matches, until it returns true. Recursion is bounded by the levels of a topic. */
function visit<V>(node: Node<V>, levels: readonly string[], depth: number, take: (values: Set<V>) => boolean): boolean {
  const isWildcardAllowed = depth > 0 || !(levels[0]?.startsWith('$') ?? false);
  if (isWildcardAllowed) {
    // `a/#` matches `a` too. [MQTT-4.7.1-2, non-normative comment]
    const rest = node.children.get('#');
    if (rest !== undefined && rest.values.size > 0 && take(rest.values)) return true;
  }
  const level = levels[depth];
  if (level === undefined) return node.values.size > 0 && take(node.values);
  const exact = node.children.get(level);
  if (exact !== undefined && visit(exact, levels, depth + 1, take)) return true;
  const any = isWildcardAllowed ? node.children.get('+') : undefined;
  return any !== undefined && visit(any, levels, depth + 1, take);
}
