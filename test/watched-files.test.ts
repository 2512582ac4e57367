import { describe, expect, it } from 'vitest';
import { watchedFiles } from '../src/watched-files.ts';

describe('watchedFiles', () => {
  it('names single files, and the folders of patterns as deep as they reach', () => {
    const watched = watchedFiles({
      baseDir: '/etc/headgate',
      files: ['/etc/headgate/headgate.yaml', 'users.yaml'],
      patterns: ['rules/*.yaml', 'more/*/x-*.yaml', '/srv/rules/**/*.yaml', 'one.yaml', 'one.yaml', '*.avsc'],
      ignored: ['/var/lib/headgate'],
    });
    expect(watched).toEqual({
      files: ['/etc/headgate/headgate.yaml', '/etc/headgate/users.yaml', '/etc/headgate/one.yaml'],
      folders: [
        { path: '/etc/headgate/rules', depth: 0 },
        { path: '/etc/headgate/more', depth: 1 },
        { path: '/srv/rules', depth: Number.POSITIVE_INFINITY },
        { path: '/etc/headgate', depth: 0 },
      ],
      ignored: ['/var/lib/headgate'],
    });
  });
});
