/** Which files and folders a configuration is made of, for `watchFiles`. */
import { resolve } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';

export interface WatchedFiles {
  readonly files: readonly string[];
  /** `depth`: folders below, 0 = none. */
  readonly folders: readonly { readonly path: string; readonly depth: number }[];
  readonly ignored: readonly string[];
}

export interface WatchedFilesSources {
  readonly baseDir: string;
  /** As the configuration names them; relative ones start at `baseDir`. */
  readonly files: readonly string[];
  readonly patterns: readonly string[];
  /** Folders that the gateway itself writes. Absolute. */
  readonly ignored: readonly string[];
}

export function watchedFiles({ baseDir, files, patterns, ignored }: WatchedFilesSources): WatchedFiles {
  const single = [...files, ...patterns.filter((pattern) => !isDynamicPattern(pattern))];
  const dynamic = patterns.filter((pattern) => isDynamicPattern(pattern));
  return {
    files: [...new Set(single.map((file) => resolve(baseDir, file)))],
    folders: dynamic.map((pattern) => {
      const levels = pattern.split('/');
      const fixed = levels.findIndex((level) => isDynamicPattern(level));
      const rest = levels.slice(fixed);
      return {
        path: resolve(baseDir, levels.slice(0, fixed).join('/')),
        depth: rest.includes('**') ? Number.POSITIVE_INFINITY : rest.length - 1,
      };
    }),
    ignored,
  };
}
