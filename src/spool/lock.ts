/**
 * One process per spool: a Unix socket in its folder, held open. The kernel drops it with the process, so a crash leaves only a stale
 * name, which nobody answers: unlike a pid file it can be told from a living owner, in another container too.
 *
 * Invariants
 * - Names are `lock.<generation>`. A generation is bound once; binding is exclusive, so of two starters that find the same stale name
 *   one gets the next generation.
 * - Whoever has bound a generation owns the folder only if, after that, no higher one exists and no lower one is answered. Two that
 *   bind at the same time cannot both see that, as each looks after it listens; they may both yield, and try again.
 * - Only the owner removes names, and only lower ones: a name that somebody may be about to judge is never taken away from under him.
 *
 * A socket's path is limited to 107 bytes. On Linux the folder is therefore addressed through an open directory,
 * `/proc/self/fd/<n>/lock.1`, however long its path is. Elsewhere, a path that is too long is refused.
 */
import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { CodedError } from '../errors.ts';

const NAME = /^lock\.([1-9]\d{0,14})$/;
const NAME_BYTES_MAX = 20;
const SOCKET_PATH_BYTES_MAX = 103;
/** Starters that meet at a stale name yield to each other at most so often. */
const ATTEMPTS_MAX = 20;
const YIELD_MS_MAX = 50;
const PROBE_MS = 2000;

export interface Lock {
  release(): Promise<void>;
}

/** Throws SPOOL_LOCKED when a living process holds the folder. */
export async function acquireLock(dir: string): Promise<Lock> {
  const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const base = await socketBase(dir, folder);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const server = await tryOnce(dir, base);
      if (server !== null) return { release: () => close(server, folder) };
      await new Promise((resolve) => setTimeout(resolve, randomInt(1, YIELD_MS_MAX)));
    }
    throw locked(dir);
  } catch (thrown) {
    await folder.close();
    throw thrown;
  }
}

async function socketBase(dir: string, folder: FileHandle): Promise<string> {
  const short = `/proc/self/fd/${folder.fd}`;
  try {
    await access(short);
    return short;
  } catch {
    // No /proc: not Linux.
    if (Buffer.byteLength(dir) + 1 + NAME_BYTES_MAX <= SOCKET_PATH_BYTES_MAX) return dir;
    throw new CodedError('SPOOL_UNUSABLE', `The path ${dir} is too long for the lock's socket.`);
  }
}

/** Null when the name is taken. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(new CodedError('SPOOL_UNUSABLE', `The lock cannot be made: ${error.message}`, { cause: error }));
    });
    server.listen(path, () => {
      // The process may end while it holds the lock.
      server.unref();
      resolve(server);
    });
  });
}

/** Null when another starter was in the way; throws when there is an owner. */
async function tryOnce(dir: string, base: string): Promise<Server | null> {
  const highest = (await generations(dir)).at(-1) ?? 0;
  if (highest > 0 && (await isAnswered(pathOf(base, highest)))) throw locked(dir);
  const own = highest + 1;
  const server = await listen(pathOf(base, own));
  if (server === null) return null;
  const present = await generations(dir);
  const lower = present.filter((generation) => generation < own);
  const answers = await Promise.all(lower.map((generation) => isAnswered(pathOf(base, generation))));
  if (present.some((generation) => generation > own) || answers.includes(true)) {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return null;
  }
  for (const generation of lower) await unlink(pathOf(base, generation)).catch(ignoreMissing);
  return server;
}

/** Ascending. */
async function generations(dir: string): Promise<readonly number[]> {
  const numbers = (await readdir(dir)).flatMap((name) => {
    const digits = NAME.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return numbers.sort((a, b) => a - b);
}

function pathOf(base: string, generation: number): string {
  return `${base}/lock.${generation}`;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (isAlive: boolean): void => {
      socket.destroy();
      resolve(isAlive);
    };
    // A process that is stopped still holds the lock: its backlog accepts, or fills up and lets us wait.
    socket.setTimeout(PROBE_MS, () => finish(true));
    socket.once('connect', () => finish(true));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code === 'EAGAIN'));
  });
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
}

/** Closing the server removes the name, through the folder that must still be open. */
async function close(server: Server, folder: FileHandle): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await folder.close();
}

function locked(dir: string): CodedError {
  return new CodedError('SPOOL_LOCKED', `Another gateway uses ${dir}.`);
}
