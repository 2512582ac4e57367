import { describe, expect, it } from 'vitest';
import { analyzeStatement } from '../../../../src/rules/sql/analyze.ts';
import { V1, V2 } from '../../context.ts';
import { findingsOf, ofWhere } from './findings.ts';

const isNever = (condition: string) => ofWhere(condition).some((finding) => finding.startsWith('SQL_NEVER_TRUE'));

describe('a condition that is never true', () => {
  it.each([
    ['false', 'false is never true'],
    ['NULL', 'NULL is Null'],
    ["'true'", 'Write true without quotes'],
    ['upper(x)', 'upper(x) is a String or Undefined'],
    ['a + 1', 'a + 1 is a number, a String or Undefined'],
    ['[1]', 'an Array'],
    ["{'a': 1}", 'an Object'],
    ['1 = 2', 'It compares constants.'],
    ['5 < 3', 'It compares constants.'],
    ["x > 'abc'", "'abc' is a String that is no number"],
    ['x < true', 'true is a Boolean'],
    ['NULL <= x', 'NULL is Null'],
    ['"temp" > 5', 'write temp for the field'],
    ['"status" = \'on\'', 'write status for the field'],
    ['topic(1) = 5', '= converts nothing'],
    ["length(x) = 'a'", 'length(x) is a number or Undefined'],
    ['upper(x) IN [1, 2]', 'No element can equal upper(x)'],
    ['x IN []', 'Nothing is in an empty array.'],
    ['x IN 5', 'IN wants an Array'],
    ['NOT 5', 'NOT negates Booleans only'],
    ['a AND b * 2', 'b * 2 is a number or Undefined'],
    ['a OR b * 2', 'OR wants Booleans'],
    ['false OR x > NULL', ''],
    ["CASE x WHEN 1 THEN 'a' ELSE 'b' END = 'c'", ''],
    ["CASE x WHEN 1 THEN 'a' ELSE 'b' END", 'only the Boolean true matches'],
    ['abs(x)', 'abs(x) is a number or Undefined'],
    ['EXISTS (SELECT * FROM 5)', ''],
  ])('is found: %s', (condition, why) => {
    expect(ofWhere(condition)).toContainEqual(
      expect.stringContaining('SQL_NEVER_TRUE With this, WHERE can never be true.'),
    );
    expect(ofWhere(condition).join('\n')).toContain(why);
  });

  it.each([
    ["x = 'a' AND x = 'b'"],
    ["x = 'a' AND y AND 'b' = x"],
    ['t > 50 AND t < 10'],
    ['t >= 5 AND 5 > t'],
    ['t = 3 AND t > 4'],
    ['t IN [1, 2] AND t = 3'],
    ["x = 'a' AND x > 5"],
    ['isUndefined(x) AND x > 5'],
    ['isNull(x) AND NOT isNull(x)'],
    ['x AND NOT x'],
    ['o.a = 1 AND o.a <> 1'],
    ["topic(3) = 'a' AND topic(3) = 'b'"],
    ['(t > 50 AND t < 10) OR (t > 60 AND t < 20)'],
    ["t > '50' AND t < 10"],
    ['cast(t AS Int) = 1 AND cast(t as INT) = 2'],
  ])('is found in what contradicts itself: %s', (condition) => {
    expect(ofWhere(condition).join()).toMatch(/can never be true\. .*contradicts/);
  });

  it.each([
    ['x'],
    ['NOT x'],
    ['x = NULL'],
    ["x = 'a' OR x = 'b'"],
    ['t > 10 AND t < 50'],
    ['t >= 5 AND t <= 5'],
    ["t >= '5' AND t <= 5"],
    ["x = 'a' AND y = 'b'"],
    ['a.x = 1 AND b.x = 2'],
    ['list[0] = 1 AND list[1] = 2'],
    ['(t > 50 AND t < 10) OR t = 20'],
    ["x > '5'"],
    ["'true' AND x"],
    ['get(x, 0) = 5'],
    ['nanvl(x, 5) = 5'],
    ["decode(x, 'base64') > 5"],
    ['x IN [a, b]'],
    ['x IN y'],
    ['EXISTS (SELECT * FROM list WHERE a = 1) AND a = 2'],
    ["CASE x WHEN 1 THEN 'a' ELSE 'b' END = 'b'"],
    ["x + 1 = 'a1'"],
    ['rand() < 0.5'],
    ['get_user_properties() = [1]'],
  ])('is not found: %s', (condition) => {
    expect(isNever(condition)).toBe(false);
  });

  it('has its place: the part that is to blame', () => {
    const sql = "SELECT *\nFROM 'a'\nWHERE ok\n  AND x > 'abc'";
    const [finding] = analyzeStatement(sql, { version: V2, file: 'rules.yaml', line: 10, column: 7 });
    expect(finding).toMatchObject({ severity: 'warning', file: 'rules.yaml', line: 13, column: 7 });
    expect(finding?.excerpt).toBe("  AND x > 'abc'\n      ^^^^^^^^^");
  });

  it('is reported once, and for nested SELECTs by itself', () => {
    expect(ofWhere("x > 'abc'")).toHaveLength(1);
    const nested = findingsOf("SELECT (SELECT a FROM list WHERE a > 'abc') AS b FROM 'x'");
    expect(nested).toEqual([expect.stringContaining('the WHERE of this nested SELECT can never be true')]);
  });

  it('is found under both versions', () => {
    const sql = "SELECT * FROM 'a' WHERE x = 10.0 AND x = 11";
    expect(analyzeStatement(sql, { version: V1 })).toHaveLength(1);
    expect(analyzeStatement(sql.replace('11', '10'), { version: V1 })).toHaveLength(0);
  });
});

describe('a condition on the topic', () => {
  const of = (filter: string, condition: string) => findingsOf(`SELECT * FROM '${filter}' WHERE ${condition}`);

  it.each([
    ['a/b/#', "topic(2) = 'c'", 'topic(2) is always "b"'],
    ['a/+/c', "topic(4) = 'd'", 'topic(4) is Undefined'],
    ['a/b', "topic() = 'a/c'", 'topic() is always "a/b"'],
    ['a/b/#', "topic(2) IN ['x', 'y']", ''],
  ])('is held against FROM: %s, %s', (filter, condition, why) => {
    const found = of(filter, condition).join();
    expect(found).toContain('So it is for all topics that FROM matches.');
    expect(found).toContain(why);
  });

  it.each([
    ['a/b/#', "topic(2) = 'b'"],
    ['a/+/#', "topic(2) = 'c'"],
    ['a/b/#', "topic(3) = 'c'"],
    ['a/b/#', "topic(7) = 'c'"],
    ['+/b', "topic() = 'a/b'"],
    ['a/b', 'topic(n) = 5.5'],
  ])('is left alone where FROM allows it: %s, %s', (filter, condition) => {
    expect(of(filter, condition).filter((finding) => finding.includes('So it is'))).toEqual([]);
  });
});
