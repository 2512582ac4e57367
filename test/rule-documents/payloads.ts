/** Rules of AWS by chance: every action, with every field of the API, and texts that YAML could take for something else. */
import fc from 'fast-check';
import { awsActions, type Shape } from '../../src/rule-documents/aws-actions.ts';

const ODD = [
  '',
  ' ',
  'yes',
  'no',
  'null',
  '~',
  'true',
  'on',
  'NaN',
  '.inf',
  '012',
  '0x1f',
  '1e3',
  '1_000',
  '12:30',
  '2016-03-23',
  '- x',
  '? x',
  ': x',
  'a: b',
  'a #b',
  '# x',
  '*x',
  '&x',
  '!x',
  '%x',
  '@x',
  '`x',
  '|',
  '>',
  '{',
  '[',
  '"',
  "'",
  '\\',
  '<<',
  '---',
  '...',
  'a\nb',
  'a\n',
  '\na',
  'a\r\nb',
  'a \nb',
  '  a\nb',
  '\ta\nb',
  'a\n\n\nb\n\n',
  '---\na',
  'é😀\u2028\u0085\u00a0',
  '\ud800',
  '\u0000\u001b',
  '\ufeffa',
  '${topic()}',
  '${topic(2)}/${parse_time("yyyy-MM-dd", timestamp())}',
  '${',
  '$$aws/things/x',
  '${!x}',
  "it's",
  '__proto__',
];

const text = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 40 }),
);

function arbitrary(shape: Shape): fc.Arbitrary<unknown> {
  if (shape === 'text') return text;
  if (shape === 'flag') return fc.boolean();
  if (shape === 'number') return fc.integer({ min: 0, max: 131_072 });
  if (shape === 'texts') return fc.dictionary(fc.oneof(text, fc.constant('bootstrap.servers')), text, { maxKeys: 4 });
  if (Array.isArray(shape)) return fc.array(arbitrary(shape[0] as Shape), { minLength: 1, maxLength: 3 });
  const fields = Object.entries(shape).map(([name, field]) => [name, arbitrary(field)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

/** Actions that run here; what the generator above makes of these types mostly does not. */
const runnable = fc.constantFrom<unknown>(
  {
    firehose: {
      deliveryStreamName: 'telemetry-${topic(2)}',
      separator: '\n',
      batchMode: false,
      roleArn: 'arn:aws:iam::012345678901:role/r',
    },
  },
  { firehose: { deliveryStreamName: 'x', separator: '\r\n' } },
  {
    s3: {
      bucketName: 'lake',
      key: '${topic()}/${timestamp()}.json',
      cannedAcl: 'bucket-owner-full-control',
      roleArn: 'r',
    },
  },
  { sns: { targetArn: 'arn:aws:sns:eu-west-1:123456789012:alarms', messageFormat: 'RAW', roleArn: 'r' } },
  {
    republish: {
      topic: '$$aws/things/${clientid()}/shadow/update',
      qos: 1,
      roleArn: 'r',
      headers: { contentType: 'yes', userProperties: [{ key: 'a: b', value: '- x' }] },
    },
  },
);

export const actionArbitraries = awsActions.map(({ key, fields }) =>
  arbitrary(fields).map((value) => ({ [key]: value })),
);
const action = fc.oneof({ weight: 2, arbitrary: fc.oneof(...actionArbitraries) }, { weight: 1, arbitrary: runnable });

const sql = fc.constantFrom(
  "SELECT * FROM 'a/+/b'",
  "SELECT temperature AS t,\n  topic(2) AS line\nFROM 'plant/#'\nWHERE temperature > 30",
  "SELECT *, 'é😀: - # yes' AS x FROM 'it''s/#'\r\n",
  "  SELECT 'a\tb' AS x\n\nFROM '#'  \n",
);

/** TopicRulePayloads; `actionOf` narrows what actions they have. */
export const payloadArbitrary = (actions: fc.Arbitrary<unknown> = action) =>
  fc.record(
    {
      sql,
      actions: fc.array(actions, { maxLength: 5 }),
      awsIotSqlVersion: fc.constantFrom('2015-10-08', '2016-03-23', 'beta'),
      description: text,
      ruleDisabled: fc.boolean(),
      errorAction: actions,
    },
    { requiredKeys: ['sql', 'actions', 'awsIotSqlVersion'] },
  );

export const ruleName = fc.constantFrom('press', '__proto__', 'constructor', '007', 'null', 'a'.repeat(128));
