import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FileWatchOptions, watchFiles } from '../src/file-watch.ts';
import { folderOf } from './support/folder.ts';
import { until } from './support/until.ts';

async function watched(options: Partial<FileWatchOptions>) {
  const seen = { changes: 0 };
  const watch = watchFiles({
    files: [],
    folders: [],
    ignored: [],
    onChange: () => void seen.changes++,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(() => watch.close());
  await watch.ready;
  return seen;
}

describe('watchFiles', () => {
  it('tells of a file that is written, added, replaced by renaming, and removed', async () => {
    const dir = folderOf({ 'a.yaml': '1' });
    const seen = await watched({ folders: [{ path: dir, depth: 0 }] });
    const steps = [
      () => writeFileSync(join(dir, 'a.yaml'), '22'),
      () => writeFileSync(join(dir, 'b.yaml'), '1'),
      () => {
        writeFileSync(join(dir, 'c.tmp'), '333');
        renameSync(join(dir, 'c.tmp'), join(dir, 'a.yaml'));
      },
      () => unlinkSync(join(dir, 'b.yaml')),
    ];
    for (const step of steps) {
      const before = seen.changes;
      step();
      await until('the change is seen', () => seen.changes > before);
    }
  });

  it('sees files swapped by a symbolic link, as mounted configuration maps are', async () => {
    const dir = folderOf({ '..1/rule.yaml': 'old' });
    symlinkSync('..1', join(dir, '..data'));
    symlinkSync(join('..data', 'rule.yaml'), join(dir, 'rule.yaml'));
    const seen = await watched({ folders: [{ path: dir, depth: 0 }] });
    mkdirSync(join(dir, '..2'));
    writeFileSync(join(dir, '..2', 'rule.yaml'), 'new');
    symlinkSync('..2', join(dir, '..data_tmp'));
    const before = seen.changes;
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    rmSync(join(dir, '..1'), { recursive: true });
    await until('the swap is seen', () => seen.changes > before);
  });

  it('hears nothing of ignored folders, and tells of changes together once', async () => {
    const dir = folderOf({ 'rules/a.yaml': '1', 'data/x': '1' });
    const seen = await watched({
      folders: [{ path: dir, depth: Number.POSITIVE_INFINITY }],
      ignored: [join(dir, 'data')],
    });
    writeFileSync(join(dir, 'data', 'x'), 'much');
    writeFileSync(join(dir, 'data', 'y'), 'more');
    for (let i = 0; i < 20; i++) writeFileSync(join(dir, 'rules', `${i}.yaml`), String(i));
    await until('the rules are seen', () => seen.changes > 0);
    expect(seen.changes).toBeLessThanOrEqual(2);
  });

  it('watches a single file', async () => {
    const dir = folderOf({ 'headgate.yaml': '1' });
    const seen = await watched({ files: [join(dir, 'headgate.yaml')] });
    writeFileSync(join(dir, 'headgate.yaml'), '22');
    await until('the change is seen', () => seen.changes > 0);
  });
});
