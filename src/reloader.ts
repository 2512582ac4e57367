/**
 * Takes a changed configuration into use: read and validated whole, then handed to the gateway, or refused with every finding while
 * the old one goes on. One reload at a time; requests that come meanwhile are one more.
 */
import type { Config, LoadResult } from './config.ts';
import { asError, type Finding } from './errors.ts';
import type { Events } from './events.ts';

/** What the gateway says it did with a configuration. */
export interface ReloadOutcome {
  /** False: rules, schemas, connectors and users are what they were. */
  readonly isChanged: boolean;
  /** Sections that differ and wait for a restart. */
  readonly needRestart: readonly string[];
}

export interface ReloaderOptions {
  readonly load: () => Promise<LoadResult>;
  readonly apply: (config: Config) => Promise<ReloadOutcome>;
  /** Rules in force now. */
  readonly ruleCount: () => number;
  readonly events: Pick<Events, 'reloadRefused' | 'reloadApplied' | 'reloadFailed'>;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Resolves when what was on disk at the time of the call, or later, has been taken into use or refused. Never rejects. */
  async request(): Promise<void> {
    if (this.#running !== null) {
      this.#isAskedAgain = true;
      return this.#running;
    }
    this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#reload();
    } while (this.#isAskedAgain);
    // In the same turn as the last look: a request after it starts the next run.
    this.#running = null;
  }

  async #reload(): Promise<void> {
    const { load, apply, ruleCount, events } = this.#options;
    try {
      const { config, findings } = await load();
      if (config === null) {
        events.reloadRefused(findings);
        return;
      }
      const missing = ruleCount() > 0 && config.ruleSet.rules.length === 0 ? vanished(findings) : [];
      if (missing.length > 0) {
        events.reloadRefused(missing);
        return;
      }
      const outcome = await apply(config);
      events.reloadApplied(config.ruleSet.rules.length, outcome.isChanged, outcome.needRestart, findings);
    } catch (thrown) {
      // A file that vanished between being listed and being read, or a disk that refused the new set: the old one goes on.
      events.reloadFailed(asError(thrown));
    }
  }
}

/**
 * The findings of rule files that are gone or empty, as mistakes. A folder that is not mounted or is being written anew looks as if nobody
 * wanted rules any more, and what is acknowledged without rules is not kept.
 */
function vanished(findings: readonly Finding[]): readonly Finding[] {
  return findings
    .filter(({ code }) => code === 'CONFIG_FILE_UNREADABLE')
    .map((finding) => ({
      ...finding,
      severity: 'error',
      message: `${finding.message} No rule would be left. Where none is wanted, write rules: [] in the configuration.`,
    }));
}
