import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AddThingToThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok, reasonOf, scene } from '../connectors/scene.ts';
import {
  type AwsEmulator,
  EMULATOR_CREDENTIALS,
  isEmulatorAvailable,
  startAwsEmulator,
} from '../support/aws-emulator.ts';

/** The smallest ZIP file there is: nothing in it. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]);

describe.skipIf(!isEmulatorAvailable())('connectors against the emulator', () => {
  let emulator: AwsEmulator;

  beforeAll(async () => {
    emulator = await startAwsEmulator();
  });

  afterAll(async () => {
    await emulator?.stop();
  });

  const client = () => ({ region: 'eu-west-1', endpoint: emulator.url, credentials: EMULATOR_CREDENTIALS });
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${emulator.url}${path}`, { method: 'POST', body, headers });
  const fault = (service: string, kind: string) =>
    post('/x/faults', JSON.stringify([{ service, kind, times: 1 }]), { 'content-type': 'application/json' });

  it('gets items of DynamoDB by text and number keys, digits kept', async () => {
    const dynamodb = new DynamoDBClient(client());
    await dynamodb.send(
      new CreateTableCommand({
        TableName: 'Readings',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'device', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'device', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
      }),
    );
    const Item = {
      device: { S: 'pump-1' },
      at: { N: '9007199254740993' },
      location: { M: { hall: { N: '7' }, tags: { SS: ['wet'] } } },
      blob: { B: Buffer.from([255, 0]) },
    };
    await dynamodb.send(new PutItemCommand({ TableName: 'Readings', Item }));
    dynamodb.destroy();
    const { askText, counted } = scene({ dynamodb: {} }, { endpoint: emulator.url });
    const get = (rest: string) => askText('get_dynamodb', `["Readings",${rest}]`);
    const answer = await get('"device","pump-1","at",9007199254740993');
    const text = answer.isOk ? answer.text : reasonOf(answer);
    expect(text).toContain('"at":9007199254740993');
    expect(JSON.parse(text)).toMatchObject({ device: 'pump-1', location: { hall: 7, tags: ['wet'] }, blob: '/wA=' });
    expect(await get('"device","pump-1","at",9007199254740992')).toEqual(ok(''));
    expect(reasonOf(await get('"device","pump-1"'))).toContain('does not take the key');
    const missing = reasonOf(await askText('get_dynamodb', '["Nothing","device","x"]'));
    expect(missing).toContain('The DynamoDB table "Nothing" cannot be reached: ResourceNotFoundException');
    expect([await counted('answered'), await counted('refused'), await counted('failed')]).toEqual([2, 1, 1]);
  });

  it('describes things and lists their groups', async () => {
    const iot = new IoTClient(client());
    await iot.send(new CreateThingCommand({ thingName: 'pump-1', attributePayload: { attributes: { hall: '7' } } }));
    await iot.send(new CreateThingGroupCommand({ thingGroupName: 'wet' }));
    await iot.send(new AddThingToThingGroupCommand({ thingName: 'pump-1', thingGroupName: 'wet' }));
    iot.destroy();
    const { ask } = scene({ registry: {} }, { endpoint: emulator.url });
    const described = await ask('get_registry_data', 'DescribeThing', 'pump-1');
    expect(described.isOk && (JSON.parse(described.text) as unknown)).toMatchObject({
      thingName: 'pump-1',
      thingArn: expect.stringContaining(':thing/pump-1') as unknown,
      attributes: { hall: '7' },
      version: 1,
    });
    const groups = await ask('get_registry_data', 'ListThingGroupsForThing', 'pump-1');
    expect(groups.isOk && (JSON.parse(groups.text) as unknown)).toMatchObject({ thingGroups: [{ groupName: 'wet' }] });
    expect(reasonOf(await ask('get_registry_data', 'DescribeThing', 'pump-2'))).toContain('is not in the registry');
  });

  it('calls a Lambda function, which gets the input as the rule spelled it', async () => {
    // The emulator's functions run nothing: they give back what they are sent.
    await post('/moto-api/config', JSON.stringify({ lambda: { use_docker: false } }));
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=x, Signature=x';
    await post('/', 'Action=CreateRole&Version=2010-05-08&RoleName=f&AssumeRolePolicyDocument=%7B%7D', {
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
    });
    const lambda = new LambdaClient(client());
    const { FunctionArn } = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'enrich',
        Role: 'arn:aws:iam::123456789012:role/f',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: EMPTY_ZIP },
      }),
    );
    lambda.destroy();
    const { askText } = scene({ lambda: { functions: ['enrich'] } }, { endpoint: emulator.url });
    const input = '{"id":9007199254740993,"t":1.50}';
    expect(await askText('aws_lambda', `["${FunctionArn}",${input}]`)).toEqual(ok(input));
    expect(await askText('aws_lambda', `["enrich",${input}]`)).toEqual(ok(input));
  });

  it.each(['throttle', 'error', 'reset', 'truncate', 'html', 'lost'])(
    'outlives one fault of the kind %s',
    async (kind) => {
      const { ask, events } = scene({ dynamodb: {} }, { endpoint: emulator.url });
      await fault('dynamodb', kind);
      const answer = await ask('get_dynamodb', 'Readings', 'device', 'pump-1', 'at', 1);
      expect(answer).toEqual(ok(''));
      expect(events).toEqual([]);
    },
  );

  it('fails in time when the service hangs, and works again afterwards', async () => {
    const { ask, events, clock } = scene({ dynamodb: { timeoutMs: 300 } }, { endpoint: emulator.url });
    const get = () => ask('get_dynamodb', 'Readings', 'device', 'pump-1', 'at', 1);
    await fault('dynamodb', 'hang');
    expect(reasonOf(await get())).toContain('did not answer within 300 ms');
    clock.advance(10_000);
    expect(await get()).toEqual(ok(''));
    expect(events).toEqual([expect.stringContaining('failing get_dynamodb'), 'recovered get_dynamodb']);
  });
});
