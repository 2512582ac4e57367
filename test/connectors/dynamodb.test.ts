import { describe, expect, it } from 'vitest';
import { awsError, json, ok, reasonOf, scene, serve, silence } from './scene.ts';

async function dynamodb(...scripts: Parameters<typeof serve>) {
  const server = await serve(...scripts);
  const made = scene({ dynamodb: {} }, { endpoint: server.url });
  return { ...made, server, get: () => made.ask('get_dynamodb', 'Devices', 'id', 'a') };
}

const item = (attributes: object) => json(JSON.stringify({ Item: attributes }));

describe('get_dynamodb', () => {
  it('looks texts up as texts and numbers as numbers, spelled as they are', async () => {
    const { askText, server } = await dynamodb(item({}));
    await askText('get_dynamodb', '["Devices","id","007"]');
    await askText('get_dynamodb', '["Devices","id",9007199254740993,"at",1.50]');
    expect(server.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { TableName: 'Devices', Key: { id: { S: '007' } } },
      { TableName: 'Devices', Key: { id: { N: '9007199254740993' }, at: { N: '1.50' } } },
    ]);
    expect(server.received[0]?.headers['x-amz-target']).toBe('DynamoDB_20120810.GetItem');
  });

  it('gives every kind of attribute as JSON, numbers with all their digits', async () => {
    const { get } = await dynamodb(
      item({
        s: { S: 'é"\n' },
        n: { N: '12345678901234567890.123456789012345678' },
        whole: { N: '9007199254740993' },
        negative: { N: '-1.5E-100' },
        b: { B: '/wAK' },
        yes: { BOOL: true },
        no: { BOOL: false },
        none: { NULL: true },
        list: { L: [{ N: '1.0' }, { S: '1.0' }, { L: [] }] },
        map: { M: { 'a"b': { N: '2' }, __proto__x: { M: {} } } },
        ss: { SS: ['a', 'b'] },
        ns: { NS: ['1', '9007199254740993'] },
        bs: { BS: ['/wAK', 'AAA='] },
      }),
    );
    expect(await get()).toEqual(
      ok(
        '{"s":"é\\"\\n","n":12345678901234567890.123456789012345678,"whole":9007199254740993,"negative":-1.5E-100,"b":"/wAK","yes":true,"no":false,"none":null,"list":[1.0,"1.0",[]],"map":{"a\\"b":2,"__proto__x":{}},"ss":["a","b"],"ns":[1,9007199254740993],"bs":["/wAK","AAA="]}',
      ),
    );
  });

  it('gives Undefined where there is no item', async () => {
    const { get } = await dynamodb(json('{}'));
    expect(await get()).toEqual(ok(''));
  });

  it('takes an item of 8 KiB and no more', async () => {
    const sized = (bytes: number) => item({ a: { S: 'x'.repeat(bytes - 8) } });
    const { ask } = await dynamodb(sized(8_192), sized(8_193));
    expect((await ask('get_dynamodb', 'Devices', 'id', 'a')).isOk).toBe(true);
    expect(reasonOf(await ask('get_dynamodb', 'Devices', 'id', 'b'))).toContain('8193 bytes; rules take at most 8192');
  });

  it('repeats after a throttle', async () => {
    const { get, server } = await dynamodb(
      awsError(400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'),
      item({}),
    );
    expect(await get()).toEqual(ok('{}'));
    expect(server.received).toHaveLength(2);
  });

  it('blames the call for a key of the wrong type, and the configuration for a table that is not there', async () => {
    const wrong = await dynamodb(awsError(400, 'ValidationException', 'The provided key element does not match.'));
    expect(reasonOf(await wrong.get())).toBe(
      'get_dynamodb: The DynamoDB table "Devices" does not take the key "id": The provided key element does not match. Compare names and types with the table\'s key schema.',
    );
    expect(wrong.events).toEqual([]);
    const missing = await dynamodb(awsError(400, 'ResourceNotFoundException', 'Requested resource not found'));
    expect(reasonOf(await missing.get())).toContain('Check its name, and the region');
    expect(missing.server.received).toHaveLength(1);
    expect(missing.events).toHaveLength(1);
  });

  it('knows a denial by its name, because DynamoDB gives it the status 400', async () => {
    const { get, server } = await dynamodb(awsError(400, 'AccessDeniedException', 'No.'));
    expect(reasonOf(await get())).toContain('Allow dynamodb:GetItem to the credentials under `aws:`.');
    expect(server.received).toHaveLength(1);
  });

  it('names neither key values nor credentials in a reason', async () => {
    const { ask } = await dynamodb(awsError(500, 'InternalServerError'));
    const reason = reasonOf(await ask('get_dynamodb', 'Devices', 'id', 'device-of-somebody'));
    expect(reason).toContain('The DynamoDB table "Devices" cannot be reached: InternalServerError');
    expect(reason).not.toContain('somebody');
  });

  it.each([
    [['Devices'], 'The key for the table "Devices" is not complete'],
    [['Devices', 'id'], 'is not complete'],
    [['Devices', 'id', null], 'is not complete'],
    [['Devices', 'id', ''], 'is not complete'],
    [['Devices', 'id', true], 'is not complete'],
    [['Devices', '', 'a'], 'is not complete'],
    [['Devices', 'id', 'a', 'at'], 'is not complete'],
    [['Devices', 'id', 'a', 'at', {}], 'is not complete'],
    [['De/vices', 'id', 'a'], 'is not the name of a table'],
    [[null, 'id', 'a'], 'is not the name of a table'],
  ])('refuses %j and asks nobody', async (parameters, reason) => {
    const { ask, server } = await dynamodb(silence);
    expect(reasonOf(await ask('get_dynamodb', ...parameters))).toContain(reason);
    expect(server.received).toEqual([]);
  });
});
