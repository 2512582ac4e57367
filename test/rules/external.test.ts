import { describe, expect, it } from 'vitest';
import type { ExternalAnswer, ExternalCall } from '../../src/external-call.ts';
import { CallFailed, CallPending } from '../../src/rules/external.ts';
import { serializeValue } from '../../src/rules/serialize.ts';
import { compileStatement, notMatched } from '../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../src/rules/template.ts';
import { contextOf, run, select, V1, V2 } from './context.ts';

const ROLE = "'arn:aws:iam::123456789012:role/r'";

const answered = (text: string) => ({ answerOf: (): ExternalAnswer => ({ isOk: true, text }) });
const failing = { answerOf: (): ExternalAnswer => ({ isOk: false, reason: 'The table is gone.' }) };
const unanswered = { answerOf: () => null };

/** What a statement asks first. */
function allAskedBy(evaluate: () => unknown): readonly ExternalCall[] {
  try {
    evaluate();
  } catch (thrown) {
    if (thrown instanceof CallPending) return thrown.calls;
    throw thrown;
  }
  throw new Error('Nobody is asked.');
}

function askedBy(expression: string, payload: Buffer | string = '{}', version = V2): ExternalCall {
  const calls = allAskedBy(() => select(expression, payload, { ...unanswered, awsIotSqlVersion: version }));
  expect(calls).toHaveLength(1);
  return calls[0] as ExternalCall;
}

describe('a function that asks a service', () => {
  it.each([
    ["aws_lambda('f', {'a': x, 'b': [1, missing]})", 'aws_lambda', '["f",{"a":5,"b":[1,null]}]'],
    ["aws_lambda('f', null)", 'aws_lambda', '["f",null]'],
    [`get_dynamodb('t', 'pk', x, ${ROLE})`, 'get_dynamodb', '["t","pk",5]'],
    [`get_dynamodb('t', 'pk', 'v', 'sk', x, ${ROLE})`, 'get_dynamodb', '["t","pk","v","sk",5]'],
    [`get_registry_data('DescribeThing', topic(1), ${ROLE})`, 'get_registry_data', '["DescribeThing","things"]'],
    [`get_secret('s', 'SecretBinary', ${ROLE})`, 'get_secret', '["s","SecretBinary"]'],
    [`get_secret('s', 'SecretString', 'k', ${ROLE})`, 'get_secret', '["s","SecretString","k"]'],
    [`GET_THING_SHADOW('t', ${ROLE})`, 'get_thing_shadow', '["t"]'],
    [`get_thing_shadow('t', 'named', ${ROLE})`, 'get_thing_shadow', '["t","named"]'],
    [`machinelearning_predict('m', ${ROLE}, {'a': {'b': 1}})`, 'machinelearning_predict', '["m",{"a":{"b":1}}]'],
  ])('%s asks %s with its parameters but the role', (expression, name, parameters) => {
    expect(askedBy(expression, '{"x":5}')).toEqual({ function: name, parameters });
  });

  it('asks together for what does not depend on one another', () => {
    const parametersOf = (sql: string, answerOf: (call: ExternalCall) => ExternalAnswer | null = () => null) =>
      allAskedBy(() => run(sql, '{"a":[{"v":1},{"v":2},{"v":3}],"x":9}', { answerOf })).map((call) => call.parameters);
    expect(parametersOf("SELECT (SELECT aws_lambda('f', v) AS r FROM a WHERE v <> 2) AS r FROM 't'")).toEqual([
      '["f",1]',
      '["f",3]',
    ]);
    expect(parametersOf("SELECT x, aws_lambda('f', x) AS y, {'k': aws_lambda('g', x)} AS z FROM 't'")).toEqual([
      '["f",9]',
      '["g",9]',
    ]);
    const ofTheFirst = (call: ExternalCall): ExternalAnswer | null =>
      call.parameters === '["f",9]' ? { isOk: true, text: '8' } : null;
    expect(parametersOf("SELECT aws_lambda('g', aws_lambda('f', x)) AS y, x FROM 't'")).toEqual(['["f",9]']);
    expect(parametersOf("SELECT aws_lambda('g', aws_lambda('f', x)) AS y, x FROM 't'", ofTheFirst)).toEqual([
      '["g",8]',
    ]);
  });

  it('sends and receives every digit', () => {
    const digits = '9007199254740993';
    expect(askedBy("aws_lambda('f', x)", `{"x":${digits}}`).parameters).toBe(`["f",${digits}]`);
    const value = select("aws_lambda('f', 1)", '{}', answered(`{"a":${digits},"b":0.1}`));
    expect(serializeValue(value)).toBe(`{"a":${digits},"b":0.1}`);
  });

  it('keeps the form of 10.0 in the first version', () => {
    expect(askedBy("aws_lambda('f', x)", '{"x":10.0}', V1).parameters).toBe('["f",10.0]');
    expect(askedBy("aws_lambda('f', x)", '{"x":10.0}', V2).parameters).toBe('["f",10]');
    const changes = { ...answered('10.0'), awsIotSqlVersion: V1 };
    expect(serializeValue(select("aws_lambda('f', 1)", '{}', changes))).toBe('10.0');
  });

  it("takes '*' as the JSON document, whether or not the rule reads it", () => {
    const document = { document: undefined, isJson: false };
    expect(askedBy("aws_lambda('f', *)", ' { "a" : 1 } ').parameters).toBe('["f",{"a":1}]');
    expect(() => select("aws_lambda('f', *)", '{"a":1}', { ...document, ...unanswered })).toThrow(
      expect.objectContaining({ calls: [{ function: 'aws_lambda', parameters: '["f",{"a":1}]' }] }),
    );
    const statement = compileStatement("SELECT aws_lambda('f', *) AS a FROM '#'", { version: V2 });
    expect(statement.needsDocument).toBe(false);
  });

  it.each([['no JSON'], [''], [Buffer.from([0xff])]])("fails when '*' is %j", (payload) => {
    expect(() => select("aws_lambda('f', *)", payload, unanswered)).toThrow('aws_lambda: The payload is not JSON.');
  });

  it('is Undefined for an empty answer', () => {
    expect(select("aws_lambda('f', 1)", '{}', answered(''))).toBe(undefined);
  });

  it.each([
    ['{', 'aws_lambda: The answer is not JSON.'],
    ['['.repeat(65) + ']'.repeat(65), 'aws_lambda: The answer nests too deep.'],
  ])('fails for the answer %s', (text, message) => {
    expect(() => select("aws_lambda('f', 1)", '{}', answered(text))).toThrow(message);
  });

  it('fails with the reason of the service', () => {
    expect(() => select("aws_lambda('f', 1)", '{}', failing)).toThrow(CallFailed);
    expect(() => select("aws_lambda('f', 1)", '{}', failing)).toThrow('aws_lambda: The table is gone.');
  });

  it('fails where nobody can be asked', () => {
    const { answerOf, ...context } = contextOf('{}');
    const statement = compileStatement(`SELECT get_thing_shadow('t', ${ROLE}) FROM '#'`, { version: V2 });
    expect(() => statement.evaluate(context)).toThrow('get_thing_shadow: No connector is there to ask.');
  });

  it.each([
    ['aws_lambda(missing, 1)', 'Its parameter functionArn is Undefined.'],
    ['aws_lambda(5 + x, 1)', 'Its parameter functionArn must be a String that is not empty.'],
    ["aws_lambda('f', missing)", 'Its parameter input is Undefined.'],
    [
      `get_dynamodb('t', 'pk', concat(e, ''), ${ROLE})`,
      'Its parameter partitionKeyValue must be a number, or a String',
    ],
    [`get_dynamodb('t', 'pk', 1, 'sk', [x], ${ROLE})`, 'Its parameter sortKeyValue must be a number, or a String'],
    [`get_secret('s', topic(), ${ROLE})`, "Its parameter secretType must be 'SecretString' or 'SecretBinary'."],
    [`get_thing_shadow(x, ${ROLE})`, 'Its parameter thingName must be a String'],
    [`machinelearning_predict('m', ${ROLE}, x)`, 'Its parameter record must be an object.'],
  ])('fails for what it cannot ask: %s', (expression, message) => {
    expect(() => select(expression, '{"x":5,"e":""}', unanswered)).toThrow(message);
  });

  it('is not asked when WHERE leaves the message alone, nor by branches that are not taken', () => {
    const sql = "SELECT CASE x WHEN 1 THEN aws_lambda('f', 1) ELSE 2 END AS y FROM '#'";
    expect(run(sql, '{"x":3}', unanswered)).toEqual({ y: 2 });
    expect(run("SELECT aws_lambda('f', 1) FROM '#' WHERE x = 1", '{}', unanswered)).toBe(notMatched);
    expect(run("SELECT 1 FROM '#' WHERE x = 1 AND aws_lambda('f', 1)", '{}', unanswered)).toBe(notMatched);
  });
});

describe('a statement that asks services', () => {
  const asks = (sql: string) => compileStatement(sql, { version: V2 }).callsExternal;

  it.each([
    "SELECT aws_lambda('f', 1) AS a FROM '#'",
    "SELECT VALUE {'a': [aws_lambda('f', 1).b]} FROM '#'",
    "SET @a = aws_lambda('f', 1) SELECT 1 AS x FROM '#'",
    "SELECT 1 AS x FROM '#' WHERE aws_lambda('f', 1).isGood",
    "SELECT (SELECT VALUE aws_lambda('f', v) FROM values) AS a FROM '#'",
    "SELECT get_or_default(aws_lambda('f', 1), 0) AS a FROM '#'",
  ])('says so: %s', (sql) => {
    expect(asks(sql)).toBe(true);
  });

  it('says when it asks none', () => {
    expect(asks("SELECT get_or_default(a, 0) AS a FROM '#' WHERE b")).toBe(false);
  });

  it('is evaluated again from the start, one answer further each time', () => {
    const sql = `SET @line = get_thing_shadow('t', ${ROLE}).line SELECT (SELECT v, aws_lambda('f', v) AS g FROM values WHERE v > 1) AS out, id, @line AS line FROM '#'`;
    const statement = compileStatement(sql, { version: V2 });
    const known = new Map<string, string>();
    const answerOf = ({ function: name, parameters }: ExternalCall): ExternalAnswer | null => {
      const text = known.get(name + parameters);
      return text === undefined ? null : { isOk: true, text };
    };
    const context = contextOf('{"id":7,"v":0,"values":[{"v":1},{"v":2},{"v":3}]}', { answerOf });
    const asked: string[] = [];
    for (;;) {
      try {
        expect(statement.evaluate(context)).toEqual({
          out: [
            { v: 2, g: 'g2' },
            { v: 3, g: 'g3' },
          ],
          id: 7,
          line: 'north',
        });
        break;
      } catch (thrown) {
        if (!(thrown instanceof CallPending)) throw thrown;
        const [{ function: name, parameters } = { function: '', parameters: '' }] = thrown.calls;
        asked.push(name + parameters);
        const text = name === 'aws_lambda' ? `"g${JSON.parse(parameters)[1]}"` : '{"line":"north"}';
        known.set(name + parameters, text);
      }
    }
    expect(asked).toEqual(['get_thing_shadow["t"]', 'aws_lambda["f",2]', 'aws_lambda["f",3]']);
  });

  it('leaves nothing of a message that failed to the next', () => {
    const sql = "SELECT (SELECT VALUE aws_lambda('f', v) FROM values) AS out, v FROM '#'";
    const statement = compileStatement(sql, { version: V2 });
    const payload = '{"v":"outer","values":[{"v":"inner"}]}';
    expect(() => statement.evaluate(contextOf(payload, failing))).toThrow(CallFailed);
    expect(statement.evaluate(contextOf(payload, answered('1')))).toEqual({ out: [1], v: 'outer' });
  });
});

describe('get_or_default', () => {
  it.each([
    ["get_or_default(aws_lambda('f', 1), 'd')", 'd'],
    ["get_or_default(aws_lambda('f', 1))", undefined],
    ["get_or_default(upper(aws_lambda('f', 1).a) + 'x', 'd')", 'd'],
    ["get_or_default(aws_lambda(missing, 1), 'd')", 'd'],
    ["get_or_default([1, get_or_default({'a': aws_lambda('f', 1)}, 'inner')], 'outer')", [1, 'inner']],
    ["get_or_default(get_or_default(x, aws_result), 'd')", 'd'],
  ])('swallows a failure: %s', (expression, expected) => {
    expect(select(expression, '{}', failing)).toEqual(expected);
  });

  it('lets a call that is not answered yet pass', () => {
    expect(askedBy("get_or_default(aws_lambda('f', 1), 'd')").function).toBe('aws_lambda');
  });

  it('gives what was answered, and the default for null and Undefined', () => {
    const expression = "get_or_default(aws_lambda('f', 1), 'd')";
    expect(select(expression, '{}', answered('5'))).toBe(5);
    expect(select(expression, '{}', answered('null'))).toBe('d');
    expect(select(expression, '{}', answered(''))).toBe('d');
  });

  it('takes its default, and all that follows, from where it stands, when a nested SELECT failed', () => {
    const sql =
      "SELECT get_or_default((SELECT VALUE aws_lambda('f', v) FROM values AS e WHERE e.v > 1), v) AS a, v AS b, (SELECT get_or_default((SELECT VALUE aws_lambda('f', w) FROM ws), v) AS c, v FROM values) AS d FROM '#'";
    const payload = '{"v":"outer","values":[{"v":2,"ws":[{"v":3,"w":4}]}]}';
    expect(run(sql, payload, failing)).toEqual({ a: 'outer', b: 'outer', d: [{ c: 2, v: 2 }] });
  });
});

describe('a template that asks a service', () => {
  const options = { version: V2, sql: "SET @a = aws_lambda('f', 1) SELECT 1 FROM '#'" };

  it('says so, also where a variable of its statement does', () => {
    expect(compileTemplate(`x/\${get_thing_shadow('t', ${ROLE}).a}`, options).callsExternal).toBe(true);
    expect(compileTemplate('x/${@a}', options).callsExternal).toBe(true);
    expect(compileTemplate('x/${topic()}', options).callsExternal).toBe(false);
  });

  it('renders what was answered, and throws what a statement throws', () => {
    const template = compileTemplate('x/${@a.b}', options);
    expect(template.render(contextOf('{}', answered('{"b":"c"}')))).toBe('x/c');
    expect(() => template.render(contextOf('{}', failing))).toThrow(CallFailed);
    expect(template.isConstant).toBe(false);
    expect(() => template.render(contextOf('{}', unanswered))).toThrow(expect.any(CallPending));
  });
});
