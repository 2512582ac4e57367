/** The thing registry of AWS IoT Core, as its connector uses it. */
import { DescribeThingCommand, IoTClient, ListThingGroupsForThingCommand } from '@aws-sdk/client-iot';
import { clientOptions } from '../aws/client.ts';
import type { AwsOptions } from '../aws/options.ts';

export interface RegistryPort {
  /** The responses of the API, as the API names their members. */
  describeThing(thingName: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  listThingGroups(thingName: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

/** https://docs.aws.amazon.com/iot/latest/apireference/API_ListThingGroupsForThing.html; a thing is in at most ten groups. */
const GROUPS_MAX = 250;

export function openRegistryPort(aws: AwsOptions): RegistryPort {
  const client = new IoTClient(clientOptions(aws));
  return {
    async describeThing(thingName, abortSignal) {
      const { $metadata, ...response } = await client.send(new DescribeThingCommand({ thingName }), { abortSignal });
      return response;
    },
    async listThingGroups(thingName, abortSignal) {
      const command = new ListThingGroupsForThingCommand({ thingName, maxResults: GROUPS_MAX });
      const { $metadata, ...response } = await client.send(command, { abortSignal });
      return response;
    },
    close: () => client.destroy(),
  };
}
