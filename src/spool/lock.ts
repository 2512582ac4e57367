/**
 * One process per spool: a Unix socket in its folder, held open. The kernel drops it with the process, so a crash leaves only a stale
 * name, which nobody answers: unlike a pid file it can be told from a living owner, in another container too.
 *
 * A socket's path is limited to 107 bytes. On Linux the folder is therefore addressed through an open directory,
 * `/proc/self/fd/<n>/lock`, however long its path is. Elsewhere, a path that is too long is refused.
 *
 * A stale name is moved aside before it is removed, and probed once more there: a second starter may have just made it new.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { asError, CodedError } from '../errors.ts';

const NAME = 'lock';
const SOCKET_PATH_BYTES_MAX = 103;
const ATTEMPTS_MAX = 5;
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
      const server = await listen(`${base}/${NAME}`);
      if (server !== null) return { release: () => close(server, folder) };
      await removeIfStale(dir, base);
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
    if (Buffer.byteLength(dir) + NAME.length + 1 <= SOCKET_PATH_BYTES_MAX - 20) return dir;
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

async function removeIfStale(dir: string, base: string): Promise<void> {
  if (await isAnswered(`${base}/${NAME}`)) throw locked(dir);
  const aside = `${base}/${NAME}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(`${base}/${NAME}`, aside);
  } catch (thrown) {
    // Another starter was faster; look again.
    if (isMissing(thrown)) return;
    throw asError(thrown);
  }
  if (await isAnswered(aside)) {
    await link(aside, `${base}/${NAME}`).catch(() => {});
    await unlink(aside);
    throw locked(dir);
  }
  await unlink(aside);
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

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

/** Closing the server removes the name, through the folder that must still be open. */
async function close(server: Server, folder: FileHandle): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await folder.close();
}

function locked(dir: string): CodedError {
  return new CodedError('SPOOL_LOCKED', `Another gateway uses ${dir}.`);
}
