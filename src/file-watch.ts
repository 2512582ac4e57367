/** Tells when files that a configuration is made of change. What changed, and whether it matters, is for the caller to find out. */
import { sep } from 'node:path';
import { watch } from 'chokidar';

/** A file that is being written is left alone until its size has been the same for this long. */
const SETTLED_MS = 200;
const POLL_MS = 50;
/** Several files that change together, as after a checkout, are one change. */
const GATHER_MS = 200;

export interface FileWatchOptions {
  readonly files: readonly string[];
  /** `depth`: folders below, 0 = none. */
  readonly folders: readonly { readonly path: string; readonly depth: number }[];
  /** Folders that are written all the time and hold nothing of the configuration. */
  readonly ignored: readonly string[];
  readonly onChange: () => void;
  /** Watching does not work here (out of inotify watches, or a file system without them). */
  readonly onError: (error: Error) => void;
}

export interface FileWatch {
  /** Resolves when changes from now on are seen. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export function watchFiles({ files, folders, ignored, onChange, onError }: FileWatchOptions): FileWatch {
  const depth = Math.max(0, ...folders.map((folder) => folder.depth));
  const isIgnored = (path: string) => ignored.some((folder) => path === folder || path.startsWith(`${folder}${sep}`));
  const watcher = watch([...files, ...folders.map(({ path }) => path)], {
    ignoreInitial: true,
    ignored: isIgnored,
    awaitWriteFinish: { stabilityThreshold: SETTLED_MS, pollInterval: POLL_MS },
    ...(Number.isFinite(depth) ? { depth } : {}),
  });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, GATHER_MS);
  });
  watcher.on('error', (thrown) => onError(thrown instanceof Error ? thrown : new Error(String(thrown))));
  return {
    ready: new Promise((resolve) => watcher.once('ready', () => resolve())),
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
