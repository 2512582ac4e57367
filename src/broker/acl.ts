/** What one connection may publish and subscribe. Nothing listed is allowed. */
import { isSubstitutable, type UserEntry } from './config.ts';
import { isContained, isMatch } from './topic.ts';

export interface Acl {
  mayPublish(topic: string): boolean;
  /** Only when everything that the filter can match is allowed. */
  maySubscribe(filter: string): boolean;
}

/** Everybody, where `anonymous: true`. Shadows and events of AWS, which imported rules are about, stand under `$aws`, where `#` does not reach. */
export const anonymousAcl: Acl = compile(['#', '$aws/#'], ['#', '$aws/#'], '', '');

/** `%c` stands for the client id, `%u` for the user name. */
export function createAcl(user: UserEntry, clientId: string): Acl {
  return compile(user.publish, user.subscribe, user.name, clientId);
}

function compile(publish: readonly string[], subscribe: readonly string[], name: string, clientId: string): Acl {
  const publishFilters = publish.flatMap((filter) => substitute(filter, name, clientId));
  const subscribeFilters = subscribe.flatMap((filter) => substitute(filter, name, clientId));
  return {
    mayPublish(topic) {
      // `$SYS` is the broker's own voice, and `$share` is no topic: no filter opens them.
      if (topic.startsWith('$SYS/') || topic.startsWith('$share/') || topic === '$SYS') return false;
      const levels = topic.split('/');
      return publishFilters.some((filter) => isMatch(filter, levels));
    },
    maySubscribe(filter) {
      // aedes would grant a shared subscription and never deliver anything to it.
      if (filter.startsWith('$share/')) return false;
      const levels = filter.split('/');
      // Basic Ingest is between a device and a rule; a wildcard that covers it brings nothing of it, as forwarding asks here, too.
      if (levels[0] === '$aws' && levels[1] === 'rules') return false;
      return subscribeFilters.some((allowed) => isContained(levels, allowed));
    },
  };
}

/** Levels of the filter; none at all when a value could bring a wildcard or a level of its own (CVE-2017-7650). */
function substitute(filter: string, name: string, clientId: string): string[][] {
  if (filter.includes('%u') && !isSubstitutable(name)) return [];
  if (filter.includes('%c') && !isSubstitutable(clientId)) return [];
  const replaced = filter.replace(/%[cu]/g, (placeholder) => (placeholder === '%c' ? clientId : name));
  return [replaced.split('/')];
}
