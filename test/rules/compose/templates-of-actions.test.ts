/** Every field of an action that takes templates takes them, rendered for each message; those of AWS that take none refuse them. */
import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../../src/rules/template.ts';
import { createActionSchema, sinkDefinitions } from '../../../src/sinks/index.ts';
import { contextOf, V2 } from '../context.ts';

const T = '${get(v, 0)}';

function rendered(type: string, action: unknown, value: unknown): Record<string, string> {
  const definition = sinkDefinitions.find((each) => each.type === type);
  const context = { aws: { region: 'eu-west-1' }, isAwsKnown: true, schemaNames: [] };
  const { plan, problems } = definition?.plan(action, {}, context) ?? { plan: null, problems: [] };
  if (plan === null) throw new Error(JSON.stringify(problems));
  const message = contextOf(JSON.stringify({ v: [value] }));
  return Object.fromEntries(
    Object.entries(plan.destination).map(([name, text]) => {
      const kind = plan.templateKinds?.[name];
      if (kind === undefined) throw new Error(`${name} has no kind`);
      return [name, compileTemplate(text, { version: V2, kind }).render(message)];
    }),
  );
}

const userProperties = [
  { key: `k${T}`, value: `v${T}` },
  { key: 'x', value: T },
];

describe('a field that takes templates', () => {
  it.each<[string, unknown, Record<string, string>]>([
    ['firehose', { deliveryStreamName: `s-${T}`, separator: '\n', roleArn: 'r' }, { deliveryStreamName: 's-1' }],
    ['s3', { bucketName: `b-${T}`, key: `k/${T}` }, { bucketName: 'b-1', key: 'k/1' }],
    ['sns', { targetArn: `arn:${T}` }, { targetArn: 'arn:1' }],
    ['iotCore', { topic: `t/${T}` }, { topic: 't/1' }],
    ['file', { path: `p/${T}` }, { path: 'p/1' }],
    [
      'republish',
      {
        topic: `$$aws/${T}`,
        headers: {
          payloadFormatIndicator: T,
          contentType: T,
          responseTopic: T,
          correlationData: T,
          messageExpiry: T,
          userProperties,
        },
      },
      {
        topic: '$aws/1',
        'headers.payloadFormatIndicator': '1',
        'headers.contentType': '1',
        'headers.responseTopic': '1',
        'headers.correlationData': '1',
        'headers.messageExpiry': '1',
        'headers.userProperties.0.key': 'k1',
        'headers.userProperties.0.value': 'v1',
        'headers.userProperties.1.key': 'x',
        'headers.userProperties.1.value': '1',
      },
    ],
  ])('of %s is rendered for each message', (type, action, expected) => {
    expect(rendered(type, action, 1)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['firehose', { deliveryStreamName: T }],
    ['s3', { bucketName: T, key: 'k' }],
    ['sns', { targetArn: T }],
  ])('of %s has names as they are', (type, action) => {
    expect(Object.values(rendered(type, action, 'a/%\\b'))).toContain('a/%\\b');
  });

  it.each([
    ['as AWS makes it', 'a b/é🙂%2F\\+//c/', 'k/a b/é🙂%2F\\+//c/'],
    ['without control characters', 'a\0\n\u001f\u007fb', 'k/a%00%0A%1F%7Fb'],
    ['without lone surrogates', 'a\udc00\uffff', 'k/a%ED%B0%80%EF%BF%BF'],
    ['without dots that lead elsewhere', '../a/./..', 'k/%2E%2E/a/%2E/%2E%2E'],
    ['with other dots', '.../..a/a..', 'k/.../..a/a..'],
  ])('makes of an S3 key one %s', (_what, value, key) => {
    expect(rendered('s3', { bucketName: 'bbb', key: `k/${T}` }, value)['key']).toBe(key);
  });

  it("keeps the author's own dots in an S3 key", () => {
    expect(rendered('s3', { bucketName: 'bbb', key: `.././${T}\u0001` }, '\u0001')['key']).toBe('.././%01\u0001');
  });

  it.each([
    ['a/+/#\0', 'a/+/#\0'],
    ['', ''],
  ])('leaves it to the broker to judge the topic of %j', (value, topic) => {
    expect(rendered('iotCore', { topic: T }, value)).toEqual({ topic });
  });

  it.each(['republish', 'iotCore'])('opens no reserved topic of %s that its author has not named', (type) => {
    for (const value of ['$aws/things/a', '$SYS/x', '$share', '$x']) {
      expect(() => rendered(type, { topic: T }, value)).toThrow(/reserved topic/);
      expect(() => rendered(type, { topic: `${T}/b` }, value)).toThrow(/reserved topic/);
    }
    expect(() => rendered(type, { topic: `$${T}` }, 'aws/rules/a/b')).toThrow(/reserved topic/);
    expect(() => rendered(type, { topic: `$a${T}` }, 'ws')).toThrow(/reserved topic/);
    expect(() => rendered(type, { topic: `${T}$aws/x` }, '')).toThrow(/reserved topic/);
    expect(rendered(type, { topic: `$aws/rules/${T}` }, 'a/b')).toEqual({ topic: '$aws/rules/a/b' });
    expect(rendered(type, { topic: `$app-${T}` }, 'a')).toEqual({ topic: '$app-a' });
    expect(rendered(type, { topic: `a/${T}` }, '$aws')).toEqual({ topic: 'a/$aws' });
    expect(rendered(type, { topic: T }, '$$aws/x'.slice(2))).toEqual({ topic: 'aws/x' });
  });

  it('takes $$ for $ where the author wrote it, and nowhere else', () => {
    expect(rendered('republish', { topic: '$$aws/x' }, 1)).toEqual({ topic: '$aws/x' });
    expect(rendered('republish', { topic: `a/$$${T}` }, 1)).toEqual({ topic: 'a/$$1' });
    expect(() => rendered('republish', { topic: T }, '$$aws/x')).toThrow(/reserved topic/);
  });
});

describe('a field that takes none', () => {
  const schema = createActionSchema();
  const messages = (action: unknown) =>
    (schema.safeParse(action).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it.each<[string, unknown]>([
    ['republish.qos', { republish: { topic: 'a', qos: T } }],
    ['iotCore.qos', { iotCore: { topic: 'a', qos: T } }],
    ['firehose.separator', { firehose: { deliveryStreamName: 'a', separator: T } }],
    ['firehose.batchMode', { firehose: { deliveryStreamName: 'a', batchMode: T } }],
    ['s3.cannedAcl', { s3: { bucketName: 'a', key: 'a', cannedAcl: T } }],
    ['sns.messageFormat', { sns: { targetArn: 'a', messageFormat: T } }],
  ])('refuses one and says so: %s', (field, action) => {
    expect(messages(action)).toEqual([expect.stringMatching(`^${field}: .*takes no \\$\\{\\}`)]);
  });

  it('is accepted as it is in roleArn, which means nothing here', () => {
    expect(messages({ sns: { targetArn: 'a', roleArn: T } })).toEqual([]);
  });
});

it('finds what is wrong with the literal part of a path when the rule is checked', () => {
  const place = { version: V2, kind: 'path', file: 'rules.yaml', line: 3, column: 7 } as const;
  for (const text of ['../${id}', '/a', 'a\\${id}', '/', 'a//${id}']) {
    expect(() => compileTemplate(text, place)).toThrow(
      expect.objectContaining({
        findings: [expect.objectContaining({ code: 'CONFIG_VALUE_INVALID', file: 'rules.yaml', line: 3, column: 7 })],
      }),
    );
  }
  expect(compileTemplate('a/${id}/', place).render(contextOf('{"id":"x"}'))).toBe('a/x');
});
