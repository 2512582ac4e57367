import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/decimal.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import { compileStatement, notMatched } from '../../../src/rules/sql/statement.ts';
import { times } from '../../support/effort.ts';
import { contextOf, run, select, V1, V2 } from '../context.ts';
import { anyValue, deepFreeze, prototypeNames } from '../values.ts';

describe('SELECT', () => {
  it('gives the payload byte by byte when it is not JSON and nothing else is selected', () => {
    const payload = Buffer.from([0xff, 0x00]);
    expect(run("SELECT * FROM '#'", payload)).toEqual(payload);
    expect(run("SELECT VALUE * FROM '#'", payload)).toEqual(payload);
    expect(run("SELECT * FROM '#'", '')).toEqual(Buffer.alloc(0));
  });

  it('adds to payloads that are objects, and only then', () => {
    expect(run("SELECT *, 1 AS x FROM '#'", '{"x":0,"y":2}')).toEqual({ x: 1, y: 2 });
    for (const payload of ['[1]', '5', 'no json', '', 'null']) {
      expect(run("SELECT *, 1 AS x FROM '#'", payload)).toEqual({ x: 1 });
    }
  });

  it('puts the payload under a key', () => {
    expect(run("SELECT * AS m FROM '#'", '{"a":1}')).toEqual({ m: { a: 1 } });
    expect(run("SELECT {'m': *} AS o FROM '#'", '[1]')).toEqual({ o: { m: [1] } });
    expect(run("SELECT * AS m FROM '#'", Buffer.from([0xff]))).toEqual({ m: '/w==' });
  });

  it('merges dotted aliases without touching the payload', () => {
    const context = deepFreeze(contextOf('{"a":{"x":1}}'));
    const statement = compileStatement("SELECT *, 2 AS a.y, 3 AS a.z.w, missing AS n.o FROM '#'", { version: V2 });
    expect(statement.evaluate(context)).toEqual({ a: { x: 1, y: 2, z: { w: 3 } } });
  });

  it.each([
    ['d AS m.a, a AS k, d AS m.b.c, a AS m.b.d', '{"m":{"a":2,"b":{"c":2,"d":{"x":1}}},"k":{"x":1}}'],
    ['none AS m.a, a AS k, d AS m.b', '{"k":{"x":1},"m":{"b":2}}'],
    ['a, d AS a.y', '{"a":{"x":1,"y":2}}'],
    ['d AS a.y, a', '{"a":{"x":1}}'],
    ['d AS m.a.y, a AS m.a, d AS m.a.z', '{"m":{"a":{"x":1,"z":2}}}'],
    ['a.*, d AS x.y', '{"x":{"y":2}}'],
    [
      'd AS m.__proto__.p, a AS m.__proto__.q, d AS constructor.name',
      '{"m":{"__proto__":{"p":2,"q":{"x":1}}},"constructor":{"name":2}}',
    ],
  ])('makes the objects that dotted aliases name, and no others: %s', (items, expected) => {
    const context = deepFreeze(contextOf('{"a":{"x":1},"d":2}'));
    const statement = compileStatement(`SELECT ${items} FROM '#'`, { version: V2 });
    expect(JSON.stringify(statement.evaluate(context))).toBe(expected);
    // Nothing of the last message is left in the next one.
    expect(JSON.stringify(statement.evaluate(context))).toBe(expected);
    expect(Object.prototype).not.toHaveProperty('p');
  });

  it('spreads the members of an object', () => {
    expect(run("SELECT id, state.reported.* FROM '#'", '{"id":1,"state":{"reported":{"t":2,"h":3}}}')).toEqual({
      id: 1,
      t: 2,
      h: 3,
    });
    expect(run("SELECT id, id.*, none.* FROM '#'", '{"id":1}')).toEqual({ id: 1 });
  });

  it.each([
    ['a.b.c', '{"a":{"b":{"c":1}}}', { c: 1 }],
    ['upper(a)', '{"a":"x"}', { upper: 'X' }],
    ['a + 1', '{"a":1}', { 'a + 1': 2 }],
    ['a[0]', '{"a":[5]}', { a: 5 }],
    ['cast(a AS String)', '{"a":1}', { cast: '1' }],
    ['5', '{}', { 5: 5 }],
  ])('names what has no alias: %s', (item, payload, expected) => {
    expect(run(`SELECT ${item} FROM '#'`, payload)).toEqual(expected);
  });

  it('tells whether it reads fields of the payload', () => {
    const needs = (sql: string) => compileStatement(sql, { version: V2 }).needsDocument;
    expect(needs("SELECT * FROM '#'")).toBe(false);
    expect(needs("SELECT topic() AS t, encode(*, 'base64') AS d FROM '#'")).toBe(false);
    expect(needs("SELECT *, topic() AS t FROM '#'")).toBe(true);
    expect(needs("SELECT * FROM '#' WHERE a > 1")).toBe(true);
    expect(needs("SELECT (SELECT x FROM y) FROM '#'")).toBe(true);
  });
});

describe('WHERE', () => {
  it.each(['false', 'missing', 'NULL', "'true'", '1', 'missing = 1', 'true OR missing'])(
    'does not match for %s',
    (where) => {
      expect(run(`SELECT * FROM '#' WHERE ${where}`)).toBe(notMatched);
    },
  );

  it.each([
    ["'true' AND true", true],
    ["true AND 'TRUE' AND a = 1", true],
    ['a = 1 AND (a = 2 OR true)', true],
    ['a = 1 AND a', false],
    ['true AND missing', false],
    ['missing AND true', false],
    ['NOT (false AND missing)', false],
  ])('%s: %j', (where, isMatch) => {
    expect(run(`SELECT VALUE 1 FROM '#' WHERE ${where}`, '{"a":1}')).toBe(isMatch ? 1 : notMatched);
  });

  it('does not see aliases of SELECT', () => {
    expect(run("SELECT a AS b FROM '#' WHERE b = 1", '{"a":1}')).toBe(notMatched);
  });
});

describe('nested queries', () => {
  it.each<[string, unknown]>([
    ['(SELECT VALUE v FROM e WHERE v > 1)', [2, 3]],
    ['(SELECT v AS w FROM e)', [{ w: 1 }, { w: 2 }, { w: 3 }]],
    ['(SELECT VALUE v FROM o)', 7],
    ['(SELECT v FROM o)', { v: 7 }],
    ['(SELECT v FROM missing)', undefined],
    ['(SELECT v FROM s)', undefined],
    ['(SELECT VALUE missing FROM e)', []],
    ['(SELECT VALUE x * 2 FROM n AS x)', [2, 4]],
    // The inner source is looked up in the element, a number, which has no `n`.
    ['(SELECT VALUE (SELECT VALUE y FROM n AS y) FROM n AS x)', []],
    ['(SELECT VALUE s FROM e)', []],
    ['EXISTS (SELECT * FROM n AS x WHERE x = 2)', true],
    ['EXISTS (SELECT * FROM n AS x WHERE x = 5)', false],
    ['EXISTS (SELECT * FROM missing)', false],
    ['EXISTS (SELECT VALUE missing FROM e)', true],
    ['EXISTS (SELECT v FROM o WHERE v = 7)', true],
    ['EXISTS (SELECT v FROM o WHERE v = 8)', false],
    ['EXISTS (SELECT VALUE empty FROM w)', true],
    ['(SELECT VALUE v FROM e)[1]', 2],
  ])('%s', (expression, expected) => {
    const payload = '{"e":[{"v":1},{"v":2},{"v":3}],"o":{"v":7},"s":"text","n":[1,2],"w":{"empty":[]}}';
    expect(select(expression, payload)).toEqual(expected);
  });

  it('see aliases of the queries around them', () => {
    const payload = '{"rows":[{"f":10,"items":[1,2]},{"f":100,"items":[3]}]}';
    expect(select('(SELECT VALUE (SELECT VALUE i * r.f FROM r.items AS i) FROM rows AS r)', payload)).toEqual([
      [10, 20],
      [300],
    ]);
  });

  it('leave the names of the statement as they were', () => {
    expect(run("SELECT (SELECT VALUE a FROM e) AS n, a FROM '#'", '{"a":0,"e":[{"a":1}]}')).toEqual({ n: [1], a: 0 });
  });
});

describe('SET', () => {
  it('holds the document, and not a payload that is not JSON', () => {
    expect(run("SET @p = * SELECT VALUE @p.a FROM '#'", '{"a":1}')).toBe(1);
    expect(run("SET @p = * SELECT @p AS p FROM '#'", 'text')).toEqual({});
  });
});

describe('limits', () => {
  const payload = JSON.stringify({ t: 'a'.repeat(100_000), e: '' });

  it.each([
    ['replace() of the empty text', 'replace(t, e, t)'],
    ['replace() of every character', "replace(t, 'a', t)"],
    ['regexp_replace() of the empty text', 'regexp_replace(t, e, t)'],
    ['regexp_replace() of every character', "regexp_replace(t, '.', t)"],
    ['regexp_replace() with many references', `regexp_replace(t, '(.*)', '${'$1'.repeat(1000)}')`],
    ['concat() of many texts', `concat(${Array.from({ length: 400 }, () => 't').join(', ')})`],
    ['a sum of many texts', `t${' + t'.repeat(400)}`],
    ['concat() of many arrays', `concat([], ${Array.from({ length: 1000 }, () => '@many').join(', ')})`],
  ])('%s is Undefined when it grows without end', (_, expression) => {
    const many = `[${Array.from({ length: 900 }, () => '@ten').join(', ')}]`;
    const sql = `SET @ten = concat([1], [2]), @many = concat(${many}, ${many}) SELECT VALUE ${expression} FROM '#'`;
    expect(run(sql, payload)).toBeUndefined();
  });

  it('leaves what is long but not too long alone', () => {
    expect(select("length(replace(t, 'aa', 'abc'))", payload)).toBe(150_000);
    expect(select(`length(regexp_replace(t, 'a{100}', '${'b'.repeat(300)}'))`, payload)).toBe(300_000);
  });
});

describe('numbers', () => {
  it.each([
    ['0.1 + 0.2', '0.3'],
    ['0.1 * 3', '0.3'],
    ['1.1 - 1', '0.1'],
    ['(75 - 32) * 5 / 9', '23.88888888888888888888888888888889'],
    ['1 / 8', '0.125'],
    ['6 / 3', '2'],
    ['1 / 0', ''],
    ['1 % 0', ''],
    ['-7 % 3', '-1'],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740992 + 1', '9007199254740993'],
    ['x', '123456789012345678901234567890'],
    ['x + 1', '123456789012345678901234567891'],
    ['1E400 * 10', '1E401'],
    ['1E999 * 10', ''],
    ['1E-999 / 1E10', '0'],
    ['1E20', '100000000000000000000'],
    ['1E33', '1000000000000000000000000000000000'],
    ['0.000001', '0.000001'],
    ['5E-12', '5E-12'],
    ['-0', '0'],
    ['0 * -1', '0'],
    ["'5' - '3'", '2'],
  ])('%s is %s', (expression, expected) => {
    expect(serializeValue(select(expression, '{"x":123456789012345678901234567890}'))).toBe(expected);
  });

  it('keep their form in 2015-10-08', () => {
    expect(select("'' + x", '{"x":10.0}', { awsIotSqlVersion: V1 })).toBe('10.0');
    expect(select("'' + x", '{"x":10.0}')).toBe('10');
    expect(serializeValue(run("SELECT * FROM '#'", '{"x":10.0,"y":[1E2]}', { awsIotSqlVersion: V1 }) as never)).toBe(
      '{"x":10.0,"y":[100.0]}',
    );
    expect(select('x = 10', '{"x":10.0}', { awsIotSqlVersion: V1 })).toBe(true);
  });

  it('are plain numbers wherever they can be', () => {
    expect(select('a * 1.8 + 32', '{"a":21.5}')).toBe(70.7);
    expect(select('a / 4', '{"a":1}')).toBe(0.25);
    expect(select('a', '{"a":12345678901234567890}')).toBeInstanceOf(Decimal);
  });
});

describe('determinism', () => {
  it('gives the same for a message that is evaluated again, and another for another message', () => {
    const sql = "SELECT newuuid() AS u, rand() AS r, traceid() AS t, timestamp() AS ts FROM '#'";
    expect(run(sql)).toEqual(run(sql));
    expect(run(sql, '{}', { sequence: 8 })).not.toEqual(run(sql));
    expect(select('newuuid()')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(select('newuuid() = traceid()')).toBe(false);
  });
});

describe('names of JavaScript', () => {
  it.each(prototypeNames)('%s is data like any other', (name) => {
    expect(select(name)).toBeUndefined();
    expect(select(`a.${name}`, '{"a":"text"}')).toBeUndefined();
    expect(select(`a.${name}`, '{"a":[1]}')).toBeUndefined();
    expect(select(`get(a, '${name}')`, '{"a":{}}')).toBeUndefined();
    expect(serializeValue(run(`SELECT ${name} FROM '#'`, `{"${name}":1}`) as never)).toBe(`{"${name}":1}`);
    expect(serializeValue(run("SELECT *, 1 AS x FROM '#'", `{"${name}":{"y":1}}`) as never)).toBe(
      `{"${name}":{"y":1},"x":1}`,
    );
    expect(serializeValue(run(`SELECT 1 AS ${name}.polluted FROM '#'`) as never)).toBe(`{"${name}":{"polluted":1}}`);
    expect(serializeValue(select(`{'${name}': {'polluted': 1}}`))).toBe(`{"${name}":{"polluted":1}}`);
    expect(serializeValue(select(`transform('enrichArray', {'${name}': 1}, [{}])`))).toBe(`[{"${name}":1}]`);
    expect((() => ({}) as Record<string, unknown>)()['polluted']).toBeUndefined();
  });
});

describe('evaluation', () => {
  const statements = [
    "SELECT * FROM '#'",
    'SELECT *, a.b AS x.y, a.* FROM t WHERE a.b > 5 OR NOT b',
    'SELECT a + b AS s, a - b AS d, a * b AS p, a / b AS q, a % b AS m, a = b AS e, a <> b AS n, a IN b AS i FROM t',
    'SELECT CASE a WHEN b THEN 1 WHEN 2 THEN a ELSE b END AS c, [a, b] AS l, {"k": a, "__proto__": b} AS o FROM t',
    'SELECT (SELECT *, a.b AS x FROM a) AS n, EXISTS (SELECT * FROM b AS x WHERE x = 1) AS e, a[0], a["b"] FROM t',
    'SET @v = a, @w = concat(@v, b) SELECT @v.b AS v, @w AS w, upper(@v) AS u FROM t',
    'SELECT concat(a, b) AS c, replace(a, b, a) AS r, substring(a, b) AS s, get(a, b) AS g, cast(a AS Int) AS i FROM t',
    'SELECT cast(a AS Decimal) AS d, cast(a AS Bool) AS b, cast(a AS String) AS s, cast(b AS Double) AS x FROM t',
  ].map((sql) => compileStatement(sql, { version: V2 }));

  it('returns for documents of any shape, never throws and never changes them', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        const document = deepFreeze({ a, b });
        const context = contextOf('{}', { document });
        for (const statement of statements) {
          const value = statement.evaluate(context);
          if (value !== notMatched) JSON.parse(serializeValue(value) || 'null');
        }
      }),
      { numRuns: times(400) },
    );
  });

  it('leaves the payload alone where it adds to parts of it', () => {
    const context = deepFreeze(contextOf('{"o":{"k":1},"rows":[{"a":1},5]}'));
    const statement = compileStatement("SELECT VALUE transform('enrichArray', o, rows) FROM '#'", { version: V2 });
    expect(statement.evaluate(context)).toEqual([{ a: 1, k: 1 }, 5]);
  });

  it('returns for documents that are no objects', () => {
    for (const payload of ['null', '5', '"text"', '[{"a":1}]', 'true', 'no json', '']) {
      for (const statement of statements) expect(() => statement.evaluate(contextOf(payload))).not.toThrow();
    }
  });
});
