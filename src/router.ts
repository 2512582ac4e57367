/**
 * What becomes of a topic on the main thread: whether any rule wants it, and the journal class it belongs to. One bounded cache,
 * so that a known topic costs a look-up however many rules there are.
 */
import { BASIC_INGEST_PREFIX, readBasicIngest } from './basic-ingest.ts';
import type { MessageClass } from './message.ts';
import type { Route } from './ports.ts';

/** Topics remembered; past this the cache starts anew, so an explosion of topics costs time, never memory. */
const TOPICS_CACHED_MAX = 65_536;

export interface RouterOptions {
  /** Whether any enabled rule selects this topic. */
  readonly isMatched: (topic: string) => boolean;
  /** Names of the enabled rules, for Basic Ingest. */
  readonly ruleNames: ReadonlySet<string>;
  /** Whether one of the configured alarm filters matches this topic. */
  readonly isAlarm: (topic: string) => boolean;
}

const ROUTES: Readonly<Record<MessageClass, Route>> = { normal: { class: 'normal' }, alarm: { class: 'alarm' } };

export class Router {
  #options: RouterOptions;
  readonly #cache = new Map<string, Route | null>();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Another rule set, from the next message on. */
  replace(options: RouterOptions): void {
    this.#options = options;
    this.#cache.clear();
  }

  route(topic: string): Route | null {
    const known = this.#cache.get(topic);
    if (known !== undefined) return known;
    if (this.#cache.size >= TOPICS_CACHED_MAX) this.#cache.clear();
    const route = this.#find(topic);
    this.#cache.set(topic, route);
    return route;
  }

  #find(topic: string): Route | null {
    const { isMatched, isAlarm } = this.#options;
    const isWanted = topic.startsWith(BASIC_INGEST_PREFIX) ? this.#isAddressed(topic) : isMatched(topic);
    if (!isWanted) return null;
    return isAlarm(topic) ? ROUTES.alarm : ROUTES.normal;
  }

  /** `$aws/rules/<rule>/<rest>` addresses exactly that rule. */
  #isAddressed(topic: string): boolean {
    const address = readBasicIngest(topic);
    return address !== null && this.#options.ruleNames.has(address.ruleName);
  }
}
