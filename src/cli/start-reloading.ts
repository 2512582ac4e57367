import type { Config, LoadResult } from '../config.ts';
import { type FileWatch, watchFiles } from '../file-watch.ts';
import type { Gateway } from '../gateway.ts';
import { Reloader } from '../reloader.ts';

export interface Reloading {
  /** Reads the configuration again. */
  readonly request: () => void;
  /** Watches no more; a reload that runs is waited for. */
  close(): Promise<void>;
}

/** Has a running gateway take changed files into use: those it watches, and all of them on request. */
export function startReloading(options: {
  readonly config: Config;
  readonly load: () => LoadResult;
  readonly gateway: Gateway;
}): Reloading {
  const { load, gateway } = options;
  const { events } = gateway;
  let watched = '';
  let watch: FileWatch | null = null;
  let running = Promise.resolve();
  const request = () => {
    running = reloader.request();
  };
  /** A configuration may name other files than the one before. */
  const watchFor = async (config: Config): Promise<void> => {
    const text = JSON.stringify([config.reload.watch, config.watched]);
    if (text === watched) return;
    watched = text;
    await watch?.close();
    const onError = (error: Error) => events.watchFailed(error);
    watch = config.reload.watch ? watchFiles({ ...config.watched, onChange: request, onError }) : null;
  };
  const apply = async (config: Config) => {
    const outcome = await gateway.reload(config);
    await watchFor(config);
    return outcome;
  };
  const reloader = new Reloader({ load, apply, events });
  running = watchFor(options.config);
  return {
    request,
    async close() {
      await running;
      await watch?.close();
    },
  };
}
