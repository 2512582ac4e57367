/**
 * Tells that devices address rules that are not there or not enabled, by Basic Ingest: AWS's log entry and metric RuleNotFound. Such a
 * message is acknowledged, as nothing else would stop the device from sending it again, and counted as unmatched.
 */
import { BASIC_INGEST_PREFIX } from './basic-ingest.ts';
import type { Events } from './events.ts';

/** The same name is not told again sooner; so at most NAMES_MAX events in this time, whatever is sent. */
const QUIET_MS = 60_000;
const NAMES_MAX = 32;
const NAME_CHARACTERS_MAX = 128;

export class RuleNotFound {
  readonly #events: Pick<Events, 'ruleNotFound'>;
  readonly #clock: () => number;
  /** When each name was told last, the oldest first. */
  readonly #toldAt = new Map<string, number>();

  constructor(events: Pick<Events, 'ruleNotFound'>, clock: () => number) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Called for each message that no rule wants; cheap for those of other topics. */
  unmatched(topic: string): void {
    if (!topic.startsWith(BASIC_INGEST_PREFIX)) return;
    const [name = ''] = topic.slice(BASIC_INGEST_PREFIX.length).slice(0, NAME_CHARACTERS_MAX).split('/', 1);
    const now = this.#clock();
    for (const [other, toldAt] of this.#toldAt) {
      // A clock that was set back keeps nobody quiet.
      if (now - toldAt < QUIET_MS && now >= toldAt) break;
      this.#toldAt.delete(other);
    }
    if (this.#toldAt.has(name) || this.#toldAt.size >= NAMES_MAX) return;
    this.#toldAt.set(name, now);
    this.#events.ruleNotFound(name);
  }
}
