/** Writes a file whole or not at all, and never over another one unless that is asked for. */
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** - `exists`: a file with another content is there, and stays. */
export type WriteOutcome = 'written' | 'unchanged' | 'exists';

/** `name` is a file name without folders. `uniqueId` tells writers apart that write the same file at once. */
export async function writeRuleFile(
  folder: string,
  name: string,
  text: string,
  options: { readonly isForced: boolean; readonly uniqueId: string },
): Promise<WriteOutcome> {
  const target = join(folder, name);
  if ((await contentOf(target)) === text) return 'unchanged';
  await mkdir(folder, { recursive: true });
  // Not .yaml: a gateway that watches the folder must not take it for a rule.
  const temporary = join(folder, `.${name}.${options.uniqueId}.new`);
  try {
    await writeDurably(temporary, text);
    if (options.isForced) await rename(temporary, target);
    else await linkNew(temporary, target);
    await syncFolder(dirname(target));
    return 'written';
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return 'exists';
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Fails with EEXIST where `rename` would replace. */
async function linkNew(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    // FAT and some network file systems have no links.
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP')) throw error;
    await copyFile(source, target, constants.COPYFILE_EXCL);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
