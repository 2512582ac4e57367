/** Configurations by their rule set: those that were in force lately, as messages may wait that were acknowledged under them. */
import { type Config, contextOf } from './config.ts';
import type { Events } from './events.ts';
import { loadStoredRuleSet } from './rule-set.ts';

/** Older ones come from the spool, as after a restart. */
const CONFIGS_MAX = 8;

export class ConfigsInUse {
  readonly #events: Pick<Events, 'ruleSetUnreadable'>;
  /** In the order they came. */
  readonly #known = new Map<string, Config>();
  #newest: Config;

  constructor(first: Config, events: Pick<Events, 'ruleSetUnreadable'>) {
    this.#newest = first;
    this.#events = events;
    this.add(first);
  }

  get newest(): Config {
    return this.#newest;
  }

  add(config: Config): void {
    const { hash } = config.ruleSet;
    // The same set again comes after those that were taken since.
    this.#known.delete(hash);
    this.#known.set(hash, config);
    this.#newest = config;
    const [oldest] = this.#known.keys();
    if (this.#known.size > CONFIGS_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  /**
   * The configuration that messages of this set are evaluated under from now on. One that only the spool knows, from an earlier run, has
   * today's connectors and credentials; where its text is lost or no longer valid, the newest has to do.
   */
  take(hash: string, text: string | null): Config {
    return this.#known.get(hash) ?? this.#restore(hash, text);
  }

  #restore(hash: string, text: string | null): Config {
    const { aws, connectors, descriptors } = this.#newest;
    // A function that lost its connector fails for each message, which is kept then; refusing the set would drop them.
    const context = {
      aws,
      isAwsKnown: true,
      isAnalysed: false,
      ...contextOf(connectors, descriptors),
      available: undefined,
    };
    const { ruleSet, findings } =
      text === null ? { ruleSet: null, findings: [] } : loadStoredRuleSet(`rule set ${hash}`, text, context);
    const mistakes = findings.filter(({ severity }) => severity === 'error');
    if (ruleSet === null || mistakes.length > 0) {
      this.#events.ruleSetUnreadable(hash, mistakes);
      return this.#newest;
    }
    return { ...this.#newest, ruleSet };
  }
}
