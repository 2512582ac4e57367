import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runVector, type VectorCase } from '../../src/cli/vectors.ts';

const cases = readFileSync(new URL('../vectors/iot-sql.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as VectorCase & { readonly section: string });

/** Cases that need a service behind the gateway, by id. Nothing else may stand here. */
const needsExternalFunctions: ReadonlySet<string> = new Set<string>();

const sections = new Map<string, VectorCase[]>();
for (const vector of cases) {
  const section = vector.section.split('/')[0] ?? '';
  sections.set(section, [...(sections.get(section) ?? []), vector]);
}

describe('conformance with the documentation of AWS IoT SQL', () => {
  for (const [section, members] of sections) {
    it(`holds in ${section} (${members.length} cases)`, () => {
      const failures = members
        .filter((vector) => !needsExternalFunctions.has(vector.id))
        .map((vector) => ({ id: vector.id, problem: runVector(vector) }))
        .filter(({ problem }) => problem !== null);
      expect(failures).toEqual([]);
    });
  }

  it('has all cases, each with its own id', () => {
    expect(new Set(cases.map((vector) => vector.id)).size).toBe(987);
  });
});
