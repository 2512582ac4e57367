/** The filters that one connection subscribes to, and the QoS each was granted. Bounded where SUBSCRIBE is authorized. */
import { FilterTree } from './filter-tree.ts';

interface Grant {
  readonly qos: number;
}

export class GrantedFilters {
  readonly #grants = new Map<string, Grant>();
  readonly #tree = new FilterTree<Grant>();

  get size(): number {
    return this.#grants.size;
  }

  has(filter: string): boolean {
    return this.#grants.has(filter);
  }

  set(filter: string, qos: number): void {
    this.delete(filter);
    const grant = { qos };
    this.#grants.set(filter, grant);
    this.#tree.add(filter, grant);
  }

  delete(filter: string): void {
    const grant = this.#grants.get(filter);
    if (grant === undefined) return;
    this.#grants.delete(filter);
    this.#tree.remove(filter, grant);
  }

  /** At which QoS a message goes to this connection: the highest that a matching filter was granted. [MQTT-3.3.5-1, 3.8.4-6] */
  qosFor(topic: string, qos: 0 | 1 | 2): 0 | 1 | 2 {
    let granted = -1;
    for (const grant of this.#tree.match(topic)) granted = Math.max(granted, grant.qos);
    if (granted < 0 || granted >= qos) return qos;
    return granted === 1 ? 1 : 0;
  }
}
