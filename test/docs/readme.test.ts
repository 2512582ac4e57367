import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderBenchTable } from '../../bench/report.ts';
import type { BenchResult } from '../../bench/result.ts';
import { fillBlock } from './block.ts';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** The newest committed run, or null. */
function recordedRun(): BenchResult | null {
  const folder = new URL('bench/results/', root);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const results = names.map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as BenchResult);
  return results.sort((a, b) => b.startedAt.localeCompare(a.startedAt))[0] ?? null;
}

describe('README.md', () => {
  /** Stale? `npx vitest run test/docs/readme --update` writes it anew. */
  it('shows the benchmark figures of the newest recorded run, as the report renders them', async () => {
    const run = recordedRun();
    const table = run === null ? 'No run is recorded yet.\n' : renderBenchTable(run);
    await expect(fillBlock(text('README.md'), 'bench', table)).toMatchFileSnapshot('../../README.md');
  });

  it('links to files that exist', () => {
    const links = [...text('README.md').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(new URL(link, root)))).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(text('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...text('README.md').matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
