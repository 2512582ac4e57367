import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderDocs, writeDocs } from '../../src/cli/docs.ts';
import { functions } from '../../src/rules/functions/index.ts';

const folder = new URL('../../docs/reference/', import.meta.url);

describe('docs/reference', () => {
  /** Stale? `npm run docs` writes it anew. */
  it('is what the code declares: every page, and no other', async () => {
    const pages = await renderDocs();
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
    for (const [name, text] of pages) expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text);
  });

  it('describes every SQL function with its examples', async () => {
    const page = (await renderDocs()).get('sql.md') ?? '';
    const missing = functions.filter((spec) => !page.includes(`\`${spec.name}(`) || spec.examples.length === 0);
    expect(missing.map((spec) => spec.name)).toEqual([]);
  });

  it('is written where it is asked for', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'headgate-docs-'));
    const paths = await writeDocs(join(dir, 'reference'));
    expect(paths.map((path) => path.slice(dir.length + '/reference/'.length)).sort()).toEqual(
      (await readdir(join(dir, 'reference'))).sort(),
    );
    await rm(dir, { recursive: true });
  });
});
