import { describe, expect, it } from 'vitest';
import { clauses } from '../../src/cli/pages/sql-clauses.ts';
import { sqlPage } from '../../src/cli/pages/sql-page.ts';
import { functions } from '../../src/rules/functions/index.ts';
import { choices } from '../../src/rules/sql/choices.ts';

const text = sqlPage();

/** Below its heading, up to the next. */
function section(heading: string): string {
  const start = text.indexOf(`${heading}\n`);
  if (start < 0) throw new Error(`The page has no heading ${heading}.`);
  const end = text.indexOf('\n#', start + heading.length);
  return text.slice(start, end < 0 ? text.length : end);
}

describe('the language page', () => {
  it('has every function with an anchor that the index points to, its version and its examples', () => {
    for (const { name, since, examples } of functions) {
      expect(text).toContain(`[${name}](#fn-${name.toLowerCase()})`);
      const start = text.indexOf(`### <a id="fn-${name.toLowerCase()}"></a>\`${name}(`);
      expect([name, start > 0]).toEqual([name, true]);
      const own = text.slice(start, text.indexOf('\n#', start));
      expect(own).toContain(since === '2015-10-08' ? 'Both versions.' : 'Since 2016-03-23.');
      for (const { sql, result } of examples) {
        expect(own).toContain(`- \`${sql}\` → ${result === '' ? 'Undefined' : `\`${result}\``}`);
      }
    }
  });

  it('shows what each type of parameter gives', () => {
    expect(section('### <a id="fn-abs"></a>`abs(x)`')).toContain(
      '| `abs(x)` | `5` | `2.7` | `12` | – | – | – | – | – | – |',
    );
    expect(section('### <a id="fn-isnull"></a>`isNull(value)`')).toMatch(/\| `true` \| `false` \|$/m);
    expect(section('### <a id="fn-cast"></a>`cast(value AS type)`')).toContain(
      '| `cast(x AS Int)` | `5` | `-3` | `12` | – | `1` | – | – | – | – |',
    );
  });

  it('shows what operators give, types that behave alike together', () => {
    expect(section('### `+`')).toContain('| Int, Decimal | number | String | Undefined | Undefined |');
    expect(section('### `<` `<=` `>` `>=`')).toContain(
      [
        '| left ＼ right | Int, Decimal, numeric String | everything else |',
        '|---|---|---|',
        '| Int, Decimal, numeric String | Boolean | Undefined |',
        '| everything else | Undefined | Undefined |',
      ].join('\n'),
    );
  });

  it('shows what types convert to', () => {
    const table = section('## Types and conversions');
    expect(table).toContain('| numeric String | `\'12\'` | `12` | `"12"` | – |');
    expect(table).toContain('| Undefined | a key that is missing | – | – | – |');
  });

  it('runs the examples of clauses', () => {
    expect(clauses.flatMap(({ examples }) => examples).length).toBeGreaterThan(8);
    expect(section('### WHERE')).toContain('→  {"force":412.5}');
    expect(section('### WHERE')).toContain('→  no match');
    expect(section('### SET')).toContain('→  {"fahrenheit":177.8}');
    expect(text).not.toContain('→  Undefined');
  });

  it('has the limits and every choice', () => {
    expect(section('## Limits')).toContain('| SET variables | 10 | refused when the rule is checked |');
    expect(section('## Limits')).toContain('| calls of `get_dynamodb` in a statement | 1 |');
    for (const { choice } of choices) expect(text).toContain(choice.replaceAll('|', '\\|'));
  });
});
