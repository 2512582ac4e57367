/** AWS IoT Core's data plane, as its sink uses it. */
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { clientOptions } from '../../aws/client.ts';
import type { AwsOptions } from '../../aws/options.ts';

export interface IotCorePort {
  publish(topic: string, qos: 0 | 1, payload: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Resolves when there are credentials: the data plane has no call without an effect. */
  credentials(): Promise<unknown>;
  close(): void;
}

export function openIotCorePort(aws: AwsOptions): IotCorePort {
  const client = new IoTDataPlaneClient(clientOptions(aws));
  return {
    async publish(topic, qos, payload, abortSignal) {
      await client.send(new PublishCommand({ topic, qos, payload }), { abortSignal });
    },
    credentials: () => client.config.credentials(),
    close: () => client.destroy(),
  };
}
