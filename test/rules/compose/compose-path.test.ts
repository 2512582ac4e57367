import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composePath, pathDoubt } from '../../../src/rules/compose/compose-path.ts';
import { folderOf } from '../../support/folder.ts';

/** A template's literals with values between them. */
function path(literals: readonly string[], ...values: readonly string[]): string {
  const pieces = literals.flatMap((literal, i) => (i === 0 ? [literal] : [values[i - 1] ?? '', literal]));
  return composePath(pieces.join(''), pieces);
}
const inserted = (value: string) => path(['press/site=', ''], value);

/** Whatever devices send, and more of what paths stumble over. */
const nasty = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('/', '.', '..', '_', '%', '%2E', '%5F', '%~', '\\', '\0', '\n', '~', 'a', '.avro'),
    },
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  ),
  { maxLength: 12 },
);
const values = fc.oneof(
  nasty.map((parts) => parts.join('')),
  fc.tuple(nasty, fc.integer({ min: 60, max: 600 })).map(([parts, times]) => `${parts.join('')}x`.repeat(times)),
);
const templates = fc.constantFrom(
  ['', ''],
  ['press/site=', ''],
  ['', '/raw'],
  ['.', ''],
  ['', '.'],
  ['_', ''],
  ['a/', '/b'],
  ['', '.avro'],
  ['%', 'E'],
);

/** What was inserted, out of a path that was not cut. Written from the description alone. */
function insertedIn(rendered: string): string {
  const names = rendered.split('/').map((name) => (name === '_' ? '' : name));
  const bytes = (text: string) => Buffer.from(text.replaceAll('%', ''), 'hex');
  return names.join('/').replace(/(?:%[0-9A-F]{2})+/g, (run) => bytes(run).toString('utf8'));
}

describe('a path of the lake', () => {
  it.each([
    ['a', 'press/site=a'],
    ['', 'press/site='],
    ['é ☃ 🙂', 'press/site=é ☃ 🙂'],
    ['a/b', 'press/site=a/b'],
    ['/a//b/', 'press/site=/a/_/b/_'],
    ['../../etc', 'press/site=../%2E%2E/etc'],
    ['./.', 'press/site=./%2E'],
    ['a/_', 'press/site=a/%5F'],
    ['_', 'press/site=_'],
    ['50%', 'press/site=50%25'],
    ['a\\b\0\n\u007f', 'press/site=a%5Cb%00%0A%7F'],
    ['\ud800', 'press/site=%ED%A0%80'],
    ['gw-1-rule-0-7.avro', 'press/site=gw-1-rule-0-7%2Eavro'],
    ['v1.2', 'press/site=v1.2'],
  ])('makes of the value %j %j', (value, expected) => {
    expect(inserted(value)).toBe(expected);
  });

  it.each([
    [['', ''], [''], '_'],
    [['', ''], ['..'], '%2E%2E'],
    [['', '', ''], ['.', '.'], '%2E%2E'],
    [['.', ''], ['.'], '%2E%2E'],
    [['.', ''], [''], '%2E'],
    [['', '/raw'], ['/a'], '_/a/raw'],
    [['', '', ''], ['\ud83d', '\ude42'], '%ED%A0%BD%ED%B9%82'],
  ])('looks at folders as they come together: %j with %j', (literals, given, expected) => {
    expect(path(literals, ...given)).toBe(expected);
  });

  it('leaves what the author wrote', () => {
    expect(path(['50%/_/a.avro/', '/%2E'], 'x')).toBe('50%/_/a.avro/x/%2E');
  });

  it('cuts a name of more than 255 bytes, and other ones apart', () => {
    expect(path(['', ''], 'x'.repeat(255))).toBe('x'.repeat(255));
    const cut = path(['', ''], `${'x'.repeat(255)}y`);
    expect(cut).toMatch(/^x{221}%~[0-9a-f]{32}$/);
    expect(path(['', ''], `${'x'.repeat(255)}z`)).not.toBe(cut);
    expect(path(['', ''], cut)).not.toBe(cut);
    expect(Buffer.byteLength(path(['', ''], '☃'.repeat(86)))).toBe(219 + 34);
  });

  it('cuts a path of more than 1,024 bytes between names', () => {
    const long = path(['', ''], `${'abc/'.repeat(256)}d`);
    expect(long).toMatch(/^(?:abc\/){247}%~[0-9a-f]{32}$/);
    expect(path(['', ''], `${'abc/'.repeat(256)}e`)).not.toBe(long);
    expect(path(['', ''], 'abc/'.repeat(255))).toBe(`${'abc/'.repeat(255)}_`);
  });

  it('stays below the root, whatever is inserted, and can be created', () => {
    const root = folderOf();
    fc.assert(
      fc.property(templates, values, (literals, value) => {
        const rendered = path(literals, value);
        const target = resolve(root, rendered);
        expect(target.startsWith(root + sep)).toBe(true);
        expect(target).toBe(join(root, rendered));
        mkdirSync(target, { recursive: true });
        expect(statSync(target).isDirectory()).toBe(true);
        // Read back from the disk, level by level: the names there are those that were asked for.
        let at = root;
        for (const name of rendered.split('/')) {
          expect(readdirSync(at)).toContain(name);
          at = join(at, name);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('differs where values differ, and tells the value', () => {
    fc.assert(
      fc.property(templates, values, values, (literals, one, other) => {
        fc.pre(one !== other);
        expect(path(literals, one)).not.toBe(path(literals, other));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(nasty, (parts) => {
        const value = Buffer.from(parts.join('')).toString();
        expect(insertedIn(path(['', ''], value))).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('differs for the values that are most alike', () => {
    const alphabet = ['.', '/', '_', '%', '2', '5', 'E', 'F', '\\'];
    let level = [''];
    const all = new Set(level);
    for (let length = 1; length <= 4; length++) {
      level = level.flatMap((value) => alphabet.map((character) => value + character));
      for (const value of level) all.add(value);
    }
    for (const literals of [
      ['', ''],
      ['.', ''],
      ['', '_'],
      ['%', ''],
      ['a/', '/b'],
    ]) {
      expect(new Set([...all].map((value) => path(literals, value))).size).toBe(all.size);
    }
  });
});

describe('the literal part of a path', () => {
  it.each([
    [['a/../b'], /no folder "\.\."/],
    [['a/', '/..'], /no folder "\.\."/],
    [['./a'], /no folder "\."/],
    [['/a'], /relative/],
    [['a//b'], /Two slashes/],
    [['a\\b'], /backslash/],
    [['a\nb'], /control/],
    [['a/', `/${'x'.repeat(256)}`], /255/],
  ])('cannot be %j', (literals, why) => {
    expect(pathDoubt(literals)).toMatch(why);
  });

  it.each([[['a/b']], [['', '']], [['..', '']], [['a/.', './b']], [['x'.repeat(255)]]])('can be %j', (literals) => {
    expect(pathDoubt(literals)).toBeNull();
  });
});
