/** Amazon SNS, as its sink uses it. */
import { GetTopicAttributesCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../../aws/client.ts';
import type { AwsOptions } from '../../aws/options.ts';

interface SnsFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly isSenderFault: boolean;
}

export interface SnsPort {
  /** Message `n` has the id `n`. Those in neither list of the answer were not published. */
  publish(
    topicArn: string,
    messages: readonly { readonly id: string; readonly text: string }[],
    isStructured: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly published: readonly string[]; readonly failed: readonly SnsFailure[] }>;
  describe(topicArn: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function openSnsPort(aws: AwsOptions): SnsPort {
  const client = new SNSClient(clientOptions(aws));
  return {
    async publish(TopicArn, messages, isStructured, abortSignal) {
      const command = new PublishBatchCommand({
        TopicArn,
        PublishBatchRequestEntries: messages.map(({ id, text }) => ({
          Id: id,
          Message: text,
          ...(isStructured ? { MessageStructure: 'json' } : {}),
        })),
      });
      const output = await client.send(command, { abortSignal });
      return {
        published: (output.Successful ?? []).flatMap(({ Id }) => (Id === undefined ? [] : [Id])),
        failed: (output.Failed ?? []).map(({ Id, Code, Message, SenderFault }) => ({
          id: Id ?? '',
          code: Code ?? 'Unknown',
          message: Message ?? '',
          isSenderFault: SenderFault ?? false,
        })),
      };
    },
    async describe(TopicArn, abortSignal) {
      await client.send(new GetTopicAttributesCommand({ TopicArn }), { abortSignal });
    },
    close: () => client.destroy(),
  };
}
