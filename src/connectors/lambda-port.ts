/** AWS Lambda, as its connector uses it. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { clientOptions } from '../aws/client.ts';
import type { AwsOptions } from '../aws/options.ts';

export interface LambdaPort {
  /** `error`: how the function failed (`Handled`, `Unhandled`); null when it did not. */
  invoke(
    functionName: string,
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly payload: Uint8Array; readonly error: string | null }>;
  close(): void;
}

export function openLambdaPort(aws: AwsOptions): LambdaPort {
  const client = new LambdaClient(clientOptions(aws));
  return {
    async invoke(FunctionName, Payload, abortSignal) {
      const command = new InvokeCommand({ FunctionName, Payload, InvocationType: 'RequestResponse' });
      const output = await client.send(command, { abortSignal });
      return { payload: output.Payload ?? new Uint8Array(0), error: output.FunctionError ?? null };
    },
    close: () => client.destroy(),
  };
}
