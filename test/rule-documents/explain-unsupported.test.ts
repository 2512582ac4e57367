import { describe, expect, it } from 'vitest';
import { explainUnsupported } from '../../src/rule-documents/explain-unsupported.ts';
import { createRuleSchema } from '../../src/rules/rule.ts';
import { createActionSchema } from '../../src/sinks/index.ts';
import { readYaml, validate } from '../../src/yaml-document.ts';

function check(actions: string): string[] {
  const text = `ruleName: r\nsql: SELECT * FROM 'a'\n${actions}`;
  const source = readYaml('r.yaml', text).sources.at(0);
  if (source === undefined) throw new Error('The test has a mistake.');
  const { findings } = validate(source, source.data, createRuleSchema(createActionSchema()), { code: 'RULE_INVALID' });
  return explainUnsupported(findings).map(({ path, message }) => `${path}: ${message}`);
}

describe('explainUnsupported', () => {
  it('says of a misspelled action only that', () => {
    expect(check('actions:\n  - Republish: { topic: x }\n')).toEqual([
      'actions.0.Republish: The key "Republish" is not known here. Did you mean "republish"?',
    ]);
  });

  it('says which keys are not indented far enough', () => {
    expect(check('actions:\n  - republish:\n    topic: x\n    qos: 1\n')).toEqual([
      'actions.0.republish: Expected a map, found nothing.',
      'actions.0.topic: topic stands beside republish, not in it. Indent it further than republish.',
      'actions.0.qos: qos stands beside republish, not in it. Indent it further than republish.',
    ]);
  });

  it('says that delivery is indented too far', () => {
    expect(check('actions: []\nerrorAction:\n  file: { path: x, delivery: { codec: null } }\n')).toEqual([
      'errorAction.file.delivery: delivery stands beside file, not in it. Indent it as far as file.',
    ]);
  });

  it('says once that an action of AWS does not run here', () => {
    const found = check('actions:\n  - sqs: { queueUrl: x }\n');
    expect(found).toEqual([expect.stringMatching(/^actions\.0\.sqs: There is no sqs action here\. Publish with sns/)]);
  });
});
