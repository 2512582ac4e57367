import type { Config, LoadResult } from '../config.ts';
import { type FileWatch, watchFiles } from '../file-watch.ts';
import type { Gateway } from '../gateway.ts';
import { Reloader } from '../reloader.ts';

export interface Reloading {
  /** Reads the configuration again, once the gateway runs. */
  readonly request: () => void;
  /** The gateway that takes what changes. What changed before this call is taken now; changes from when it resolves on are seen. */
  attach(gateway: Gateway): Promise<void>;
  /** Nothing is read from now on. */
  stop(): void;
  /** Watches no more; a reload that runs is waited for. */
  close(): Promise<void>;
}

/** Has a gateway take changed files into use: those it watches, and all of them on request. Begins before the gateway starts. */
export function startReloading(config: Config, load: () => Promise<LoadResult>): Reloading {
  let reloader: Reloader | null = null;
  let gateway: Gateway | null = null;
  let isAsked = false;
  let isStopped = false;
  let watched = '';
  let ruleCount = config.ruleSet.rules.length;
  let watch: FileWatch | null = null;
  let running = Promise.resolve();
  const request = () => {
    if (isStopped) return;
    if (reloader === null) isAsked = true;
    else running = reloader.request();
  };
  /** A configuration may name other files than the one before. */
  const watchFor = async (next: Config): Promise<void> => {
    const text = JSON.stringify([next.reload.watch, next.watched]);
    if (text === watched) return;
    watched = text;
    await watch?.close();
    const onError = (error: Error) => gateway?.events.watchFailed(error);
    const isFirst = watch === null;
    watch = next.reload.watch ? watchFiles({ ...next.watched, onChange: request, onError }) : null;
    // What changed while nobody watched.
    if (!isFirst) void watch?.ready.then(request);
  };
  const watching = watchFor(config);
  return {
    request,
    async attach(attached) {
      gateway = attached;
      const apply = async (next: Config) => {
        const outcome = await attached.reload(next);
        ruleCount = next.ruleSet.rules.length;
        await watchFor(next);
        return outcome;
      };
      reloader = new Reloader({ load, apply, ruleCount: () => ruleCount, events: attached.events });
      if (isAsked) request();
      await watching;
      await watch?.ready;
    },
    stop() {
      isStopped = true;
    },
    async close() {
      isStopped = true;
      await running;
      await watch?.close();
    },
  };
}
