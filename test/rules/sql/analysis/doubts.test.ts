import { describe, expect, it } from 'vitest';
import { analyzeStatement, analyzeTemplate } from '../../../../src/rules/sql/analyze.ts';
import { select, V1, V2 } from '../../context.ts';
import { findingsOf, ofWhere } from './findings.ts';

const ofItem = (expression: string) => findingsOf(`SELECT ${expression} AS k FROM 'a'`);

describe('a topic filter that is hardly meant', () => {
  it.each([
    ["SELECT a FROM 'plant/*/oven'", 'A * is no wildcard in topics. Write + for one level'],
    ['SELECT a FROM \u2018plant/oven\u2019', 'typographic quotes'],
  ])('is found: %s', (sql, why) => {
    expect(findingsOf(sql).join('\n')).toContain(why);
  });

  it('is not found where a name has a * in it', () => {
    expect(findingsOf("SELECT a FROM 'plant/a*b/+'")).toEqual([]);
  });
});

describe('an expression that can only be Undefined', () => {
  it.each([
    ["abs('x')", "'x' is a String that is no number"],
    ['length(NULL)', 'NULL is Null'],
    ["'abc' * 2", '* takes numbers only'],
    ['x + NULL', '+ adds numbers or joins texts'],
    ['1 / 0', 'always Undefined'],
    ["cast('x' AS Int)", 'This cast is always Undefined'],
    ['upper(x).y', 'Nothing can be taken out of what is a String or Undefined'],
    ['-upper(NULL)', 'NULL is Null'],
    ["get([1, 2], 'a')", 'get() is always Undefined'],
    ['[1, 2][5]', 'always Undefined'],
    ['5 > x.y AND 7', 'AND wants Booleans'],
  ])('is found: %s', (expression, why) => {
    const found = ofItem(expression);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('SQL_ARGUMENTS');
    expect(found[0]).toContain(why);
  });

  it('is found where it begins, and left to the checker where that complains', () => {
    expect(ofItem("abs('x') + 1")).toHaveLength(1);
    expect(ofItem('abs()')).toEqual([]);
    expect(ofItem("encode(x, 'base32')")).toEqual([]);
  });

  it.each(['abs(x)', "abs('5')", 'x * y', "x + 'a'", 'x.y.z', 'list[0]', 'get(list, 1).a', 'chr(x)', 'missing'])(
    'is not found: %s',
    (expression) => {
      expect(ofItem(expression)).toEqual([]);
    },
  );
});

describe('a comparison', () => {
  it('that is never true or never false is found where it is no condition', () => {
    expect(ofItem('upper(x) = 5')).toEqual([expect.stringContaining('SQL_DOUBTFUL This is never true.')]);
    expect(ofItem('upper(x) <> 5')).toEqual([expect.stringContaining('SQL_DOUBTFUL This is never false.')]);
    expect(ofItem("upper(x) = 'A'")).toEqual([]);
    expect(ofItem("upper(x) <> 'A'")).toEqual([]);
  });

  it('of constants that is always true is found', () => {
    expect(ofWhere('1 = 1')).toEqual([expect.stringContaining('true for every message: it compares constants')]);
    expect(ofWhere('x AND 2 > 1')).toHaveLength(1);
    expect(ofWhere('true')).toEqual([]);
    expect(ofWhere('x = x')).toEqual([]);
  });

  it('with NULL is no test for what is missing', () => {
    expect(ofWhere('x = NULL')).toEqual([expect.stringContaining('Write isNull(x) for Null, isUndefined(x)')]);
    expect(ofWhere('x <> NULL')).toEqual([]);
    expect(ofWhere('isNull(x)')).toEqual([]);
  });

  it('that is followed by what looks like a comment is found', () => {
    expect(ofWhere('x > 5 -- hot')).toEqual([expect.stringContaining('SQL has no comments here')]);
    expect(ofWhere('x > 5 - -1')).toEqual([]);
  });
});

describe('OR behind isUndefined() or isNull()', () => {
  it('is found with what helps, and that helps', () => {
    const [found = ''] = ofWhere('isUndefined(x) OR x > 5');
    const instead = /Write (CASE .* END)\.$/.exec(found)?.[1] ?? '';
    expect(instead).toBe('CASE isUndefined(x) WHEN true THEN true ELSE x > 5 END');
    expect(select('isUndefined(x) OR x > 5')).toBeUndefined();
    expect(select(instead)).toBe(true);
    expect(select(instead, '{"x": 5}')).toBe(false);
    expect(ofWhere(instead)).toEqual([]);
  });

  it.each(['isNull(o.x) OR o.x > 5', 'y OR x * 2 > 5 OR isUndefined(x)', 'isUndefined(x) OR NOT x'])(
    'is found: %s',
    (condition) => {
      expect(ofWhere(condition)).toEqual([expect.stringContaining('this never helps')]);
    },
  );

  it.each([
    'isUndefined(x) OR y > 5',
    'isUndefined(x) OR get_or_default(x, 9) > 5',
    'isNull(x) OR x = 5',
    'isUndefined(x) AND y > 5',
    'isUndefined(x) OR EXISTS (SELECT * FROM list WHERE x > 5)',
    'x > 5 OR y > 5',
  ])('is not found: %s', (condition) => {
    expect(ofWhere(condition)).toEqual([]);
  });
});

describe('a branch of CASE', () => {
  it('of another type than the subject is found', () => {
    expect(ofItem("CASE length(x) WHEN '5' THEN 1 ELSE 2 END")).toEqual([
      expect.stringContaining('This branch is never taken.'),
    ]);
    expect(ofItem('CASE length(x) WHEN 5 THEN 1 ELSE 2 END')).toEqual([]);
    expect(ofItem("CASE x WHEN 5 THEN 1 WHEN 'a' THEN 2 END")).toEqual([]);
  });
});

describe('a clause', () => {
  it('with two items of one key is found', () => {
    expect(findingsOf("SELECT a, b.a FROM 'x'")).toEqual([
      expect.stringContaining('a has the key a; this overwrites it'),
    ]);
    expect(findingsOf("SELECT a AS x.y, b AS x FROM 'x'")).toHaveLength(1);
    expect(findingsOf("SELECT a AS x.y, b AS x.z, c AS xy, * FROM 'x'")).toEqual([]);
  });

  it('with a variable that nothing uses is found', () => {
    const sql = "SET @a = x, @b = @a SELECT y FROM 'x'";
    expect(findingsOf(sql)).toEqual([expect.stringContaining('Nothing uses @b.')]);
    expect(analyzeStatement(sql, { version: V2, usedElsewhere: '{"topic":"t/${@b}"}' })).toEqual([]);
  });

  it('that selects a quoted name is found', () => {
    expect(findingsOf('SELECT "temp" FROM \'x\'')).toEqual([expect.stringContaining('Write temp for the field')]);
    expect(findingsOf("SELECT \"temp\" AS kind, 'a' FROM 'x'")).toEqual([]);
  });

  it('with a decimal that 2016-03-23 makes an Int is found', () => {
    expect(findingsOf("SELECT 10.0 AS x FROM 'x'")).toEqual([expect.stringContaining('10.0 is the Int 10')]);
    expect(findingsOf("SELECT VALUE 1.0 FROM 'x'")).toHaveLength(1);
    expect(findingsOf("SELECT 10 AS x, 1.5 AS y, z * 2.0 AS u FROM 'x'")).toEqual([]);
    expect(findingsOf("SELECT 10.0 AS x FROM 'x'", [], V1)).toEqual([]);
  });

  it('whose filter no topic can match is found', () => {
    expect(findingsOf("SELECT * FROM '$share/group/a'")).toEqual([expect.stringContaining('shared subscriptions')]);
    expect(findingsOf("SELECT * FROM '$aws/rules/r/a'")).toEqual([expect.stringContaining('without its FROM')]);
    expect(findingsOf("SELECT * FROM '$aws/things/+/shadow/update'")).toEqual([]);
  });
});

describe('a template', () => {
  const ofTemplate = (text: string, sql = "SET @v = a SELECT * FROM 'x'") =>
    analyzeTemplate(text, { version: V2, sql, line: 3, column: 5 });

  it('is looked at expression by expression', () => {
    const found = ofTemplate("a/${topic(1)}/${abs('x')}/${upper(NULL)}");
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [3, 21],
      [3, 33],
    ]);
    expect(ofTemplate('a/${@v.b}/${x}')).toEqual([]);
  });

  it('that cannot be parsed is left to the compiler', () => {
    expect(ofTemplate('a/${')).toEqual([]);
    expect(ofTemplate("${abs('x')}", 'no SQL')).toHaveLength(1);
    expect(analyzeStatement('no SQL', { version: V2 })).toEqual([]);
  });
});
