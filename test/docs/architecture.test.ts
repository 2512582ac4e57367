import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** The rows between the marks: input, outcome, and links `file` › name to tests. */
const block = /<!-- bad-input:begin -->\n([\s\S]*)<!-- bad-input:end -->/.exec(text('docs/architecture.md'))?.[1] ?? '';
const references = [...block.matchAll(/`(test\/[^`]+\.test\.ts)` › ([^;|]+)/g)].map((match) => ({
  file: match[1] ?? '',
  name: (match[2] ?? '').trim(),
}));

describe('the table of bad input', () => {
  it('names a test in every row', () => {
    const rows = block.trim().split('\n').slice(2);
    expect(rows.length).toBeGreaterThanOrEqual(9);
    expect(rows.filter((row) => !row.includes('.test.ts` › '))).toEqual([]);
  });

  it('names tests that exist', () => {
    const missing = references.filter(
      ({ file, name }) => !existsSync(new URL(file, root)) || !text(file).includes(name),
    );
    expect(missing).toEqual([]);
  });
});

describe('the decisions', () => {
  it('name every runtime dependency with its licence', () => {
    const { dependencies } = JSON.parse(text('package.json')) as { readonly dependencies: Record<string, string> };
    const page = text('docs/decisions/0004-dependencies.md');
    const rows = page.split('\n').filter((row) => row.startsWith('| `'));
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]));
    expect(named.sort()).toEqual(Object.keys(dependencies).sort());
    for (const row of rows) {
      const [, names = '', licence = ''] = row.split('|');
      for (const [, name] of names.matchAll(/`([^`]+)`/g)) {
        const { license } = JSON.parse(text(`node_modules/${name}/package.json`)) as { readonly license: string };
        expect(`${name}: ${licence.trim()}`).toBe(`${name}: ${license}`);
      }
    }
  });

  it('are numbered without gaps', () => {
    const numbers = readdirSync(new URL('docs/decisions/', root)).map((name) => Number(name.slice(0, 4)));
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
  });
});
