/** Values under topics, found by filter: the retained messages. A filter without wildcards costs one path, not a scan. */

interface Node<V> {
  readonly children: Map<string, Node<V>>;
  value: V | undefined;
}

export class TopicMap<V> {
  readonly #root: Node<V> = { children: new Map(), value: undefined };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): V | undefined {
    let node: Node<V> | undefined = this.#root;
    for (const level of topic.split('/')) node = node?.children.get(level);
    return node?.value;
  }

  set(topic: string, value: V): void {
    let node = this.#root;
    for (const level of topic.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: new Map(), value: undefined };
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  delete(topic: string): void {
    if (this.get(topic) === undefined) return;
    this.#size--;
    removeFrom(this.#root, topic.split('/'), 0);
  }

  match(filter: string): V[] {
    const found: V[] = [];
    collect(this.#root, filter.split('/'), 0, found);
    return found;
  }
}

function removeFrom<V>(node: Node<V>, levels: readonly string[], depth: number): void {
  const level = levels[depth];
  if (level === undefined) {
    node.value = undefined;
    return;
  }
  const child = node.children.get(level);
  if (child === undefined) return;
  removeFrom(child, levels, depth + 1);
  if (child.children.size === 0 && child.value === undefined) node.children.delete(level);
}

function collect<V>(node: Node<V>, levels: readonly string[], depth: number, found: V[]): void {
  const level = levels[depth];
  if (level === undefined) {
    if (node.value !== undefined) found.push(node.value);
  } else if (level === '#') {
    collectBelow(node, depth, found);
  } else if (level === '+') {
    for (const [name, child] of node.children) {
      if (!isHidden(name, depth)) collect(child, levels, depth + 1, found);
    }
  } else {
    const child = node.children.get(level);
    if (child !== undefined) collect(child, levels, depth + 1, found);
  }
}

/** `a/#` matches `a` and everything below. */
function collectBelow<V>(node: Node<V>, depth: number, found: V[]): void {
  if (node.value !== undefined) found.push(node.value);
  for (const [name, child] of node.children) {
    if (!isHidden(name, depth)) collectBelow(child, depth + 1, found);
  }
}

/** Wildcards do not match topics that start with `$`. [MQTT-4.7.2-1] */
function isHidden(name: string, depth: number): boolean {
  return depth === 0 && name.startsWith('$');
}
