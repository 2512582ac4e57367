/**
 * What `Ref` and `Fn::GetAtt` give for resources that a template names itself. `{name}` is the value of the property that names the
 * resource; the other parts are pseudo parameters. ("Return values" of each type in the CloudFormation Template Reference)
 */
export interface ResourceForm {
  /** The property that holds the resource's name. */
  readonly name: string;
  readonly ref: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const arn = (service: string, resource: string) =>
  `arn:{AWS::Partition}:${service}:{AWS::Region}:{AWS::AccountId}:${resource}`;

const lambda = form('FunctionName', '{name}', { Arn: arn('lambda', 'function:{name}') });

const forms: ReadonlyMap<string, ResourceForm> = new Map([
  ['AWS::S3::Bucket', form('BucketName', '{name}', { Arn: 'arn:{AWS::Partition}:s3:::{name}' })],
  [
    'AWS::KinesisFirehose::DeliveryStream',
    form('DeliveryStreamName', '{name}', { Arn: arn('firehose', 'deliverystream/{name}') }),
  ],
  ['AWS::SNS::Topic', form('TopicName', arn('sns', '{name}'), { TopicArn: arn('sns', '{name}'), TopicName: '{name}' })],
  [
    'AWS::SQS::Queue',
    form('QueueName', 'https://sqs.{AWS::Region}.{AWS::URLSuffix}/{AWS::AccountId}/{name}', {
      Arn: arn('sqs', '{name}'),
      QueueName: '{name}',
    }),
  ],
  ['AWS::Kinesis::Stream', form('Name', '{name}', { Arn: arn('kinesis', 'stream/{name}') })],
  ['AWS::DynamoDB::Table', form('TableName', '{name}', { Arn: arn('dynamodb', 'table/{name}') })],
  ['AWS::Lambda::Function', lambda],
  ['AWS::Serverless::Function', lambda],
  ['AWS::Logs::LogGroup', form('LogGroupName', '{name}', { Arn: arn('logs', 'log-group:{name}:*') })],
  ['AWS::IAM::Role', form('RoleName', '{name}', {})],
  ['AWS::IoT::TopicRule', form('RuleName', '{name}', { Arn: arn('iot', 'rule/{name}') })],
]);

/** null: resources of that type are not known here. */
export function resourceFormOf(type: string): ResourceForm | null {
  return forms.get(type) ?? null;
}

function form(name: string, ref: string, attributes: Readonly<Record<string, string>>): ResourceForm {
  return { name, ref, attributes: new Map(Object.entries(attributes)) };
}
