import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSecrets } from '../src/secrets.ts';
import { readYaml } from '../src/yaml-document.ts';

function resolveText(text: string, env: Record<string, string>, baseDir = tmpdir()) {
  const source = readYaml('conf.yaml', text).sources[0];
  if (source === undefined) throw new Error('not YAML');
  return resolveSecrets(source, source.data, { env, baseDir });
}

describe('resolveSecrets', () => {
  it('replaces references to the environment and to files, also inside longer text', () => {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-secrets-'));
    writeFileSync(join(dir, 'key'), 's3cret\n');
    const { data, findings } = resolveText(
      'a: "${env:USER_X}:${file:./key}"\nb: [1, "${file:key}"]\n',
      { USER_X: 'ann' },
      dir,
    );
    expect(findings).toEqual([]);
    expect(data).toEqual({ a: 'ann:s3cret', b: [1, 's3cret'] });
  });

  it('reports each reference without a value, with its place, and names neither value nor other variables', () => {
    const { findings } = resolveText('a: x\nb:\n  c: "${env:NOT_SET}"\n  d: "${file:./absent}"\n', { OTHER: 'hidden' });
    expect(findings.map((finding) => `${finding.line}:${finding.column} ${finding.path} ${finding.code}`)).toEqual([
      '3:6 b.c CONFIG_SECRET_MISSING',
      '4:6 b.d CONFIG_SECRET_MISSING',
    ]);
    expect(findings[0]?.message).toContain('NOT_SET');
    expect(JSON.stringify(findings)).not.toContain('hidden');
  });

  it('leaves SQL templates alone', () => {
    expect(resolveText('a: "dt=${topic(2)}"\n', {}).data).toEqual({ a: 'dt=${topic(2)}' });
  });
});
