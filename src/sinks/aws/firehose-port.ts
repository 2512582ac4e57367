/** Data Firehose, as its sink uses it. */
import { DescribeDeliveryStreamCommand, FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { clientOptions } from '../../aws/client.ts';
import type { AwsOptions } from '../../aws/options.ts';

export interface FirehosePort {
  /** Per record: null, or what went wrong with it. */
  put(
    stream: string,
    records: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly ({ readonly code: string; readonly message: string } | null)[]>;
  describe(stream: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function openFirehosePort(aws: AwsOptions): FirehosePort {
  const client = new FirehoseClient(clientOptions(aws));
  return {
    async put(stream, records, abortSignal) {
      const command = new PutRecordBatchCommand({
        DeliveryStreamName: stream,
        Records: records.map((Data) => ({ Data })),
      });
      const output = await client.send(command, { abortSignal });
      const responses = output.RequestResponses ?? [];
      if (output.FailedPutCount === 0 && responses.length !== records.length) return records.map(() => null);
      return responses.map(({ ErrorCode, ErrorMessage }) =>
        ErrorCode === undefined || ErrorCode === '' ? null : { code: ErrorCode, message: ErrorMessage ?? '' },
      );
    },
    async describe(DeliveryStreamName, abortSignal) {
      await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }), { abortSignal });
    },
    close: () => client.destroy(),
  };
}
