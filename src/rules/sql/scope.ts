/** Names known while a statement is compiled, and what was seen of it. */
import type { DescriptorSet } from '../protobuf/descriptor-set.ts';

export class Scope {
  /** For decode(…, 'proto', …). */
  readonly descriptors: readonly DescriptorSet[];
  readonly #slots = new Map<string, number>();
  #slotCount = 0;
  /** Whether fields of the payload are read. */
  readsDocument = false;
  /** Whether a service is asked. */
  callsExternal = false;
  /** So many calls seen may throw CallFailed. */
  failingCalls = 0;

  constructor(descriptors: readonly DescriptorSet[] = []) {
    this.descriptors = descriptors;
  }

  get slotCount(): number {
    return this.#slotCount;
  }

  /** Slot of `@name`. */
  variable(name: string): number | undefined {
    return this.#slots.get(`@${name}`);
  }

  defineVariable(name: string): number {
    return this.#define(`@${name}`);
  }

  /** Slot of an alias of a nested query around here. */
  alias(name: string): number | undefined {
    return this.#slots.get(name);
  }

  /** Compiles the inside of a query with `alias` known; an alias of the same name further out is hidden meanwhile. */
  withAlias<Result>(alias: string, compile: (slot: number) => Result): Result {
    const outer = this.#slots.get(alias);
    const slot = this.#define(alias);
    const result = compile(slot);
    if (outer === undefined) this.#slots.delete(alias);
    else this.#slots.set(alias, outer);
    return result;
  }

  #define(name: string): number {
    const slot = this.#slotCount++;
    this.#slots.set(name, slot);
    return slot;
  }
}
