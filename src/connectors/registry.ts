/**
 * `get_registry_data('DescribeThing' | 'ListThingGroupsForThing', thingName)`: the response of that call of AWS IoT's registry, as
 * JSON. A thing that is not registered is a failure, as the call itself calls it.
 */
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { asError } from '../errors.ts';
import { awsFailure, nameOf } from './aws-failure.ts';
import type { ConnectorsConfig } from './config.ts';
import { answered, type Connector, quoted, type Reply, refused } from './connector.ts';
import { stringOf } from './json-slices.ts';
import type { RegistryPort } from './registry-port.ts';
import { isThingName } from './thing-name.ts';

type RegistryConfig = NonNullable<ConnectorsConfig['registry']>;
type Operation = 'DescribeThing' | 'ListThingGroupsForThing';

export function registryConnector(config: RegistryConfig, aws: AwsOptions): Connector {
  const port: LazyPort<RegistryPort> = lazyPort(
    () => import('./registry-port.ts'),
    ({ openRegistryPort }) => openRegistryPort(aws),
  );
  return {
    function: 'get_registry_data',
    timeoutMs: config.timeoutMs,
    concurrency: config.concurrency,
    cacheMs: config.cacheSeconds * 1000,
    question([first, second]) {
      const operation = stringOf(first);
      const thing = stringOf(second);
      if (operation !== 'DescribeThing' && operation !== 'ListThingGroupsForThing') {
        return refused('The first parameter is neither "DescribeThing" nor "ListThingGroupsForThing".');
      }
      if (thing === null || !isThingName(thing)) return refused('The second parameter is not the name of a thing.');
      const resource = `The AWS IoT registry (thing ${quoted(thing)})`;
      return { resource, ask: (signal) => ask(port, resource, operation, thing, signal) };
    },
    close: () => port.close(),
  };
}

async function ask(
  port: LazyPort<RegistryPort>,
  resource: string,
  operation: Operation,
  thing: string,
  signal: AbortSignal,
): Promise<Reply> {
  try {
    const registry = await port.get();
    const response =
      operation === 'DescribeThing'
        ? await registry.describeThing(thing, signal)
        : await registry.listThingGroups(thing, signal);
    return answered(JSON.stringify(response));
  } catch (error) {
    if (nameOf(asError(error)) === 'ResourceNotFoundException') {
      return refused(`The thing ${quoted(thing)} is not in the registry (ResourceNotFoundException). Register it.`);
    }
    return awsFailure(error, resource, `iot:${operation}`, 'connectors.registry');
  }
}
