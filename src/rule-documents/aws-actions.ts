/**
 * THE list of the actions of AWS IoT rules, in the order of its developer guide: what each is here, and how the API spells its
 * fields, which CloudFormation writes in another case. https://docs.aws.amazon.com/iot/latest/apireference/API_Action.html
 */

/** What stands at a place: a scalar of the API, texts under keys of the author's choice, a list, or fields. */
export type Shape = 'text' | 'flag' | 'number' | 'texts' | readonly [Shape] | { readonly [field: string]: Shape };

/**
 * - `supported`: does here what it does in AWS.
 * - `mapped`: is run, in another way that `how` tells.
 * - `unsupported`: is not run; `how` tells what to do instead.
 */
export interface AwsAction {
  readonly key: string;
  readonly support: 'supported' | 'mapped' | 'unsupported';
  readonly how: string;
  readonly fields: Shape;
}

const pairs = [{ key: 'text', value: 'text' }] as const;
const batchConfig = {
  maxBatchOpenMs: 'number',
  maxBatchSize: 'number',
  maxBatchSizeBytes: 'number',
  batchAcrossTopics: 'flag',
} as const;
const document = { roleArn: 'text', endpoint: 'text', index: 'text', type: 'text', id: 'text' } as const;

export const awsActions: readonly AwsAction[] = [
  {
    key: 'republish',
    support: 'mapped',
    how: 'Publishes on the broker of this gateway. To publish on AWS IoT Core, write the action as iotCore.',
    fields: {
      roleArn: 'text',
      topic: 'text',
      qos: 'number',
      headers: {
        payloadFormatIndicator: 'text',
        contentType: 'text',
        responseTopic: 'text',
        correlationData: 'text',
        messageExpiry: 'text',
        userProperties: pairs,
      },
    },
  },
  {
    key: 'lambda',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS calls the function, or with sns to a topic that it subscribes to.',
    fields: { functionArn: 'text' },
  },
  {
    key: 'sqs',
    support: 'unsupported',
    how: 'Publish with sns, and subscribe the queue to that topic with raw message delivery.',
    fields: { roleArn: 'text', queueUrl: 'text', useBase64: 'flag' },
  },
  {
    key: 'sns',
    support: 'supported',
    how: 'Publishes to the topic as AWS does.',
    fields: { roleArn: 'text', targetArn: 'text', messageFormat: 'text' },
  },
  {
    key: 'kinesis',
    support: 'unsupported',
    how: 'Use firehose where the stream ends in storage; else publish with iotCore to a topic whose rule in AWS keeps this action.',
    fields: { roleArn: 'text', streamName: 'text', partitionKey: 'text' },
  },
  {
    key: 'firehose',
    support: 'mapped',
    how: 'Packs many messages into a record, each followed by the separator. delivery: { pack: false } sends one record per message, as AWS does.',
    fields: { roleArn: 'text', deliveryStreamName: 'text', separator: 'text', batchMode: 'flag' },
  },
  {
    key: 's3',
    support: 'supported',
    how: 'Puts one object per message, as AWS does. delivery.batch makes whole objects of many messages.',
    fields: { roleArn: 'text', bucketName: 'text', key: 'text', cannedAcl: 'text' },
  },
  {
    key: 'dynamoDB',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS keeps this action, so that the table stays behind one writer.',
    fields: {
      tableName: 'text',
      roleArn: 'text',
      operation: 'text',
      hashKeyField: 'text',
      hashKeyValue: 'text',
      hashKeyType: 'text',
      rangeKeyField: 'text',
      rangeKeyValue: 'text',
      rangeKeyType: 'text',
      payloadField: 'text',
    },
  },
  {
    key: 'dynamoDBv2',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS keeps this action; the columns are the fields that arrive there.',
    fields: { roleArn: 'text', putItem: { tableName: 'text' } },
  },
  {
    key: 'http',
    support: 'unsupported',
    how: 'Publish with sns to a topic with an HTTPS subscription, or let a service near the endpoint subscribe to what republish writes.',
    fields: {
      url: 'text',
      confirmationUrl: 'text',
      headers: pairs,
      auth: { sigv4: { signingRegion: 'text', serviceName: 'text', roleArn: 'text' } },
      enableBatching: 'flag',
      batchConfig,
    },
  },
  {
    key: 'kafka',
    support: 'unsupported',
    how: 'Write the messages with republish to a topic of this broker, and let an MQTT source connector of Kafka subscribe to it.',
    fields: {
      destinationArn: 'text',
      topic: 'text',
      key: 'text',
      partition: 'text',
      clientProperties: 'texts',
      headers: pairs,
    },
  },
  {
    key: 'cloudwatchMetric',
    support: 'unsupported',
    how: "Publish with iotCore to a topic whose rule in AWS keeps this action. The gateway's own metrics are on its admin port.",
    fields: {
      roleArn: 'text',
      metricNamespace: 'text',
      metricName: 'text',
      metricValue: 'text',
      metricUnit: 'text',
      metricTimestamp: 'text',
    },
  },
  {
    key: 'cloudwatchAlarm',
    support: 'unsupported',
    how: 'Tell people with sns (delivery: { class: alarm }); to set the alarm itself, publish with iotCore to a rule in AWS.',
    fields: { roleArn: 'text', alarmName: 'text', stateReason: 'text', stateValue: 'text' },
  },
  {
    key: 'cloudwatchLogs',
    support: 'unsupported',
    how: 'Write lines with file and let the CloudWatch agent read that folder, or publish with iotCore to a rule in AWS.',
    fields: { roleArn: 'text', logGroupName: 'text', batchMode: 'flag' },
  },
  {
    key: 'timestream',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS keeps this action, or write Avro with s3 and query it with Athena.',
    fields: {
      roleArn: 'text',
      databaseName: 'text',
      tableName: 'text',
      dimensions: [{ name: 'text', value: 'text' }],
      timestamp: { value: 'text', unit: 'text' },
    },
  },
  {
    key: 'influxDB',
    support: 'unsupported',
    how: 'Write the messages with republish to a topic of this broker, and let Telegraf (inputs.mqtt_consumer) write them to InfluxDB.',
    fields: {
      destinationArn: 'text',
      roleArn: 'text',
      databaseName: 'text',
      tableName: 'text',
      organization: 'text',
      tags: 'texts',
      timestampUnit: 'text',
      batchConfig,
    },
  },
  {
    key: 'iotSiteWise',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS keeps this action; the templates in it then read what arrives there.',
    fields: {
      putAssetPropertyValueEntries: [
        {
          entryId: 'text',
          assetId: 'text',
          propertyId: 'text',
          propertyAlias: 'text',
          propertyValues: [
            {
              value: { stringValue: 'text', integerValue: 'text', doubleValue: 'text', booleanValue: 'text' },
              timestamp: { timeInSeconds: 'text', offsetInNanos: 'text' },
              quality: 'text',
            },
          ],
        },
      ],
      roleArn: 'text',
    },
  },
  {
    key: 'iotEvents',
    support: 'unsupported',
    how: 'AWS has ended IoT Events. Write the condition as WHERE of a rule and tell people with sns.',
    fields: { inputName: 'text', messageId: 'text', batchMode: 'flag', roleArn: 'text' },
  },
  {
    key: 'iotAnalytics',
    support: 'unsupported',
    how: 'AWS has ended IoT Analytics. Write Avro with s3 and delivery.batch, and query it with Athena.',
    fields: { channelArn: 'text', channelName: 'text', batchMode: 'flag', roleArn: 'text' },
  },
  {
    key: 'stepFunctions',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS starts the execution, or start it by EventBridge from an object that s3 wrote.',
    fields: { roleArn: 'text', executionNamePrefix: 'text', stateMachineName: 'text' },
  },
  {
    key: 'location',
    support: 'unsupported',
    how: 'Publish with iotCore to a topic whose rule in AWS keeps this action.',
    fields: {
      roleArn: 'text',
      trackerName: 'text',
      deviceId: 'text',
      timestamp: { value: 'text', unit: 'text' },
      latitude: 'text',
      longitude: 'text',
    },
  },
  {
    key: 'openSearch',
    support: 'unsupported',
    how: 'Use firehose with a delivery stream whose destination is OpenSearch, and delivery: { pack: false }.',
    fields: document,
  },
  {
    key: 'elasticsearch',
    support: 'unsupported',
    how: 'Use firehose with a delivery stream whose destination is OpenSearch, and delivery: { pack: false }.',
    fields: document,
  },
  {
    key: 'salesforce',
    support: 'unsupported',
    how: 'Let a service of yours subscribe to what republish writes on this broker and call Salesforce, or keep the rule in AWS behind iotCore.',
    fields: { token: 'text', url: 'text' },
  },
];

const byKey = new Map(awsActions.map((action) => [action.key, action]));

/** The action of that key, or null. Keys of documents are data: `constructor` is none. */
export function awsActionOf(key: string): AwsAction | null {
  return byKey.get(key) ?? null;
}

const actionShape: Shape = Object.fromEntries(awsActions.map(({ key, fields }) => [key, fields]));

/** TopicRulePayload. https://docs.aws.amazon.com/iot/latest/apireference/API_TopicRulePayload.html */
export const payloadShape: Shape = {
  sql: 'text',
  description: 'text',
  actions: [actionShape],
  ruleDisabled: 'flag',
  awsIotSqlVersion: 'text',
  errorAction: actionShape,
};
