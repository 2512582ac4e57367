import { describe, expect, it } from 'vitest';
import { CodedError, type Finding } from '../../../src/errors.ts';
import { type ExternalFunctionName, externalFunctionNames } from '../../../src/external-call.ts';
import { sectionOf } from '../../../src/rules/functions/external.ts';
import { compileStatement } from '../../../src/rules/sql/statement.ts';
import { compileTemplate } from '../../../src/rules/template.ts';
import { V1, V2 } from '../context.ts';

const ROLE = "'arn:aws:iam::123456789012:role/r'";

/** A call of each that is in order. */
const calls: Readonly<Record<ExternalFunctionName, string>> = {
  aws_lambda: "aws_lambda('f', a)",
  get_dynamodb: `get_dynamodb('t', 'pk', a, ${ROLE})`,
  get_registry_data: `get_registry_data('DescribeThing', a, ${ROLE})`,
  get_secret: `get_secret('s', 'SecretString', ${ROLE})`,
  get_thing_shadow: `get_thing_shadow(a, ${ROLE})`,
  machinelearning_predict: `machinelearning_predict('m', ${ROLE}, {'a': a})`,
};

function findingsOf(expression: string, options: { version?: string; available?: ExternalFunctionName[] } = {}) {
  const { version = V2, available } = options;
  const sql = `SELECT ${expression} AS x FROM '#'`;
  return foundBy(
    () => compileStatement(sql, { version, ...(available && { available: new Set(available) }) }).warnings,
  );
}

function foundBy(compile: () => readonly Finding[]): readonly Finding[] {
  try {
    return compile();
  } catch (error) {
    if (error instanceof CodedError) return error.findings;
    throw error;
  }
}

describe('the check of functions that ask a service', () => {
  it.each(externalFunctionNames)('passes %s where it has a connector, or nobody knows', (name) => {
    expect(findingsOf(calls[name], { available: [name] })).toEqual([]);
    expect(findingsOf(calls[name])).toEqual([]);
  });

  it.each(externalFunctionNames)('refuses %s without its connector, and names what to configure', (name) => {
    const others = externalFunctionNames.filter((other) => other !== name);
    expect(findingsOf(`1 + ${calls[name]}`, { available: others })).toMatchObject([
      {
        severity: 'error',
        code: 'CONFIG_REFERENCE_UNKNOWN',
        column: 12,
        message: `${name}() has no connector; add ${sectionOf[name]} to the configuration.`,
      },
    ]);
  });

  it.each(["aws_lambda('f', a)", "get_secret('s', 'SecretString', 'role')", "machinelearning_predict('m', 'role', a)"])(
    'knows in 2015-10-08 %s',
    (expression) => {
      expect(findingsOf(expression, { version: V1 })).toEqual([]);
    },
  );

  it.each([calls.get_dynamodb, calls.get_registry_data, calls.get_thing_shadow])(
    'refuses in 2015-10-08 %s',
    (expression) => {
      expect(findingsOf(expression, { version: V1 })).toMatchObject([{ code: 'SQL_VERSION', severity: 'error' }]);
    },
  );

  it.each([
    ["aws_lambda('f')", 'aws_lambda(): It takes 2 parameters, not 1.'],
    [`get_dynamodb('t', 'pk', a, 'sk', ${ROLE})`, 'get_dynamodb(): It takes 4 or 6 parameters, not 5.'],
    ["get_thing_shadow('t')", 'get_thing_shadow(): It takes 2 or 3 parameters, not 1.'],
    [`get_secret('s', 'SecretText', ${ROLE})`, "Its parameter secretType must be 'SecretString' or 'SecretBinary'."],
    [`get_thing_shadow(5, ${ROLE})`, 'Its parameter thingName must be a String that is not empty.'],
    [`get_registry_data('ListThings', a, ${ROLE})`, "must be 'DescribeThing' or 'ListThingGroupsForThing'."],
    [`get_registry_data(operation, a, ${ROLE})`, 'get_registry_data() takes a literal as its operation.'],
    [`get_or_default(a, ${calls.aws_lambda})`, 'the default of get_or_default() must not'],
    [`get_or_default(a, [upper(${calls.get_thing_shadow}.b)])`, 'the default of get_or_default() must not'],
    [`get_dynamodb('t', *, 'v', ${ROLE})`, "'*' stands in the SELECT list"],
  ])('refuses %s', (expression, message) => {
    const found = {
      code: expect.stringMatching(/^SQL_/),
      severity: 'error',
      message: expect.stringContaining(message),
    };
    expect(findingsOf(expression)).toMatchObject([found]);
  });

  it.each([
    [`get_thing_shadow(a, role)`, 'AWS IoT takes a literal only as the roleArn of get_thing_shadow().'],
    ['transform(mode, a, b)', 'AWS IoT takes a literal only as the mode of transform().'],
  ])('warns of %s', (expression, message) => {
    expect(findingsOf(expression)).toMatchObject([{ code: 'SQL_ARGUMENTS', severity: 'warning', message }]);
  });

  it.each([calls.get_dynamodb, calls.get_registry_data])('allows a statement one %s', (call) => {
    const twice = `SET @a = ${call} SELECT @a AS a FROM '#' WHERE ${call}.b`;
    const findings = foundBy(() => compileStatement(twice, { version: V2 }).warnings);
    expect(findings).toMatchObject([{ code: 'SQL_ARGUMENTS', column: twice.lastIndexOf('get_') + 1 }]);
    expect(findingsOf(`[${calls.aws_lambda}, ${calls.aws_lambda}]`)).toEqual([]);
  });

  it('counts get_registry_data() in a statement and its template, and get_dynamodb() in each', () => {
    const found = (text: string, sql: string) => foundBy(() => compileTemplate(text, { version: V2, sql }).warnings);
    const inTemplate = (call: string) => `x/\${${call}.a}`;
    const inStatement = (call: string) => `SELECT ${call} AS a FROM '#'`;
    const { get_registry_data: registry, get_dynamodb: table } = calls;
    expect(found(inTemplate(registry), inStatement(registry))).toMatchObject([
      { message: expect.stringContaining('once in a statement with its templates'), column: 5 },
    ]);
    expect(found(inTemplate(registry), inStatement(table))).toEqual([]);
    expect(found(inTemplate(table), inStatement(table))).toEqual([]);
  });
});
