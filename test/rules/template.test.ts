import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/errors.ts';
import { compileTemplate, unescapeReserved } from '../../src/rules/template.ts';
import { contextOf, V1, V2 } from './context.ts';

const payload = JSON.stringify({ id: 'd1', t: 21.5, n: 10, o: { a: [1, 'x'] }, nothing: null, big: 1e20 });

function render(text: string, sql?: string): string {
  const options = { version: V2, ...(sql === undefined ? {} : { sql }) };
  return compileTemplate(text, options).render(contextOf(payload));
}

describe('compileTemplate', () => {
  it.each([
    ['plain text', 'plain text'],
    ['', ''],
    ['${id}', 'd1'],
    ['a/${id}/${t}/b', 'a/d1/21.5/b'],
    ['${topic(2)}-${timestamp()}', 'myThings-1481825251155'],
    ["${CASE n WHEN 10 THEN 'ten' END}", 'ten'],
    ["${get({'}': '{'}, '}')}", '{'],
    ["${'${'}", '${'],
    ['${o}', '{"a":[1,"x"]}'],
    ['${big}', '100000000000000000000'],
    ['${123 * 1E6}', '123000000'],
    ['[${missing}${nothing}]', '[]'],
    ['$$aws/things/${id}/shadow/update', '$$aws/things/d1/shadow/update'],
    ['$${id}', '$d1'],
    ['{"a":"${id}"}', '{"a":"d1"}'],
    ["it's ${id}", "it's d1"],
    ["${id} isn't", "d1 isn't"],
  ])('renders %s as %s', (text, expected) => {
    expect(render(text)).toBe(expected);
  });

  it('sees the variables of SET, not the aliases of SELECT', () => {
    const sql = "SET @f = t * 2, @g = @f + 1 SELECT 5 AS id FROM '#'";
    expect(render('${@g}-${id}', sql)).toBe('44-d1');
  });

  it('does not report again what is wrong with the statement', () => {
    expect(render('${id}@', 'SELECT')).toBe('d1@');
    expect(render('${@f}', "SET @f = uper(id) SELECT 1 FROM '#'")).toBe('');
    expect(() => render('${@f}', 'SELECT')).toThrow('No SET before this assigns @f.');
  });

  it('knows when every message renders the same', () => {
    expect(compileTemplate('a/b', { version: V2 }).isConstant).toBe(true);
    expect(compileTemplate("a/${upper('b')}", { version: V2 }).isConstant).toBe(true);
    expect(compileTemplate('a/${topic()}', { version: V2 }).isConstant).toBe(false);
  });

  it('knows when it reads the payload', () => {
    expect(compileTemplate('a/${topic()}', { version: V2 }).needsDocument).toBe(false);
    expect(compileTemplate('a/${id}', { version: V2 }).needsDocument).toBe(true);
  });

  it.each<[text: string, column: number, code: string]>([
    ['a/${id', 7, 'SQL_SYNTAX'],
    ['a/${}', 5, 'SQL_SYNTAX'],
    ['a/${id} ${uper(id)}', 11, 'SQL_FUNCTION_UNKNOWN'],
    ['a/${*}', 5, 'SQL_SYNTAX'],
    ['${@f}', 3, 'SQL_SYNTAX'],
    ["${get_secret('a')}", 3, 'SQL_ARGUMENTS'],
  ])('refuses %s with its place', (text, column, code) => {
    try {
      compileTemplate(text, { version: V2, file: 'rules.yaml', line: 3, column: 1 });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CodedError);
      expect((error as CodedError).findings).toMatchObject([{ code, file: 'rules.yaml', line: 3, column }]);
    }
  });

  it('refuses what the version of the rule does not have', () => {
    expect(() => compileTemplate('${length(id)}', { version: V1 })).toThrow(CodedError);
  });
});

describe('unescapeReserved', () => {
  it('takes one of two dollar signs away, at the start only', () => {
    expect(unescapeReserved('$$aws/things/a')).toBe('$aws/things/a');
    expect(unescapeReserved('a/$$b')).toBe('a/$$b');
    expect(unescapeReserved('$a')).toBe('$a');
  });
});
