import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awsActions } from '../../src/rule-documents/aws-actions.ts';
import { cloudFormationOf } from '../../src/rule-documents/cloud-formation.ts';
import { exportRule } from '../../src/rule-documents/export-rule.ts';
import { findRules } from '../../src/rule-documents/find-rules.ts';
import { importRule } from '../../src/rule-documents/import-rule.ts';
import { ruleYaml } from '../../src/rule-documents/rule-yaml.ts';
import { readYaml } from '../../src/yaml-document.ts';
import { times } from '../support/effort.ts';
import { actionArbitraries, payloadArbitrary, ruleName } from './payloads.ts';

/** The one YAML document of a text that went through a file. */
function read(text: string) {
  const { sources, findings } = readYaml('x', Buffer.from(text, 'utf8').toString('utf8'));
  expect(findings).toEqual([]);
  const [source] = sources;
  if (source === undefined) throw new Error(text);
  return source;
}

/** What is exported of the rule file that a document was imported as. */
function roundTrip(document: unknown, name: string | null = null) {
  const { rules, findings } = findRules(read(JSON.stringify(document)), new Map());
  expect(findings).toEqual([]);
  return rules.map((found) => {
    const imported = importRule(found, { name, isPartial: true });
    expect(imported.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (imported.document === null) throw new Error('not imported');
    const source = read(ruleYaml(imported.document));
    const exported = exportRule(source, source.data, []);
    expect(exported.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    return exported.rule;
  });
}

describe('a rule that is imported and exported', () => {
  it('is the same rule, whatever its texts and actions are', () => {
    fc.assert(
      fc.property(ruleName, payloadArbitrary(), (name, topicRulePayload) => {
        const created = { ruleName: name, topicRulePayload };
        expect(roundTrip(created)).toEqual([{ created, origin: {} }]);
      }),
      { numRuns: times(100) },
    );
  });

  it.each(awsActions.map(({ key }, index) => [key, index] as const))('keeps every field of %s', (_, index) => {
    const actions = actionArbitraries[index];
    if (actions === undefined) throw new Error('no arbitrary');
    fc.assert(
      fc.property(payloadArbitrary(actions), (topicRulePayload) => {
        const created = { ruleName: 'r', topicRulePayload };
        expect(roundTrip(created)).toEqual([{ created, origin: {} }]);
      }),
      { numRuns: times(10) },
    );
  });

  it('comes out of every form that tools of AWS write', () => {
    fc.assert(
      fc.property(ruleName, payloadArbitrary(), (name, topicRulePayload) => {
        const created = { ruleName: name, topicRulePayload };
        const origin = {
          ruleArn: `arn:aws:iot:eu-west-1:012345678901:rule/${name}`,
          createdAt: '2016-03-23T10:00:00+01:00',
        };
        const rule = { ruleName: name, ...topicRulePayload };
        const gotten = { ruleArn: origin.ruleArn, rule: { ...rule, createdAt: origin.createdAt } };
        expect(roundTrip(gotten)).toEqual([{ created, origin }]);
        expect(roundTrip([rule, created])).toEqual([
          { created, origin: {} },
          { created, origin: {} },
        ]);
        expect(roundTrip(topicRulePayload, name)).toEqual([{ created, origin: {} }]);
      }),
      { numRuns: times(25) },
    );
  });

  it('comes out of the template that it is exported as', () => {
    fc.assert(
      fc.property(ruleName, payloadArbitrary(), (name, topicRulePayload) => {
        const created = { ruleName: name, topicRulePayload };
        // A map of one key named after a function is a call of it.
        fc.pre(!/"(Ref|Condition|Fn::\w*)":/.test(JSON.stringify(created)));
        expect(roundTrip(cloudFormationOf([created]))).toEqual([{ created, origin: {} }]);
      }),
      { numRuns: times(75) },
    );
  });

  it('says the version that AWS takes for an absent one', () => {
    const payload = { sql: "SELECT * FROM 'a'", actions: [] };
    const [rule] = roundTrip({ ruleName: 'r', topicRulePayload: payload });
    expect(rule?.created.topicRulePayload).toEqual({ ...payload, awsIotSqlVersion: '2015-10-08' });
  });
});
