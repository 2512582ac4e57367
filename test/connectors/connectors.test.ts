import { describe, expect, it } from 'vitest';
import { configuredFunctions, connectorsSchema } from '../../src/connectors/config.ts';
import { externalFunctionNames } from '../../src/external-call.ts';
import { folderOf } from '../support/folder.ts';
import { json, ok, reasonOf, scene, serve, silence } from './scene.ts';

describe('connectors', () => {
  it('offers what is configured, and no more', async () => {
    const offered = (config: unknown) => [...configuredFunctions(connectorsSchema.parse(config))].sort();
    expect(offered({})).toEqual([]);
    expect(offered({ shadows: {}, dynamodb: {} })).toEqual(['get_dynamodb', 'get_thing_shadow']);
    const { connectors, ask } = scene({ shadows: {}, dynamodb: { concurrency: 7 } });
    expect(connectors.concurrencyOf('get_dynamodb')).toBe(7);
    expect(reasonOf(await ask('aws_lambda', 'f', {}))).toBe(
      'aws_lambda: it is not configured. Declare its service under `connectors:`.',
    );
    const all = offered({
      lambda: { functions: ['f'] },
      dynamodb: {},
      registry: {},
      secrets: [{ id: 's', file: 's' }],
      shadows: {},
      machineLearning: { models: [{ id: 'm', url: 'http://127.0.0.1:1/' }] },
    });
    expect(all).toEqual([...externalFunctionNames].sort());
  });

  it('keeps one service apart from the trouble of another', async () => {
    const server = await serve(silence);
    const baseDir = folderOf({ s: 'x' });
    const config = { lambda: { functions: ['f'], concurrency: 1 }, secrets: [{ id: 's', file: 's' }] };
    const { ask, connectors } = scene(config, { endpoint: server.url, baseDir });
    const stuck = [1, 2, 3].map((n) => ask('aws_lambda', 'f', n));
    expect(await ask('get_secret', 's', 'SecretString')).toEqual(ok('"x"'));
    await connectors.close();
    for (const call of stuck) expect(reasonOf(await call)).toContain('The gateway is stopping');
  });

  it('speaks to another region or endpoint than the rest of the gateway where that is written', async () => {
    const own = await serve(json('{}'));
    const shared = await serve(json('{}'));
    const config = { dynamodb: { aws: { region: 'us-west-2', endpoint: own.url } }, registry: {} };
    const { ask } = scene(config, { endpoint: shared.url });
    await ask('get_dynamodb', 'Devices', 'id', 'a');
    await ask('get_registry_data', 'DescribeThing', 'pump-1');
    expect(own.received[0]?.headers.authorization).toContain('/us-west-2/dynamodb/');
    expect(shared.received[0]?.headers.authorization).toContain('/eu-west-1/');
    expect([own.received.length, shared.received.length]).toEqual([1, 1]);
  });
});
