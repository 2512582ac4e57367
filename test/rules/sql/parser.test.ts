import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError, type Finding } from '../../../src/errors.ts';
import { compileStatement } from '../../../src/rules/sql/statement.ts';
import { times } from '../../support/effort.ts';
import { run, select, V1, V2 } from '../context.ts';

/** All findings of a statement that must not compile. */
function findingsOf(sql: string, version = V2): readonly Finding[] {
  try {
    compileStatement(sql, { version });
  } catch (error) {
    if (error instanceof CodedError) return error.findings;
    throw error;
  }
  throw new Error(`This compiles: ${sql}`);
}

function firstOf(sql: string, version = V2): Finding {
  const [finding] = findingsOf(sql, version);
  if (finding === undefined) throw new Error('There is an error without a finding.');
  return finding;
}

describe('syntax errors', () => {
  it.each<[sql: string, column: number, message: string]>([
    ['', 1, 'Expected SELECT, found the end.'],
    ["FROM 'a'", 1, "Expected SELECT, found 'FROM'."],
    ["SELECT a b FROM 'a'", 10, "Expected ',', AS, FROM or WHERE, found 'b'."],
    ["SELECT a AS FROM 'a'", 13, "Expected a name after AS, found 'FROM'."],
    ["SELECT a + FROM 'a'", 12, "Expected a value, found 'FROM'."],
    ["SELECT (a + 1 FROM 'a'", 15, "Expected ')', found 'FROM'."],
    ["SELECT 'abc FROM a", 8, "This string has no closing '."],
    ["SELECT CASE a ELSE 1 END FROM 'a'", 15, "Expected WHEN, found 'ELSE'."],
    ["SELECT CASE a WHEN THEN 2 END FROM 'a'", 20, "Expected a value, found 'THEN'."],
    ["SELECT CASE a WHEN 1 THEN 2 FROM 'a'", 29, "Expected WHEN, ELSE or END, found 'FROM'."],
    ["SELECT f(1 2) FROM 'a'", 12, "Expected ',' or ')', found '2'."],
    ["SELECT 5abc FROM 'a'", 8, "'5abc' is neither a number nor a name."],
    ["SELECT a ? FROM 'a'", 10, "'?' means nothing in SQL."],
    ["SELECT {a: 1} FROM 'a'", 9, "Expected a key in quotes, found 'a'."],
    ["SELECT a FROM 'a' WHERE", 24, 'Expected a value, found the end.'],
    ["SELECT a FROM 'a' b", 19, "Expected WHERE, found 'b'."],
    ['SELECT a FROM', 14, 'Expected a topic filter in single quotes, found the end.'],
    ["SELECT EXISTS (a) FROM 'a'", 16, "Expected SELECT, found 'a'."],
    ["SELECT VALUE a, b FROM 'a'", 15, "Expected an operator, FROM or WHERE, found ','."],
    ["SET @a = 1 SET @b = 2 SELECT 1 FROM 'a'", 12, "Expected ',' or SELECT, found 'SET'."],
  ])('%s', (sql, column, message) => {
    expect(firstOf(sql)).toMatchObject({ code: 'SQL_SYNTAX', line: 1, column, message });
  });

  it('are shown with the line and a caret below it', () => {
    const finding = firstOf("SELECT a,\n\tb,, c\nFROM 'a'");
    expect(finding).toMatchObject({ line: 2, column: 4 });
    expect(finding.excerpt).toBe('\tb,, c\n\t  ^');
  });

  it('are placed in the file that the statement stands in', () => {
    try {
      compileStatement('SELECT\n  +', { version: V2, file: 'rules/a.yaml', line: 10, column: 8 });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CodedError);
      expect((error as CodedError).findings).toMatchObject([{ file: 'rules/a.yaml', line: 11, column: 3 }]);
    }
    try {
      compileStatement('SELECT +', { version: V2, file: 'rules/a.yaml', line: 10, column: 8 });
      expect.unreachable();
    } catch (error) {
      expect((error as CodedError).findings).toMatchObject([{ line: 10, column: 15 }]);
    }
  });

  it('cut a long line around the caret', () => {
    const { excerpt = '' } = firstOf(`SELECT ${'a, '.repeat(1000)}; FROM 'a'`);
    const [line = '', caret = ''] = excerpt.split('\n');
    expect(line.length).toBeLessThanOrEqual(160);
    expect(line.charAt(caret.indexOf('^'))).toBe(';');
  });
});

describe('the checker', () => {
  it('reports everything that is wrong at once', () => {
    const sql = "SELECT foo(a), uper(b), @x, cast(a AS Blob) FROM 'a/#/b'";
    expect(findingsOf(sql).map(({ code, column }) => `${code} ${column}`)).toEqual([
      'SQL_FUNCTION_UNKNOWN 8',
      'SQL_FUNCTION_UNKNOWN 16',
      'SQL_SYNTAX 25',
      'SQL_SYNTAX 39',
      'SQL_SYNTAX 50',
    ]);
  });

  it('names the nearest function', () => {
    expect(firstOf("SELECT substrng(a, 1) FROM 'a'").message).toContain('Did you mean substring()?');
  });

  it.each([
    "SELECT (SELECT * FROM a) FROM 'a'",
    "SELECT a[0] FROM 'a'",
    "SELECT a.* FROM 'a'",
    "SELECT [1] FROM 'a'",
    "SELECT {'a': 1} FROM 'a'",
    "SET @a = 1 SELECT 1 FROM 'a'",
    "SELECT length(a) FROM 'a'",
    "SELECT cast(a AS Decimal) FROM 'a'",
  ])('refuses in 2015-10-08 what came later: %s', (sql) => {
    expect(firstOf(sql, V1).code).toBe('SQL_VERSION');
    expect(() => compileStatement(sql, { version: V2 })).not.toThrow();
    expect(() => compileStatement(sql, { version: 'beta' })).not.toThrow();
  });

  it.each([
    ["SELECT upper(*) FROM 'a'", 14],
    ["SELECT encode('a', *) FROM 'a'", 20],
    ["SELECT 1 FROM 'a' WHERE f(*)", 25],
  ])('refuses a misplaced star: %s', (sql, column) => {
    expect(firstOf(sql)).toMatchObject({ column });
  });

  it('warns about a number of parameters that gives Undefined', () => {
    const { warnings } = compileStatement("SELECT substring('abc') AS v FROM 'a'", { version: V2 });
    expect(warnings).toMatchObject([{ severity: 'warning', code: 'SQL_ARGUMENTS', column: 8 }]);
    expect(select("substring('abc')")).toBeUndefined();
  });

  it.each([
    ["regexp_matches(a, '(?=b)')", 'RE2'],
    ["regexp_substr(a, '(')", 'RE2'],
    ["encode(a, 'hex')", "'base64'"],
    ["decode(a, 'hex')", "'base64'"],
    ["parse_time('bb', a)", 'Joda'],
    ["parse_time('yyyy', a, 'Mars/Base')", 'time zone'],
    ["time_to_epoch(a, 'bb')", 'DateTimeFormatter'],
    ["transform('x', a, b)", "'enrichArray'"],
  ])('warns about constants that can only give Undefined: %s', (expression, part) => {
    const { warnings } = compileStatement(`SELECT ${expression} AS v FROM 'a'`, { version: V2 });
    expect(warnings).toMatchObject([{ severity: 'warning', code: 'SQL_ARGUMENTS', column: 8 }]);
    expect(warnings[0]?.message).toContain(part);
    expect(select(expression, '{"a":"b"}')).toBeUndefined();
  });

  it.each(['regexp_matches(a, b)', "parse_time('yyyy', a, b)", "parse_time('yyyy', a)", 'encode(a, b)'])(
    'has nothing to say about %s',
    (expression) => {
      expect(compileStatement(`SELECT ${expression} AS v FROM 'a'`, { version: V2 }).warnings).toEqual([]);
    },
  );

  it('warns about filters without single quotes and a comma before FROM', () => {
    const { warnings, topicFilter } = compileStatement('SELECT a, FROM iot/+/# WHERE a > 1', { version: V2 });
    expect(warnings.map(({ message }) => message)).toEqual([
      'A comma before FROM; remove it.',
      'AWS IoT wants the topic filter in single quotes.',
    ]);
    expect(topicFilter).toBe('iot/+/#');
  });

  it.each([
    ['11 variables', `SET ${Array.from({ length: 11 }, (_, i) => `@v${i} = ${i}`).join(', ')} SELECT 1 FROM 'a'`],
    ['a variable that is assigned twice', "SET @a = 1, @a = 2 SELECT 1 FROM 'a'"],
    ['a name of 65 characters', `SET @${'a'.repeat(65)} = 1 SELECT 1 FROM 'a'`],
    ['a variable that is used before it is set', "SET @a = @b, @b = 1 SELECT 1 FROM 'a'"],
  ])('refuses %s', (_, sql) => {
    expect(firstOf(sql).code).toBe('SQL_SYNTAX');
  });
});

describe('the grammar', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['2 * -3', -6],
    ['(- - 5)', 5],
    ['NOT 1 = 2', true],
    ['true OR true AND false', true],
    ['NOT false AND false', false],
    ['1 < 2 = true', undefined],
    ["'it''s'", "it's"],
    ['"say ""hi"""', 'say "hi"'],
    ["'\\d+'", '\\d+'],
    ['1E3', 1000],
    ['2 in [1, 2]', true],
    ['1 != 2', true],
  ])('%s is %j', (expression, expected) => {
    if (expected === undefined) expect(() => select(expression)).toThrow(CodedError);
    else expect(select(expression)).toEqual(expected);
  });

  it.each([
    ['SELECT value FROM', { value: 1 }],
    ['SELECT VALUE value FROM', 1],
    ['SELECT VALUE * FROM', 'payload'],
    ['SELECT value * 2 AS d FROM', { d: 2 }],
    ['SELECT value - 1 AS d FROM', { d: 0 }],
    ['SELECT VALUE -1 FROM', -1],
    ['SELECT VALUE [1] FROM', [1]],
    ['SELECT value.x, value FROM', { value: 1 }],
    ['SELECT end, case, in, set, exists FROM', { end: 2, case: 3, in: 4, set: 5, exists: 6 }],
    ['SELECT from AS f FROM', { f: 7 }],
    ['SELECT a.from, a.select AS s FROM', { from: 8, s: 9 }],
    ['SELECT 1 AS value, 2 AS from FROM', { value: 1, from: 2 }],
    ['SELECT CASE value WHEN 1 THEN end END AS c FROM', { c: 2 }],
    ['SELECT CASE (value) WHEN 1 THEN 5 END AS c FROM', { c: 5 }],
    ['SELECT CASE -value WHEN -1 THEN 5 END AS c FROM', { c: 5 }],
  ])('takes keywords for names where they can only be names: %s', (sql, expected) => {
    const document = { value: 1, end: 2, case: 3, in: 4, set: 5, exists: 6, from: 7, a: { from: 8, select: 9 } };
    const result = run(`${sql} '#'`, JSON.stringify(document));
    expect(result).toEqual(expected === 'payload' ? document : expected);
  });

  it('bounds nesting and rows of operands, so that no statement overflows the stack', () => {
    expect(firstOf(`SELECT ${'('.repeat(200)}1 FROM 'a'`).message).toContain('nests deeper than 100');
    expect(firstOf(`SELECT ${'- '.repeat(200)}1 FROM 'a'`).message).toContain('nests deeper than 100');
    expect(firstOf(`SELECT ${'NOT '.repeat(200)}a FROM 'a'`).message).toContain('nests deeper than 100');
    expect(firstOf(`SELECT a${'.a'.repeat(2000)} FROM 'a'`).message).toContain('more than 1000 segments');
    expect(firstOf(`SELECT a${' + a'.repeat(2000)} FROM 'a'`).message).toContain('More than 1000 operands');
    expect(firstOf(`SELECT '${'a'.repeat(140_000)}' FROM 'a'`).message).toContain('longer than');
    expect(select(`${'('.repeat(40)}1${')'.repeat(40)}`)).toBe(1);
    expect(select(`1${' + 1'.repeat(999)}`)).toBe(1000);
  });

  it('gives a statement or a coded error with a place for any text', () => {
    const words = fc.constantFrom(
      ...'SELECT VALUE * FROM WHERE AS AND OR NOT IN CASE WHEN THEN ELSE END EXISTS SET @a @ a b.c topic ( ) [ ] { } , . = <> < + - / % : 1 2.5'.split(
        ' ',
      ),
      ...["'a/b'", '"x"', "'", '"', ';', '#', '\n', 'null', 'true', 'cast', '€', '\ud800', '💡'],
    );
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 14 }),
        fc.constantFrom('', 'SELECT '),
        fc.constantFrom(V1, V2),
        (list, start, version) => {
          const sql = start + list.join(' ');
          try {
            compileStatement(sql, { version });
          } catch (error) {
            expect(error).toBeInstanceOf(CodedError);
            for (const { line, column, excerpt } of (error as CodedError).findings) {
              expect(line).toBeGreaterThan(0);
              expect(column).toBeGreaterThan(0);
              expect(excerpt).toContain('^');
            }
          }
        },
      ),
      { numRuns: times(3000) },
    );
  });
});
