import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/spool/lock.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-lock-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe('lock', () => {
  it('refuses a second owner until the first lets go', async () => {
    const first = await acquireLock(dir);
    await expect(acquireLock(dir)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
    await first.release();
    const second = await acquireLock(dir);
    await second.release();
    expect(await readdir(dir)).toEqual([]);
  });

  it('works in a folder whose path is longer than a socket address', async () => {
    const deep = join(dir, 'x'.repeat(100), 'y'.repeat(100));
    await mkdir(deep, { recursive: true });
    const lock = await acquireLock(deep);
    await expect(acquireLock(deep)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
    await lock.release();
  });

  it('takes over what a killed process left behind', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(join(dir, 'lock.1'))}, () => process.send('up'))`;
    const child = fork('-e', [script], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    await once(child, 'message');
    await expect(acquireLock(dir)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readdir(dir)).toEqual(['lock.1']);
    const lock = await acquireLock(dir);
    await lock.release();
  });

  it('lets exactly one of many starters in over a stale name, whatever their order', async () => {
    const { rename } = await import('node:fs/promises');
    for (let round = 0; round < 10; round++) {
      const folder = await mkdtemp(join(tmpdir(), 'headgate-lock-'));
      const stale = createServer();
      await new Promise<void>((resolve) => stale.listen(join(folder, 'stale'), resolve));
      await rename(join(folder, 'stale'), join(folder, 'lock.7'));
      await new Promise((resolve) => stale.close(resolve));
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => acquireLock(folder)));
      const owners = results.filter((result) => result.status === 'fulfilled');
      expect(owners).toHaveLength(1);
      expect(await readdir(folder)).toHaveLength(1);
      for (const { value } of owners) await value.release();
      await rm(folder, { recursive: true });
    }
  });
});
