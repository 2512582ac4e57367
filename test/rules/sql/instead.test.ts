import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors.ts';
import { functionNamed } from '../../../src/rules/functions/index.ts';
import { insteadOfFunction } from '../../../src/rules/sql/instead.ts';
import { compileStatement } from '../../../src/rules/sql/statement.ts';
import { V2 } from '../context.ts';

function complaint(sql: string): string {
  try {
    compileStatement(sql, { version: V2 });
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
  return '';
}

const where = (condition: string) => complaint(`SELECT * FROM 'a' WHERE ${condition}`);

describe('errors about what other dialects have', () => {
  it.each([
    ["a LIKE 'x%'", 'startswith()'],
    ['a BETWEEN 1 AND 2', 'x >= low AND x <= high'],
    ['a IS NULL', 'isNull(x)'],
    ['a IS NOT NULL', 'isNull(x)'],
    ['a NOT IN [1]', 'NOT (x IN [1, 2])'],
    ['a == 5', 'one ='],
    ['a || b', 'concat()'],
    ['a && b', 'Write AND.'],
    ['`a` = 5', 'stand without quotes'],
    ['$.a = 5', 'named as they are'],
    ['a = 5;', 'ends without it'],
    ['CASE WHEN a > 5 THEN 1 END = 1', 'CASE x > 5 WHEN true THEN'],
    ['a = 5 GROUP BY a', 'one message at a time'],
    ['a = 5 ORDER BY a', 'one message at a time'],
    ['a = 5 LIMIT 1', 'one message at a time'],
  ])('say what to write for %s', (condition, hint) => {
    expect(where(condition)).toContain(hint);
  });

  it('say what to write for joins and DISTINCT', () => {
    expect(complaint("SELECT * FROM 'a' JOIN 'b'")).toContain('one message at a time');
    expect(complaint("SELECT DISTINCT a FROM 'a'")).toContain('one message at a time');
    expect(complaint("SELECT distinct FROM 'a'")).toBe('');
  });

  it.each([
    ['now()', 'timestamp()'],
    ['COALESCE(a, 1)', 'get_or_default(value, default)'],
    ['count(a)', 'one message at a time'],
    ['tiemstamp()', 'Did you mean timestamp()?'],
    ['Subsring(a, 1)', 'Did you mean substring()?'],
    ['nothing_like_it()', 'See the list of functions.'],
  ])('say what to write for %s', (call, hint) => {
    expect(where(`${call} = 1`)).toContain(hint);
  });

  it('never stand in the way of a function that exists', () => {
    for (const name of ['len', 'substr', 'min', 'if', 'base64', 'constructor']) {
      expect(functionNamed(name)).toBeUndefined();
      expect(insteadOfFunction(name) === null).toBe(name === 'constructor');
    }
  });

  it('name the variable that was meant', () => {
    expect(complaint("SET @total = a SELECT @totl AS b FROM 'a'")).toContain('Did you mean @total?');
    expect(complaint("SET @total = a SELECT @x AS b FROM 'a'")).not.toContain('Did you mean');
  });
});
