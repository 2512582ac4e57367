import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareFolder } from '../../src/demo/prepare-folder.ts';

let root = '';
let examples = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
  examples = join(root, 'examples');
  await mkdir(join(examples, 'rules'), { recursive: true });
  await writeFile(join(examples, 'rules', 'a.yaml'), 'ruleName: a\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('prepareFolder', () => {
  it('copies the sample configuration', async () => {
    await prepareFolder(examples, join(root, 'demo-data'));
    expect(await readFile(join(root, 'demo-data', 'rules', 'a.yaml'), 'utf8')).toBe('ruleName: a\n');
  });

  it('replaces what an earlier demo left', async () => {
    const dir = join(root, 'demo-data');
    await prepareFolder(examples, dir);
    await writeFile(join(dir, 'old.txt'), 'old');
    await prepareFolder(examples, dir);
    await expect(readFile(join(dir, 'old.txt'))).rejects.toThrow('ENOENT');
  });

  it('refuses a folder that holds something else, and leaves it alone', async () => {
    const dir = join(root, 'mine');
    await mkdir(dir);
    await writeFile(join(dir, 'thesis.txt'), 'two years of work');
    await expect(prepareFolder(examples, dir)).rejects.toThrow('holds something else');
    expect(await readFile(join(dir, 'thesis.txt'), 'utf8')).toBe('two years of work');
  });
});
