import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { formatFinding } from '../src/errors.ts';
import { readYaml, scalarStart, validate, YAML_BYTES_MAX } from '../src/yaml-document.ts';

const schema = z.strictObject({
  name: z.string(),
  sinks: z.array(z.strictObject({ latencyMs: z.int().min(1), kind: z.enum(['a', 'b']) })).default([]),
});

function check(text: string): string[] {
  const { sources, findings } = readYaml('conf.yaml', text);
  const source = sources[0];
  const all = source === undefined ? findings : [...findings, ...validate(source, source.data, schema).findings];
  return all.map(formatFinding);
}

describe('readYaml and validate', () => {
  it('gives the value when nothing is wrong', () => {
    const { sources } = readYaml('conf.yaml', 'name: x\nsinks: [{ latencyMs: 5, kind: a }]\n');
    const source = sources[0];
    expect(source && validate(source, source.data, schema).value).toEqual({
      name: 'x',
      sinks: [{ latencyMs: 5, kind: 'a' }],
    });
  });

  it('reports every mistake at once, each at its line and column', () => {
    const text = 'name: 7\nsinks:\n  - latencyMs: 0\n    kind: a\n  - latencyMs: 3\n    kind: c\n    latencyMS: 4\n';
    const found = check(text);
    expect(found).toHaveLength(4);
    expect(found[0]).toContain('conf.yaml:1:7 name: ');
    expect(found[1]).toContain('conf.yaml:3:16 sinks.0.latencyMs: ');
    expect(found[2]).toContain('conf.yaml:6:11 sinks.1.kind: ');
    expect(found[3]).toContain('conf.yaml:7:5 sinks.1.latencyMS: ');
    expect(found[3]).toContain('Did you mean "latencyMs"?');
  });

  it('names the place of the parent when a key is missing', () => {
    expect(check('sinks: []\n')[0]).toMatch(/^conf\.yaml:1:1 name: /);
  });

  it('reports broken YAML with its place and goes no further', () => {
    expect(check('name: [1, 2\n')[0]).toMatch(/^conf\.yaml:\d+:\d+: .*\[CONFIG_SYNTAX\]$/);
  });

  it('refuses a key that stands twice', () => {
    expect(check('name: a\nname: b\n')[0]).toContain('conf.yaml:2:1: ');
  });

  it('reads collections nested as deep as allowed, and refuses more before anything recurses over them', () => {
    const flow = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(readYaml('x.yaml', flow(100)).findings).toEqual([]);
    for (const text of [flow(101), '{"a":'.repeat(20_000), `${'- '.repeat(50_000)}x`, '? '.repeat(20_000)]) {
      const { sources, findings } = readYaml('x.yaml', text);
      expect(sources).toEqual([]);
      expect(findings[0]?.message).toMatch(/nest here more than 100 deep/);
    }
  });

  it('refuses an alias inside of what it repeats', () => {
    for (const text of ['&a [*a]', 'a: &a { b: [*a] }']) {
      expect(readYaml('x.yaml', text).findings[0]?.message).toMatch(/alias \*a stands inside/);
    }
    expect(readYaml('x.yaml', '[&a { b: 1 }, *a, *a]').findings).toEqual([]);
  });

  it('takes a certain number of aliases in a document and no more', () => {
    const aliases = (count: number) => {
      const numbers = Array.from({ length: count }, (_, index) => index);
      return `[[${numbers.map((i) => `&a${i} x`).join(',')}],${numbers.map((i) => `*a${i}`).join(',')}]`;
    };
    expect(readYaml('x.yaml', aliases(256)).findings).toEqual([]);
    expect(readYaml('x.yaml', aliases(257)).findings[0]?.message).toContain('more than 256 aliases');
    expect(readYaml('x.yaml', aliases(40_000)).findings[0]?.message).toContain('more than 256 aliases');
  });

  it('refuses an alias bomb', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]',
    ];
    expect(check(`${bomb.join('\n')}\n`)[0]).toContain('[CONFIG_SYNTAX]');
  });

  it('reads a file of the largest size and refuses one character more', () => {
    const head = 'name: "';
    const fits = `${head}${'x'.repeat(YAML_BYTES_MAX - head.length - 1)}"`;
    expect(check(fits)).toEqual([]);
    expect(check(`${fits}\n`)[0]).toContain('at most');
  });

  it('never prints the value that was wrong', () => {
    expect(check('name: { password: hunter2 }\nsinks: hunter3\n').join('\n')).not.toMatch(/hunter/);
  });

  it.each([
    ['plain', 'sql: SELECT 1\n', { line: 1, column: 6 }],
    ['quoted', 'sql: "SELECT 1"\n', { line: 1, column: 7 }],
    ['block', 'sql: |\n    SELECT 1\n', { line: 2, column: 5 }],
    ['folded', 'x: 1\nsql: >-\n  SELECT 1\n', { line: 3, column: 3 }],
  ])('knows where the text of a %s scalar begins', (_, text, place) => {
    const source = readYaml('r.yaml', text).sources[0];
    expect(source && scalarStart(source, ['sql'])).toEqual(place);
  });
});
