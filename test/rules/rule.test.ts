import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRuleSchema } from '../../src/rules/rule.ts';

const schema = createRuleSchema(z.strictObject({ file: z.object({}) }));
const rule = { ruleName: 'press_1', sql: "SELECT * FROM '#'", awsIotSqlVersion: '2016-03-23', actions: [{ file: {} }] };

describe('the rule schema', () => {
  it('takes a rule, enabled unless it says otherwise', () => {
    expect(schema.parse(rule)).toEqual({ ...rule, ruleDisabled: false });
    const whole = { ...rule, ruleDisabled: true, description: 'x', errorAction: { file: {} } };
    expect(schema.parse(whole)).toEqual(whole);
    expect(schema.parse({ ...rule, actions: [], awsIotSqlVersion: undefined }).awsIotSqlVersion).toBeUndefined();
  });

  it.each<[string, object]>([
    ['an unknown key', { rulename: 'a' }],
    ['a name with a hyphen', { ruleName: 'press-1' }],
    ['an empty name', { ruleName: '' }],
    ['an unknown key of what AWS has', { aws: { roleArn: 'r' } }],
    ['a place that no action has', { aws: { actions: [{ index: 10, action: {} }] } }],
    ['a name of 129 characters', { ruleName: 'a'.repeat(129) }],
    ['an unknown version', { awsIotSqlVersion: '2016-03-24' }],
    ['empty SQL', { sql: '' }],
    ['11 actions', { actions: Array.from({ length: 11 }, () => ({ file: {} })) }],
    ['an action that the other schema refuses', { actions: [{ stdout: {} }] }],
    ['no actions', { actions: undefined }],
    ['a text for a flag', { ruleDisabled: 'yes' }],
  ])('refuses %s', (_, changes) => {
    expect(schema.safeParse({ ...rule, ...changes }).success).toBe(false);
  });

  it('takes names of 1 and 128 characters, and 10 actions', () => {
    for (const ruleName of ['a', 'a'.repeat(128)]) expect(schema.safeParse({ ...rule, ruleName }).success).toBe(true);
    const actions = Array.from({ length: 10 }, () => ({ file: {} }));
    expect(schema.safeParse({ ...rule, actions }).success).toBe(true);
  });
});
