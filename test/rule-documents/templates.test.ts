import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/errors.ts';
import { findRules } from '../../src/rule-documents/find-rules.ts';
import { readYaml } from '../../src/yaml-document.ts';

const fixture = readFileSync(new URL('./fixtures/template.yaml', import.meta.url), 'utf8');

function find(text: string, parameters: Readonly<Record<string, string>> = {}) {
  const read = readYaml('t.yaml', text);
  expect(read.findings).toEqual([]);
  const [source] = read.sources;
  if (source === undefined) throw new Error('empty');
  const { rules, findings } = findRules(source, new Map(Object.entries(parameters)));
  return { rules, fields: rules.map((rule) => rule.fields), lines: findings.map(formatFinding) };
}

/** A template whose only rule has this SQL. */
const withSql = (sql: string, more = '') =>
  `${more}Resources:\n  R:\n    Type: AWS::IoT::TopicRule\n    Properties: { TopicRulePayload: { Actions: [], Sql: ${sql} } }\n`;

/** The SQL, or what was found instead. */
function sqlOf(sql: string, more = '', parameters: Readonly<Record<string, string>> = {}): unknown {
  const { fields, lines } = find(withSql(sql, more), parameters);
  return lines.length > 0 ? lines.join('\n') : fields[0]?.['sql'];
}

describe('a CloudFormation template', () => {
  it('gives its rules with every value that can be known, under the names of the API', () => {
    const { fields } = find(fixture, {
      LakeBucket: 'lake',
      'AWS::Region': 'eu-west-1',
      'AWS::AccountId': '012345678901',
    });
    expect(fields).toEqual([
      {
        ruleName: 'OvenRule',
        awsIotSqlVersion: '2016-03-23',
        description: 'yes',
        ruleDisabled: true,
        sql: "SELECT sensor, value, topic(2) AS line\nFROM 'linz/+/oven/+'\nWHERE value > 240",
        actions: [
          { firehose: { deliveryStreamName: 'linz-oven-b', separator: '\n' } },
          {
            s3: {
              bucketName: 'lake',
              key: 'linz/${topic()}/${timestamp()}.json',
              cannedAcl: 'bucket-owner-full-control',
              roleArn: 'arn:aws:iam::012345678901:role/oven',
            },
          },
          { republish: { topic: '$$aws/things/${clientid()}/shadow/update', qos: 1 } },
        ],
        errorAction: { sns: { targetArn: 'arn:aws:sns:eu-west-1:012345678901:alarms' } },
      },
    ]);
  });

  it('says of what cannot be known where it stands and what to pass, and gives no such rule', () => {
    const { rules, lines } = find(fixture);
    expect(rules).toEqual([]);
    expect(lines.filter((line) => !line.includes('warning'))).toEqual([
      expect.stringMatching(
        /^t\.yaml:45:32 .*"LakeBucket" has no default and is not known here\. Pass --parameter 'LakeBucket=VALUE'\./,
      ),
      expect.stringMatching(/^t\.yaml:59:29 .*AWS::Partition is not known here\. Pass --parameter 'AWS::Region=VALUE'/),
    ]);
  });

  it('leaves out a role that cannot be known, and tags, and says so', () => {
    const parameters = { LakeBucket: 'lake', 'AWS::Region': 'cn-north-1', 'AWS::AccountId': '1' };
    const { lines, fields } = find(fixture, parameters);
    expect(lines.map((line) => line.replace(/^.* warning: /, ''))).toEqual([
      '"Tags" is left out. [RULE_INVALID]',
      ...Array(3).fill(
        "roleArn is left out; it is not used here. The value of Role.Arn is not known here. Pass --parameter 'Role.Arn=VALUE'. [RULE_VALUE_UNRESOLVED]",
      ),
    ]);
    expect(JSON.stringify(fields)).toContain('arn:aws-cn:sns:cn-north-1:1:alarms');
    expect(find(fixture, { ...parameters, 'Role.Arn': 'arn:r' }).fields[0]?.['errorAction']).toMatchObject({
      sns: { roleArn: 'arn:r' },
    });
  });

  it('is read the same in JSON', () => {
    const template = {
      Parameters: { Site: { Type: 'String', Default: 'linz' } },
      Resources: {
        R: {
          Type: 'AWS::IoT::TopicRule',
          Properties: {
            RuleName: { 'Fn::Join': ['_', [{ Ref: 'Site' }, 'rule']] },
            TopicRulePayload: {
              Sql: { 'Fn::Sub': "SELECT * FROM '${Site}/#'" },
              RuleDisabled: 'false',
              Actions: [
                { DynamoDBv2: { PutItem: { TableName: 't' }, RoleArn: 'r' } },
                { IotSiteWise: { PutAssetPropertyValueEntries: [] } },
              ],
            },
          },
        },
      },
    };
    expect(find(JSON.stringify(template, null, '\t')).fields).toEqual([
      {
        ruleName: 'linz_rule',
        sql: "SELECT * FROM 'linz/#'",
        ruleDisabled: false,
        actions: [
          { dynamoDBv2: { putItem: { tableName: 't' }, roleArn: 'r' } },
          { iotSiteWise: { putAssetPropertyValueEntries: [] } },
        ],
      },
    ]);
  });

  it.each([
    ["!Join [',', [a, !Ref 'AWS::NoValue', b]]", 'a,b'],
    ["!Select [1, !Split ['/', a/b/c]]", 'b'],
    ['!Base64 abc', 'YWJj'],
    ["!Sub 'x ${!topic(2)} ${AWS::Region}'", 'x ${topic(2)} eu-west-1'],
    ["!Sub ['${A}-${B}', { A: !Ref P, B: '${A}' }]", '012-${A}'],
    ['!Ref L', 'A text is expected'],
    ["!Join ['-', !Ref L]", 'x-y'],
    ['!Sub "${L}"', 'x,y'],
    ['!If [C, yes, no]', 'yes'],
    ["!If [D, 'yes', 'no']", 'no'],
    ['!GetAtt Q.Arn', 'arn:aws:sqs:eu-west-1:9:jobs'],
    ['!Ref Q', 'https://sqs.eu-west-1.amazonaws.com/9/jobs'],
    ['!ImportValue shared-topic', 'arn:shared'],
  ])('resolves %s', (sql, expected) => {
    const more = `Parameters: { P: { Type: String, Default: 012 }, L: { Type: CommaDelimitedList, Default: 'x, y' } }
Conditions: { C: !And [!Equals [!Ref P, '012'], !Condition E], E: !Or [!Equals [a, b], !Not [!Equals [a, b]]], D: !Not [!Condition C] }
`;
    const queue = '  Q: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }\n';
    const parameters = { 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '9', 'shared-topic': 'arn:shared' };
    const { fields, lines } = find(`${withSql(sql, more)}${queue}`, parameters);
    const read = fields[0]?.['sql'];
    if (expected.startsWith('A text')) expect(JSON.stringify(read)).toBe('["x","y"]');
    else expect({ read, lines }).toEqual({ read: expected, lines: [] });
  });

  it.each([
    [
      "!Sub '${topic()}/x'",
      /\$\{topic\(\)\} names nothing in the template\. For AWS IoT to read it, write \$\{!topic\(\)\}\./,
    ],
    ['!Ref Nobody', /What "Nobody" refers to is not known here\. Pass --parameter 'Nobody=VALUE'/],
    ['!GetAtt R.Nothing', /Pass --parameter 'R\.Nothing=VALUE'/],
    ['!ImportValue other', /The export "other" is not known here\. Pass --parameter 'other=VALUE'/],
    ['!FindInMap [A, b, c]', /no mapping A › b › c/],
    ['!If [Nope, a, b]', /no condition "Nope"/],
    ['!Select [7, [a, b]]', /an item that the list does not have/],
    ['!Select [a]', /A list of 2 items is expected/],
    ['!Transform { Name: X }', /Fn::Transform is not resolved here\. Write the value/],
    ['!Join [{ a: 1 }, [a]]', /A text is expected here/],
    ['!Sub [a, { b: c }, d]', /Fn::Sub takes a text, or a list of a text and a map/],
  ])('refuses %s at its place', (sql, message) => {
    expect(sqlOf(sql)).toMatch(message);
    expect(sqlOf(sql)).toMatch(
      /^t\.yaml:4:\d+ Resources\.R\.Properties\.TopicRulePayload\.Sql.*\[RULE_VALUE_UNRESOLVED\]$/,
    );
  });

  it('asks for the value of a parameter that another service keeps, although it has a default', () => {
    const more = "Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /site/topic } }\n";
    expect(sqlOf('!Ref P', more)).toMatch(/Pass --parameter 'P=VALUE'/);
    expect(sqlOf('!Ref P', more, { P: 'given' })).toBe('given');
  });

  it('leaves out a rule whose condition is not met, and loops', () => {
    const { rules, lines } = find(
      `Conditions: { No: !Equals [a, b] }\nResources:\n  R: { Type: AWS::IoT::TopicRule, Condition: No, Properties: {} }\n  Fn::ForEach::X: [a, [b], { c: {} }]\n`,
    );
    expect(rules).toEqual([]);
    expect(lines).toEqual([
      expect.stringMatching(/^t\.yaml:3:\d+ Resources\.R: warning: The condition of this rule is not met/),
      expect.stringMatching(/^t\.yaml:4:\d+ .*Loops are not read/),
    ]);
  });

  it('tells of rules that SAM makes of events, and of templates without rules', () => {
    const event = '{ E: { Type: IoTRule, Properties: { Sql: x } }, S: { Type: Schedule } }';
    const { lines } = find(`Resources:\n  F: { Type: AWS::Serverless::Function, Properties: { Events: ${event} } }\n`);
    expect(lines).toEqual([
      expect.stringMatching(/^t\.yaml:2:\d+ Resources\.F\.Properties\.Events\.E: .*no lambda action/),
    ]);
    expect(find('Resources: { B: { Type: AWS::S3::Bucket } }').lines).toEqual([
      expect.stringContaining('no resource of type'),
    ]);
    expect(find('Resources: { R: { Type: AWS::IoT::TopicRule } }').lines).toEqual([
      expect.stringContaining('The rule has no TopicRulePayload'),
    ]);
  });

  it('ends where values refer to one another without end, or would grow without bound', () => {
    const queue = (name: string, value: string) =>
      `  ${name}: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${value}' } }\n`;
    expect(
      find(
        `${withSql('!GetAtt A.QueueName')}${queue('A', '${B.QueueName}')}${queue('B', '${A.QueueName}${A.QueueName}')}`,
      ).lines,
    ).toEqual([expect.stringContaining('without an end')]);
    const conditions = 'Conditions: { A: !Not [!Condition B], B: !Or [!Condition A, !Condition A] }\n';
    expect(sqlOf('!If [A, b, c]', conditions)).toContain('without an end');
    const chain = Array.from({ length: 40 }, (_, i) =>
      queue(`Q${i}`, `\${Q${i + 1}.QueueName}\${Q${i + 1}.QueueName}`),
    ).join('');
    expect(find(`${withSql('!GetAtt Q0.QueueName')}${chain}${queue('Q40', 'ab')}`).lines).toEqual([
      expect.stringContaining('longer than any rule'),
    ]);
    const empty = Array.from({ length: 30 }).reduce<string>((inner) => `!Sub ['\${a}\${a}', { a: ${inner} }]`, "''");
    expect(sqlOf(empty)).toBe('');
    const joined = Array.from({ length: 40 }).reduce<string>((inner) => `!Join ['', [${inner}]]`, 'x');
    expect(sqlOf(joined)).toBe('x');
  });

  it('reads what aliases repeat', () => {
    const shared =
      "X: &s { Sql: !Sub '${AWS::Region}', Actions: [] }\nResources:\n  R: { Type: AWS::IoT::TopicRule, Properties: { TopicRulePayload: *s } }\n";
    expect(find(shared, { 'AWS::Region': 'r' }).fields).toEqual([{ ruleName: 'R', sql: 'r', actions: [] }]);
  });

  it('keeps names of prototypes as names', () => {
    expect(sqlOf('!Ref constructor')).toMatch(/"constructor" refers to is not known/);
    expect(sqlOf('!GetAtt __proto__.toString')).toMatch(/__proto__\.toString is not known/);
    const { fields } = find(
      `Resources:\n  __proto__:\n    Type: AWS::IoT::TopicRule\n    Properties: { TopicRulePayload: { Sql: x, Actions: [{ __proto__: { A: 1 } }] } }\n`,
    );
    expect(fields).toEqual([{ ruleName: '__proto__', sql: 'x', actions: [JSON.parse('{"__proto__":{"A":1}}')] }]);
  });
});
