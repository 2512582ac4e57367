import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffLines } from '../../src/cli/fixtures/diff.ts';
import { runRules } from './run-rules.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-fixtures-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(dir, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const test = (...args: string[]) => runRules(['rules', 'test', ...args]);

/** A fixture of one case; `text` in flow style. */
const one = (given: string, expected: string, head = "sql: SELECT a FROM 't/+' WHERE a > 1") =>
  `cases:\n  - name: one\n    ${head}\n    given: ${given}\n    expect: ${expected}\n`;

async function runOne(given: string, expected: string, head?: string) {
  const ran = await test(await write('one.test.yaml', one(given, expected, head)));
  return { ...ran, printed: ran.printed.replaceAll(/^(ok {3}|FAIL )\S+ one$/gm, '$1') };
}

const RULE = `ruleName: press
awsIotSqlVersion: '2016-03-23'
sql: SELECT *, topic(2) AS line FROM 'plant/+/press' WHERE force > 100
actions:
  - file: { path: "press/\${topic(2)}/\${sensor}" }
  - republish: { topic: "$$aws/x/\${sensor}", qos: 1 }
errorAction:
  republish: { topic: errors }
`;

describe('headgate rules test', () => {
  it('runs the fixtures of the examples green, and the examples stay rules without them', async () => {
    await cp(fileURLToPath(new URL('../../examples', import.meta.url)), dir, { recursive: true });
    const { code, printed, complaints } = await test(join(dir, 'rules'));
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
    expect(printed).toMatch(/^ok {3}\S+press\.test\.yaml:\d+ /);
    expect(printed).toMatch(/\n8 passed, 0 failed\.$/);
    const check = await runRules(['rules', 'check', '-c', join(dir, 'headgate.yaml')]);
    expect(check).toMatchObject({ code: 0, printed: '0 errors, 0 warnings.' });
    expect((await runRules(['rules', 'check', join(dir, 'rules')])).complaints).not.toContain('press.test.yaml');
  });

  it.each<[string, string, string, string?]>([
    ['an output', '{ topic: t/1, payload: { a: 2, b: 3 } }', '{ output: { a: 2 } }'],
    [
      'members in any order',
      '{ topic: t/1, payload: { a: 2, b: 3 } }',
      '{ output: { b: 3, a: 2 } }',
      "sql: SELECT * FROM 't/+'",
    ],
    ['a form of a number', '{ topic: t/1, payload: { a: 2.50 } }', '{ output: { a: 2.5 } }'],
    [
      'digits beyond doubles',
      '{ topic: t/1, payload: { a: 9007199254740993 } }',
      '{ output: { a: 9007199254740993 } }',
    ],
    ['another topic', '{ topic: t, payload: { a: 2 } }', '{ match: false, because: topic }'],
    ['a WHERE that is not true', '{ topic: t/1, payload: { a: 1 } }', '{ match: false, because: where }'],
    ['no match for any reason', '{ topic: t/1, payload: { a: 1 } }', '{ match: false }'],
    ['a code', '{ topic: t/1, payloadText: "{" }', '{ error: MESSAGE_NOT_JSON }'],
    ['a part of a reason', '{ topic: t/1, payloadText: "{" }', '{ error: not JSON }'],
    ['a statement that cannot be parsed', '{ topic: t/1 }', '{ error: SQL_SYNTAX }', 'sql: SELECT a b'],
    ['bytes as they came', '{ topic: t, payloadBase64: /wA= }', '{ outputBase64: /wA= }', "sql: SELECT * FROM 't'"],
    [
      'text as it came',
      '{ topic: t, payloadText: \'{"a":  1}\' }',
      '{ outputText: \'{"a":  1}\' }',
      "sql: SELECT * FROM 't'",
    ],
    ['Undefined', '{ topic: t, payload: {} }', '{ outputText: "" }', "sql: SELECT VALUE a FROM 't'"],
    ['a payload that is null', '{ topic: t, payload: null }', '{ output: null }', "sql: SELECT VALUE * FROM 't'"],
    [
      'its own time',
      '{ topic: t, timestamp: "2026-01-01T01:00:00+01:00" }',
      '{ output: { t: 1767225600000 } }',
      "sql: SELECT timestamp() AS t FROM 't'",
    ],
    [
      'its own sender',
      '{ topic: t, clientId: c, principal: p, sourceIp: ::1 }',
      '{ output: [c, p, "::1"] }',
      "sql: SELECT VALUE [clientid(), principal(), sourceip()] FROM 't'",
    ],
    ['no MQTT', '{ topic: t, clientId: null }', '{ output: n/a }', "sql: SELECT VALUE clientid() FROM 't'"],
    [
      'MQTT 5 properties',
      '{ topic: t, userProperties: [ { key: k, value: v } ] }',
      '{ output: [v] }',
      "sql: SELECT VALUE get_user_properties('k') FROM 't'",
    ],
    [
      'the first version',
      '{ topic: t, payload: { a: 10.0 } }',
      '{ outputText: \'{"a":"10.0"}\' }',
      "sql: SELECT a + '' AS a FROM 't'\n    awsIotSqlVersion: 2015-10-08",
    ],
    ['a message by name', '{ topic: $aws/rules/rule/x, payload: { a: 5 } }', '{ output: { a: 5 } }'],
  ])('passes a case of %s', async (_what, given, expected, head) => {
    expect(await runOne(given, expected, head)).toEqual({
      code: 0,
      printed: 'ok   \n1 passed, 0 failed.',
      complaints: '',
    });
  });

  it('shows what differs, line by line', async () => {
    const { code, printed } = await runOne(
      '{ topic: t, payload: { a: 1, b: { c: [1, 2] } } }',
      '{ output: { a: 1, b: { c: [1, 3] } } }',
      "sql: SELECT * FROM 't'",
    );
    expect(code).toBe(1);
    expect(printed.split('\n').map((line) => line.trimEnd())).toEqual([
      'FAIL',
      ...['  {', '    "a": 1,', '    "b": {', '      "c": [', '        1,'].map((line) => `     ${line}`),
      '     -       3',
      '     +       2',
      ...['      ]', '    }', '  }'].map((line) => `     ${line}`),
      '0 passed, 1 failed.',
    ]);
  });

  it.each<[string, string, string, string]>([
    [
      'no match',
      '{ topic: t/1, payload: { a: 1 } }',
      '{ output: { a: 1 } }',
      'Came no match. WHERE is false: a > 1 is false.',
    ],
    [
      'the field that is missing',
      '{ topic: t/1, payload: {} }',
      '{ output: {} }',
      'WHERE is Undefined: a > 1 is Undefined, because a is Undefined.',
    ],
    ['the topic', '{ topic: t, payload: { a: 2 } }', '{ output: { a: 2 } }', "FROM 't/+' does not match the topic."],
    ['an output', '{ topic: t/1, payload: { a: 2 } }', '{ match: false }', 'Came an output:\n     + {"a":2}'],
    [
      'another clause',
      '{ topic: t, payload: { a: 2 } }',
      '{ match: false, because: where }',
      'Expected no match because of where.',
    ],
    ['an error', '{ topic: t/1, payloadText: x }', '{ output: {} }', 'Came MESSAGE_NOT_JSON: '],
    [
      'another error',
      '{ topic: t/1, payloadText: x }',
      '{ error: SQL_SYNTAX }',
      'Expected the error SQL_SYNTAX.\n     Came MESSAGE_NOT_JSON',
    ],
    [
      'digits that a double would round',
      '{ topic: t/1, payload: { a: 9007199254740993 } }',
      '{ output: { a: 9007199254740992 } }',
      '-   "a": 9007199254740992\n     +   "a": 9007199254740993',
    ],
  ])('fails where %s came instead', async (_what, given, expected, shown) => {
    const { code, printed } = await runOne(given, expected);
    expect(code).toBe(1);
    expect(printed).toContain(shown);
  });

  it('answers for services, and fails where a service fails or is not answered for', async () => {
    const sql = "sql: SELECT get_secret('s', 'SecretString', 'role') AS s FROM 't'";
    const given = (answers: string) => `{ topic: t, answers: [ ${answers} ] }`;
    const right = '{ function: get_secret, parameters: [s, SecretString], result: pepper }';
    expect((await runOne(given(right), '{ output: { s: pepper } }', sql)).code).toBe(0);
    expect(
      (await runOne(given('{ function: get_secret, result: pepper }'), '{ output: { s: pepper } }', sql)).code,
    ).toBe(0);
    const failing = '{ function: get_secret, failure: denied }';
    expect((await runOne(given(failing), '{ error: denied }', sql)).code).toBe(0);
    expect((await runOne(given(failing), '{ error: MESSAGE_FUNCTION_FAILED }', sql)).code).toBe(0);
    const other = '{ function: get_secret, parameters: [other, SecretString], result: 1 }';
    expect((await runOne(given(other), '{ output: {} }', sql)).printed).toContain(
      'No answer is given of get_secret for the parameters ["s","SecretString"].',
    );
  });

  it('finds rules where the fixture says, with their destinations, the disabled ones too', async () => {
    await write('rules/press.yaml', `${RULE}ruleDisabled: true\n`);
    const given = '{ topic: plant/north/press, payload: { sensor: p1, force: 200 } }';
    const cases = one(
      given,
      '{ match: true, destinations: { "0": { path: press/north/p1 }, "1": { topic: $aws/x/p1 } } }',
      'rule: press',
    );
    expect(await test(await write('a.test.yaml', `rules: [ rules ]\n${cases}`))).toMatchObject({
      code: 0,
      complaints: '',
    });
    const wrong = cases.replace('north/p1 }', 'south/p1 }').replace('"1"', '"2"');
    const { code, printed } = await test('--rules', join(dir, 'rules'), '--', await write('b.test.yaml', wrong));
    expect(code).toBe(1);
    expect(printed).toContain('-   "path": "press/south/p1"\n     +   "path": "press/north/p1"');
    expect(printed).toContain('The rule has no action 2.');
  });

  it('renders where the error action reports to', async () => {
    await write('rules/press.yaml', RULE);
    const cases = one(
      '{ topic: plant/north/press, payloadText: x }',
      '{ error: MESSAGE_NOT_JSON, destinations: { error: { topic: errors } } }',
      'rule: press',
    );
    expect((await test(await write('a.test.yaml', `rules: [ rules/press.yaml ]\n${cases}`))).code).toBe(0);
  });

  it('takes the rules of a configuration', async () => {
    await write('rules/press.yaml', RULE);
    const config = await write('headgate.yaml', 'rules: [ rules/*.yaml ]\n');
    await write(
      'rules/press.test.yaml',
      one('{ topic: plant/n/press, payload: { force: 1 } }', '{ match: false }', 'rule: press'),
    );
    expect(await test('-c', config, join(dir, 'rules'))).toMatchObject({ code: 0, complaints: '' });
  });

  it('names mistakes in fixtures with their places, and does not pass', async () => {
    await write('press.yaml', RULE);
    const text = `rules: [ press.yaml ]
cases:
  - name: one
    rule: pres
    given: { topic: t }
    expect: { match: false }
`;
    const unknown = await test(await write('a.test.yaml', text));
    expect(unknown.code).toBe(1);
    expect(unknown.complaints).toMatch(
      /a\.test\.yaml:4:11 cases\.0\.rule: No rule is named pres\. Did you mean press\? \[CONFIG_REFERENCE_UNKNOWN\]$/,
    );
    const mistakes = await test(
      await write('b.test.yaml', text.replace('topic: t', 'topik: t').replace('match: false', 'match: 0')),
    );
    expect(mistakes.code).toBe(1);
    expect(mistakes.complaints).toMatch(/b\.test\.yaml:5:14 .*Did you mean "topic"\?/);
    expect(mistakes.complaints).toMatch(/b\.test\.yaml:6:22 cases\.0\.expect\.match: /);
    expect(mistakes.printed).toContain('There is no case to run.');
  });

  it.each<[string, string, string]>([
    ['rule and statement', 'rule: a\n    sql: SELECT * FROM a', 'Write rule, or sql'],
    ['neither', 'awsIotSqlVersion: beta', 'Write rule, or sql'],
    ['two payloads', 'sql: s\n    given: { topic: t, payload: 1, payloadText: x }', 'Write one of payload'],
    ['two outcomes', 'sql: s\n    expect: { output: 1, match: false }', 'Write exactly one of output'],
    ['destinations of a statement', 'sql: s\n    expect: { match: true, destinations: { "0": {} } }', 'has no actions'],
    [
      'an action that cannot be',
      'rule: s\n    expect: { match: true, destinations: { "12": {} } }',
      'Write the number of an action',
    ],
    ['a clause without match', 'sql: s\n    expect: { output: 1, because: where }', 'It goes with match: false'],
    [
      'a time without a zone',
      'sql: s\n    given: { topic: t, timestamp: 2026-01-31 }',
      'Write milliseconds since 1970',
    ],
    [
      'a result and a failure',
      'sql: s\n    given: { topic: t, answers: [ { function: get_secret, result: 1, failure: f } ] }',
      'not both',
    ],
  ])('refuses %s', async (_what, head, message) => {
    const given = head.includes('given:') ? '' : '\n    given: { topic: t }';
    const expected = head.includes('expect:') ? '' : '\n    expect: { match: false }';
    const { code, complaints } = await test(
      await write('a.test.yaml', `cases:\n  - name: one\n    ${head}${given}${expected}\n`),
    );
    expect(code).toBe(1);
    expect(complaints).toContain(message);
  });

  it('names mistakes in the rules, and runs none of their cases', async () => {
    await write('press.yaml', RULE.replace('WHERE', 'WHER'));
    const cases = one('{ topic: t }', '{ match: false }', 'rule: press');
    const { code, complaints, printed } = await test(await write('a.test.yaml', `rules: [ press.yaml ]\n${cases}`));
    expect({ code, printed }).toEqual({ code: 1, printed: 'There is no case to run. 1 mistake in files.' });
    expect(complaints).toMatch(/press\.yaml:3:.*SQL_SYNTAX/);
  });

  it('does not pass when there is nothing to run, or a file is not there', async () => {
    expect(await test(dir)).toMatchObject({ code: 1, printed: 'There is no case to run.' });
    expect(await test(join(dir, 'none.yaml'))).toMatchObject({
      code: null,
      complaints: expect.stringContaining('does not exist') as string,
    });
    const cases = one('{ topic: t }', '{ match: false }', 'rule: press');
    expect((await test(await write('a.test.yaml', `rules: [ none.yaml ]\n${cases}`))).complaints).toMatch(
      /:1:10 rules\.0: .*does not exist/,
    );
  });

  it('has colours on a terminal, and only there', async () => {
    const file = await write('a.test.yaml', one('{ topic: t/1, payload: { a: 2 } }', '{ output: { a: 3 } }'));
    const colored = await runRules(['rules', 'test', file], { isTerminal: true });
    expect(colored.printed).toContain('\u001b[31mFAIL\u001b[0m');
    expect(colored.printed).toContain('\u001b[32m+   "a": 2\u001b[0m');
    expect((await test(file)).printed).not.toContain('\u001b');
  });
});

describe('diffLines', () => {
  it('keeps what is common in its order', () => {
    expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual(['  a', '- b', '+ x', '  c', '+ d']);
    expect(diffLines([], ['a'])).toEqual(['+ a']);
    expect(diffLines(['a'], [])).toEqual(['- a']);
  });

  it('shows large texts one after the other', () => {
    const large = Array.from({ length: 2_001 }, (_, index) => String(index));
    expect(diffLines(large, large)).toHaveLength(4_002);
  });
});
