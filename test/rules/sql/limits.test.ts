import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import { Parser } from '../../../src/rules/sql/parser.ts';
import { printStatement } from '../../../src/rules/sql/print.ts';
import { sourceOf } from '../../../src/rules/sql/source.ts';
import { compileStatement, notMatched } from '../../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../../src/rules/template.ts';
import { contextOf, run, select, V2 } from '../context.ts';

function refusalOf(compile: () => unknown): string {
  try {
    compile();
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('This compiles.');
}

/** `levels` times: the text so far within parentheses, followed by a row of `more`. */
function tower(levels: number, more: string): string {
  let text = 'a';
  for (let i = 0; i < levels; i++) text = `(${text}${more})`;
  return text;
}

describe('a statement as long as statements may be', () => {
  const characters = 131_000;
  const repeated = (part: string, last = ''): string =>
    part.repeat((characters - last.length - 20) / part.length) + last;

  it.each([
    ['parentheses', repeated('(')],
    ['arrays', repeated('[')],
    ['objects', repeated("{'a':")],
    ['minus signs', repeated('-')],
    ['NOT', repeated('NOT ', '1')],
    ['CASE', repeated('CASE ')],
    ['calls', repeated('abs(')],
    ['casts', repeated('cast(')],
    ['nested queries', repeated('(SELECT ')],
    ['EXISTS', repeated('EXISTS(SELECT ')],
    ['indexes', repeated('a[')],
    ['sums', repeated('1+', '1')],
    ['products', repeated('a*', '1')],
    ['ANDs', repeated('a AND ', '1')],
    ['members', repeated('a.', 'a')],
    ['rows within parentheses', tower(90, '+a'.repeat(700))],
    ['paths within parentheses', tower(90, '.a'.repeat(700))],
    ['brackets within parentheses', tower(90, '[0]'.repeat(450))],
    ['an open string', repeated("''", "'")],
    ['at signs', repeated('@')],
    ['digits and letters', repeated('1', 'x')],
  ])('of %s is refused with a place, and does not overflow the stack', (_, expression) => {
    const sql = `SELECT ${expression} FROM 'a'`;
    expect(sql.length).toBeLessThanOrEqual(131_072);
    expect(refusalOf(() => compileStatement(sql, { version: V2 }))).toMatch(/^SQL_/);
    expect(refusalOf(() => compileTemplate(`\${${expression}}`, { version: V2 }))).toMatch(/^SQL_/);
  });

  it.each([
    ['items', repeated('a AS b, ', 'a'), '{"b":1,"a":1}'],
    ['elements', `VALUE length([${repeated('a,', '1')}])`.replace('length([', 'get([').replace('])', '], 9)'), '1'],
    ['branches', `VALUE CASE a${repeated(' WHEN 2 THEN 3')} ELSE 4 END`, '4'],
    ['parameters', `VALUE numbytes(concat(${repeated('a,', "''")}))`, '65489'],
    ['blanks', `VALUE a${' '.repeat(characters - 100)}`, '1'],
    ['one string', `VALUE length('${repeated('ab')}')`, '130980'],
    ['one name', `VALUE isUndefined(${repeated('ab')})`, 'true'],
    ['digits', `VALUE ${'1'.repeat(1000)} > 9E998`, 'true'],
    ['digits behind the point', `VALUE 0.${repeated('3')} < 0.34`, 'true'],
  ])('of %s runs', (_, select, expected) => {
    const value = run(`SELECT ${select} FROM '#'`, '{"a":1}');
    expect(value === notMatched ? '' : serializeValue(value)).toBe(expected);
  });

  it('is refused when it is longer', () => {
    const sql = (length: number): string => `SELECT '${'a'.repeat(length - 23)}' AS b FROM 'a'`;
    expect(sql(131_072)).toHaveLength(131_072);
    expect(() => compileStatement(sql(131_072), { version: V2 })).not.toThrow();
    expect(refusalOf(() => compileStatement(sql(131_073), { version: V2 }))).toContain('longer than');
  });
});

describe('the deepest trees that are accepted', () => {
  it.each([
    ['sum', 'a', ' + a', 998],
    ['path', 'a', '.a', 998],
    ['logic', 'a', ' OR a', 998],
  ])('of a %s in parentheses compile, run and print', (_, operand, more, count) => {
    const expression = `((${operand}${more.repeat(count)})${more.repeat(count)})`;
    const sql = `SELECT VALUE ${expression} FROM '#' WHERE isUndefined(${expression}) OR true`;
    expect(() => run(sql, '{"a":1}')).not.toThrow();
    const statement = new Parser(sourceOf(sql, {}), false).statement();
    expect(printStatement(statement)).toContain(`${operand}${more}${more}`);
    expect(refusalOf(() => compileStatement(sql.replaceAll('))', `)${more.repeat(20)})`), { version: V2 }))).toContain(
      'nests deeper than 2000',
    );
  });

  it.each([
    ['[', ']', 95],
    ["{'a': ", '}', 95],
    ['(', ')', 95],
    ['abs(', ')', 95],
    ['CASE 1 WHEN 1 THEN ', ' END', 95],
    ['-(', ')', 45],
    ['NOT (', ')', 45],
    ['(SELECT VALUE ', ' FROM o)', 45],
  ])('of %s…%s, %d levels deep, run', (open, close, levels) => {
    expect(() => select(`${open.repeat(levels)}1${close.repeat(levels)}`, '{"o":{}}')).not.toThrow();
  });
});

describe('regular expressions', () => {
  // A backtracking engine needs 2^40 steps and more for each of these, and the test would never end.
  const text = `${'a'.repeat(40)}!`;

  it.each([
    ['(a+)+$', false],
    ['(a*)*$', true],
    ['(a|aa)+$', false],
    ['(a|a?)+$', true],
    ['(.*a){20}$', false],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', false],
    ['(?:a?){40}a{40}', true],
    ['(x+x+)+y', false],
  ])('%s takes no more steps than text and pattern are long', (pattern, isMatch) => {
    const payload = JSON.stringify({ t: text, p: pattern });
    expect(select('regexp_matches(t, p)', payload)).toBe(isMatch);
    expect(select(`regexp_matches(t, '${pattern}')`, payload)).toBe(isMatch);
    expect(() => select("regexp_replace(t, p, 'x')", payload)).not.toThrow();
    expect(() => select('regexp_substr(t, p)', payload)).not.toThrow();
  });

  it('run over long texts', () => {
    const payload = JSON.stringify({ t: 'a'.repeat(100_000) });
    expect(select("regexp_matches(t, '(a+)+b')", payload)).toBe(false);
    expect(select("regexp_matches(t, '(a|b|ab)*c')", payload)).toBe(false);
    expect(select("length(regexp_substr(t, '(a*)*'))", payload)).toBe(100_000);
  });

  it.each([
    '(((((a{1,99}){1,99}){1,99}){1,99}){1,99}){1,99}',
    'a{1,100000}',
    'a{99999999999}',
    '('.repeat(9000),
    'x'.repeat(10_001),
  ])('that would be too large are Undefined: %s', (pattern) => {
    expect(select('regexp_matches(t, p)', JSON.stringify({ t: 'aaa', p: pattern }))).toBeUndefined();
  });
});

describe('growth', () => {
  const payload = JSON.stringify({ t: 'a'.repeat(100_000), n: 1e9, e: Array.from({ length: 20_000 }, () => 0) });

  it.each([
    ['lpad() within lpad()', `${'lpad('.repeat(80)}'x'${', 1000000000)'.repeat(80)}`, 80_001],
    ['lpad() by a number of the payload', "lpad('x', n)", 1001],
    ['rpad() by 1E999', "rpad('x', 1E999)", 1001],
  ])('%s is bounded', (_, expression, length) => {
    expect(select(`length(${expression})`, payload)).toBe(length);
  });

  it.each([
    ['replace() within replace()', `${'replace('.repeat(20)}t${", 'a', 'aaaaaaaaaa')".repeat(20)}`],
    ['doubling by concat()', `${'concat(t, '.repeat(1)}${'t, '.repeat(300)}t)`],
    ['transform() of a large array', "transform('enrichArray', {'x': t}, [{'y': t}, {}])"],
    ['replace() of a number by a text', 'replace(t, substring(t, 0, 1), t)'],
    ['concat() of many arrays', `concat(${Array.from({ length: 60 }, () => 'e').join(', ')})`],
  ])('%s ends in Undefined', (_, expression) => {
    expect(select(expression, payload)).toBeUndefined();
  });

  it('doubling by variables ends at the first that is too large', () => {
    const set = 'SET @a = t + t, @b = @a + @a, @c = @b + @b';
    expect(() => run(`${set} SELECT VALUE @c FROM '#'`, payload)).toThrow('variables have 200002 bytes');
  });

  it('of numbers is none: an exponent stays an exponent', () => {
    expect(select("'' + 1E999")).toBe('1E999');
    expect(select("cast('1E999' AS Int) + ''")).toBe('1E999');
    expect(select('bitnot(1E999)')).toBeUndefined();
    expect(select('trunc(1E999, 34)')).toEqual(select('1E999'));
    expect(select("cast('1E99999999999999999999' AS Decimal)")).toBeUndefined();
    expect(select("'1E-99999999999999999999' - 0")).toBe(0);
    expect(select('1E999 % 3')).toBeTypeOf('number');
    expect(select('t - 0', `{"t":"${'9'.repeat(100_000)}"}`)).toBeUndefined();
    expect(select('mod(1E999, 7E-999)')).not.toBeNull();
  });

  it('of patterns of dates is bounded', () => {
    expect(select('parse_time(t, 0)', JSON.stringify({ t: 'y'.repeat(100_000) }))).toBeUndefined();
    expect(select('time_to_epoch(t, t)', JSON.stringify({ t: '['.repeat(150) }))).toBeUndefined();
    expect(select(`length(parse_time('${'S'.repeat(200)}', 0))`)).toBe(200);
  });
});

describe('what a small message makes of itself', () => {
  const elements = Array.from({ length: 20_000 }, () => 0);

  it('is bounded where queries are nested', () => {
    const sql = "SELECT VALUE (SELECT VALUE EXISTS (SELECT * FROM @m AS y WHERE y > x) FROM @m AS x) FROM '#'";
    const small = run(`SET @m = m ${sql}`, JSON.stringify({ m: elements.slice(0, 1000) }));
    expect(small).toHaveLength(1000);
    expect(() => run(`SET @m = m ${sql}`, JSON.stringify({ m: elements }))).toThrow('more than 4000000 elements');
  });

  it('is bounded where something large is selected for every element', () => {
    const payload = JSON.stringify({ big: 'x'.repeat(60_000), e: elements });
    const sql = "SET @b = big SELECT (SELECT @b AS b FROM e) AS r FROM '#'";
    expect(() => run(sql, payload)).toThrow('The result has more than 16777216 characters');
    // These are texts of their own for every element, some gigabytes together.
    for (const made of ["encode(*, 'base64')", 'upper(@b)', "@b + '!'", '(SELECT VALUE @b + x FROM [1] AS x)']) {
      expect(() => run(sql.replace('(SELECT @b', `(SELECT ${made}`), payload)).toThrow('The result has');
    }
    expect(() => run(sql, JSON.stringify({ big: 'x', e: elements }))).not.toThrow();
    expect(() => run(sql, JSON.stringify({ big: 'x'.repeat(60_000), e: elements.slice(0, 200) }))).not.toThrow();
  });

  it('is bounded where the payload is selected again and again', () => {
    const payload = JSON.stringify({ a: 'x'.repeat(100_000) });
    expect(() => run(`SELECT [${'a,'.repeat(200)}a] AS r FROM '#'`, payload)).toThrow('The result has');
    expect(() => run(`SELECT [${'a,'.repeat(100)}a] AS r FROM '#'`, payload)).not.toThrow();
  });

  it('leaves the statement as it was', () => {
    const statement = compileStatement("SELECT (SELECT VALUE y FROM e AS y) AS r, b FROM '#'", { version: V2 });
    for (let i = 0; i < 220; i++) statement.evaluate(contextOf(JSON.stringify({ e: elements })));
    expect(statement.evaluate(contextOf('{"e":[1],"b":2}'))).toEqual({ r: [1], b: 2 });
  });
});

describe('templates', () => {
  it('give up where text ends within an expression', () => {
    for (const text of ['${', '${a', "${'a", '${a}${', '${a b}', '${}', "${'}'", '${ {', `${'${a}'.repeat(100)}\${`]) {
      expect(refusalOf(() => compileTemplate(text, { version: V2 }))).toMatch(/^SQL_SYNTAX/);
    }
  });

  it('of many parts render', () => {
    const template = compileTemplate('${a}-'.repeat(5000), { version: V2 });
    expect(template.render(contextOf('{"a":1}'))).toBe('1-'.repeat(5000));
  });
});
