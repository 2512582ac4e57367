import { describe, expect, it } from 'vitest';
import { awsError, json, ok, reasonOf, scene, serve, silence } from './scene.ts';

async function registry(...scripts: Parameters<typeof serve>) {
  const server = await serve(...scripts);
  return { ...scene({ registry: { timeoutMs: 1_000 } }, { endpoint: server.url }), server };
}

const thing = {
  thingName: 'pump-1',
  thingId: 'b7e1',
  thingArn: 'arn:aws:iot:eu-west-1:123456789012:thing/pump-1',
  thingTypeName: 'pump',
  attributes: { hall: '7', rating: '1.50' },
  version: 3,
};

describe('get_registry_data', () => {
  it('gives the description of a thing under the names of the API', async () => {
    const { ask, server } = await registry(json(JSON.stringify(thing)));
    const answer = await ask('get_registry_data', 'DescribeThing', 'pump-1');
    expect(answer.isOk && (JSON.parse(answer.text) as unknown)).toEqual(thing);
    expect(server.received[0]?.path).toBe('/things/pump-1');
  });

  it('gives the groups of a thing', async () => {
    const groups = {
      thingGroups: [{ groupName: 'hall-7', groupArn: 'arn:aws:iot:eu-west-1:123456789012:thinggroup/hall-7' }],
    };
    const { ask, server } = await registry(json(JSON.stringify(groups)));
    const answer = await ask('get_registry_data', 'ListThingGroupsForThing', 'pump-1');
    expect(answer).toEqual(ok(JSON.stringify(groups)));
    expect(server.received[0]?.path).toBe('/things/pump-1/thing-groups?maxResults=250');
  });

  it('fails for a thing that is not registered, without blaming the service', async () => {
    const { ask, events, server } = await registry(awsError(404, 'ResourceNotFoundException', 'Thing is not found'));
    expect(reasonOf(await ask('get_registry_data', 'DescribeThing', 'pump-9'))).toContain(
      'The thing "pump-9" is not in the registry',
    );
    expect(events).toEqual([]);
    expect(server.received).toHaveLength(1);
  });

  it('repeats after a throttle, and names the permission that is missing', async () => {
    const throttled = await registry(awsError(429, 'ThrottlingException'), json('{"version":1}'));
    expect(await throttled.ask('get_registry_data', 'DescribeThing', 'pump-1')).toEqual(ok('{"version":1}'));
    const denied = await registry(awsError(401, 'UnauthorizedException'));
    expect(reasonOf(await denied.ask('get_registry_data', 'ListThingGroupsForThing', 'pump-1'))).toContain(
      'Allow iot:ListThingGroupsForThing to the credentials',
    );
  });

  it.each([
    [['DeleteThing', 'pump-1'], 'neither "DescribeThing" nor'],
    [[null, 'pump-1'], 'neither "DescribeThing" nor'],
    [['DescribeThing', '../policies/x'], 'is not the name of a thing'],
    [['DescribeThing', null], 'is not the name of a thing'],
    [['DescribeThing'], 'is not the name of a thing'],
  ])('refuses %j and asks nobody', async (parameters, reason) => {
    const { ask, server } = await registry(silence);
    expect(reasonOf(await ask('get_registry_data', ...parameters))).toContain(reason);
    expect(server.received).toEqual([]);
  });
});
