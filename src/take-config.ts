/**
 * Takes another configuration into use while the gateway runs. What is acknowledged before the turn in which it happens is evaluated
 * under the rules of before, what is acknowledged after it under the new ones: the journal is cut in the same turn in which the router
 * begins to choose by the new rules, and says so in its segments (spool/generations.ts). The rest follows when the lanes get there.
 */
import type { Broker } from './broker/broker.ts';
import type { Config } from './config.ts';
import type { ConfigsInUse } from './configs-in-use.ts';
import type { ReloadOutcome } from './reloader.ts';
import type { Router } from './router.ts';
import { routesOf } from './routes.ts';
import type { Spool } from './spool/api.ts';

export interface RunningParts {
  readonly configs: ConfigsInUse;
  readonly spool: Pick<Spool, 'prepareRuleSet' | 'cutRuleSet'>;
  readonly router: Router;
  readonly broker: Pick<Broker, 'reloadUsers'>;
}

/** What a running gateway cannot change. */
const NEED_RESTART = [
  'gateway',
  'listeners',
  'auth',
  'journal',
  'admin',
  'lanes',
  'lakeDir',
  'log',
] as const satisfies readonly (keyof Config)[];

export interface ConfigTaker {
  /** Rejects when the disk refuses the new rule set, and once the gateway stops; nothing has changed then. */
  take(next: Config): Promise<ReloadOutcome>;
  /** Nothing is written to the spool any more when it resolves: the next process may open it soon. */
  end(): Promise<void>;
}

export function createConfigTaker(parts: RunningParts): ConfigTaker {
  let isEnded = false;
  let taking: Promise<unknown> = Promise.resolve();
  return {
    async take(next) {
      if (isEnded) throw new Error('The gateway is stopping.');
      const taken = takeConfig(next, parts);
      taking = taken.catch(() => undefined);
      return await taken;
    },
    async end() {
      isEnded = true;
      await taking;
    },
  };
}

async function takeConfig(next: Config, { configs, spool, router, broker }: RunningParts): Promise<ReloadOutcome> {
  const before = configs.newest;
  const { hash, text } = next.ruleSet;
  const isSetNew = hash !== before.ruleSet.hash;
  if (isSetNew) await spool.prepareRuleSet({ hash, text });
  const { ruleSet, connectors, descriptors, aws, users } = next;
  // The rest stays as it was when the gateway started.
  const config: Config = { ...before, ruleSet, connectors, descriptors, aws, users };
  configs.add(config);
  if (isSetNew) {
    spool.cutRuleSet(hash);
    router.replace(routesOf(config));
  }
  const areUsersNew = isDifferent(before.users, users);
  if (areUsersNew) await broker.reloadUsers();
  const needRestart = NEED_RESTART.filter((key) => isDifferent(before[key], next[key]));
  return { isChanged: isSetNew || areUsersNew, needRestart };
}

function isDifferent(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
