/** Amazon DynamoDB, as its connector uses it. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../aws/client.ts';
import type { AwsOptions } from '../aws/options.ts';
import type { AttributeValue } from './attribute-text.ts';

export type KeyValue = { readonly S: string } | { readonly N: string };

export interface DynamodbPort {
  /** null: there is no item with this key. */
  getItem(
    table: string,
    key: Readonly<Record<string, KeyValue>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, AttributeValue>> | null>;
  close(): void;
}

export function openDynamodbPort(aws: AwsOptions): DynamodbPort {
  const client = new DynamoDBClient(clientOptions(aws));
  return {
    async getItem(TableName, Key, abortSignal) {
      const output = await client.send(new GetItemCommand({ TableName, Key: { ...Key } }), { abortSignal });
      return output.Item ?? null;
    },
    close: () => client.destroy(),
  };
}
