import { afterEach, describe, expect, it } from 'vitest';
import type { EvaluationContext } from '../../../src/rules/context.ts';
import { serializeValue } from '../../../src/rules/serialize.ts';
import { notMatched } from '../../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../../src/rules/template.ts';
import { contextOf, run, select, V2 } from '../context.ts';
import { prototypeNames } from '../values.ts';

/** JSON text of what the statement selects. */
function textOf(sql: string, payload = '{}', changes: Partial<EvaluationContext> = {}): string {
  const value = run(`${sql} FROM '#'`, payload, changes);
  return value === notMatched ? 'no match' : serializeValue(value);
}

describe.each([...prototypeNames, '__defineGetter__', 'isPrototypeOf'])('%s as a name', (name) => {
  const pair = `{"${name}":{"polluted":1}}`;

  afterEach(() => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('is Undefined where the payload has none', () => {
    for (const payload of ['{}', '{"a":{}}', '{"a":[]}', '{"a":"text"}', '[]', '5', '"text"', 'no json']) {
      expect(textOf(`SELECT ${name}, a.${name} AS b, a.${name}.${name} AS c`, payload)).toBe('{}');
      expect(select(`isUndefined(${name})`, payload)).toBe(true);
      expect(select(`isUndefined(get(a, '${name}'))`, payload)).toBe(true);
      expect(select(`isUndefined(a['${name}'])`, payload)).toBe(true);
    }
  });

  it('is a field of payloads', () => {
    expect(textOf('SELECT *', pair)).toBe(pair);
    expect(textOf('SELECT *, 1 AS x', pair)).toBe(`{"${name}":{"polluted":1},"x":1}`);
    expect(textOf(`SELECT ${name}`, pair)).toBe(pair);
    expect(textOf(`SELECT ${name}.*`, pair)).toBe('{"polluted":1}');
    expect(textOf(`SELECT VALUE a.${name}.polluted`, `{"a":${pair}}`)).toBe('1');
    expect(textOf(`SELECT VALUE get(a, '${name}')`, `{"a":${pair}}`)).toBe('{"polluted":1}');
    expect(textOf('SELECT VALUE cast(a AS String)', `{"a":${pair}}`)).toBe(JSON.stringify(pair));
    expect(textOf(`SELECT VALUE a = b`, `{"a":${pair},"b":${pair}}`)).toBe('true');
    expect(textOf(`SELECT VALUE a = b`, `{"a":${pair},"b":{}}`)).toBe('false');
    // A number with more digits than a double makes the decoder read the text in its slow way.
    expect(textOf('SELECT *', `{"${name}":{"n":9007199254740993}}`)).toBe(`{"${name}":{"n":9007199254740993}}`);
    expect(textOf('SELECT *', `{"${name}":1,"n":9007199254740993}`)).toBe(`{"${name}":1,"n":9007199254740993}`);
  });

  it('is an alias', () => {
    expect(textOf(`SELECT 1 AS ${name}`)).toBe(`{"${name}":1}`);
    expect(textOf(`SELECT {'polluted': 1} AS ${name}`)).toBe(pair);
    expect(textOf(`SELECT 1 AS ${name}.polluted`)).toBe(pair);
    expect(textOf(`SELECT 1 AS ${name}.polluted, 2 AS ${name}.${name}`)).toBe(`{"${name}":{"polluted":1,"${name}":2}}`);
    expect(textOf(`SELECT *, 2 AS ${name}.b`, pair)).toBe(`{"${name}":{"polluted":1,"b":2}}`);
    expect(textOf(`SELECT 1 AS a.${name}.polluted`)).toBe(`{"a":${pair}}`);
    expect(textOf(`SELECT 1 AS ${name}, 2 AS ${name}`)).toBe(`{"${name}":2}`);
  });

  it('is a key of an object literal', () => {
    expect(textOf(`SELECT VALUE {'${name}': {'polluted': 1}}`)).toBe(pair);
    expect(textOf(`SELECT VALUE {'${name}': missing}`)).toBe('{}');
    expect(textOf(`SELECT VALUE {'${name}': 1, 'x': 2}.${name}`)).toBe('1');
    expect(textOf(`SELECT VALUE isUndefined({'x': 2}.${name})`)).toBe('true');
  });

  it('is a name in nested queries', () => {
    const payload = `{"e":[${pair},{}],"o":${pair}}`;
    expect(textOf('SELECT VALUE (SELECT * FROM e)', payload)).toBe(`[${pair},{}]`);
    expect(textOf(`SELECT VALUE (SELECT ${name} FROM e)`, payload)).toBe(`[${pair},{}]`);
    expect(textOf(`SELECT VALUE (SELECT VALUE ${name} FROM e)`, payload)).toBe('[{"polluted":1}]');
    expect(textOf(`SELECT VALUE (SELECT 1 AS ${name}.polluted FROM o)`, payload)).toBe(pair);
    expect(textOf(`SELECT VALUE (SELECT VALUE ${name}.${name} FROM e AS ${name})`, payload)).toBe('[{"polluted":1}]');
    expect(textOf(`SELECT VALUE EXISTS (SELECT * FROM e WHERE ${name}.polluted = 1)`, payload)).toBe('true');
    expect(textOf(`SELECT VALUE (SELECT VALUE 1 FROM ${name})`, payload)).toBe('');
  });

  it('is a member in transform() and decode()', () => {
    expect(textOf(`SELECT VALUE transform('enrichArray', {'${name}': {'polluted': 1}}, [{}, 5])`)).toBe(`[${pair},5]`);
    expect(textOf("SELECT VALUE transform('enrichArray', o, e)", `{"o":{"x":1},"e":[${pair}]}`)).toBe(
      `[{"${name}":{"polluted":1},"x":1}]`,
    );
    const encoded = Buffer.from(pair).toString('base64');
    expect(textOf(`SELECT VALUE decode('${encoded}', 'base64').${name}`)).toBe('{"polluted":1}');
    expect(textOf(`SELECT VALUE concat([], ${name})`, pair)).toBe('[{"polluted":1}]');
  });

  it('is the name of a user property, of a SET variable, and a field in a template', () => {
    const properties = () => ({ userProperties: [[name, 'x'] as const] });
    expect(textOf('SELECT VALUE get_user_properties()', '{}', { properties })).toBe(`[{"${name}":"x"}]`);
    expect(textOf(`SELECT VALUE get_user_properties('${name}')`, '{}', { properties })).toBe('["x"]');
    expect(select(`get_user_properties('${name}')`)).toBeUndefined();
    expect(select(`get_mqtt_property('${name}')`)).toBeUndefined();
    expect(run(`SET @${name} = 1 SELECT @${name} AS v, @${name} FROM '#'`)).toEqual(JSON.parse(`{"v":1,"${name}":1}`));
    expect(() => run(`SELECT @${name} FROM '#'`)).toThrow('No SET before this');
    expect(compileTemplate(`\${${name}}`, { version: V2 }).render(contextOf('{}'))).toBe('');
    expect(compileTemplate(`\${${name}.polluted}`, { version: V2 }).render(contextOf(pair))).toBe('1');
    if (name !== 'length') expect(() => run(`SELECT ${name}(1) FROM '#'`)).toThrow('There is no function');
    expect(() => run(`SELECT cast(1 AS ${name}) FROM '#'`)).toThrow('There is no type');
  });
});
