/**
 * `get_dynamodb(table, partitionKeyName, partitionKeyValue[, sortKeyName, sortKeyValue])`: one item as JSON. A key value that is a
 * number is looked up as a number, a string as a string. AWS does not document what an item that is not there gives; GetItem does
 * not call it an error, so it is Undefined, and `get_or_default` can stand in for it.
 */
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { asError } from '../errors.ts';
import { itemText } from './attribute-text.ts';
import { awsFailure, nameOf } from './aws-failure.ts';
import type { ConnectorsConfig } from './config.ts';
import { answered, type Connector, quoted, type Reply, refused } from './connector.ts';
import type { DynamodbPort, KeyValue } from './dynamodb-port.ts';
import { stringOf } from './json-slices.ts';

type DynamodbConfig = NonNullable<ConnectorsConfig['dynamodb']>;
type Key = Readonly<Record<string, KeyValue>>;

/** https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html#iot-sql-function-get-dynamodb, Note. */
const ITEM_BYTES_MAX = 8 * 1024;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html: a name, or the ARN of a table. */
const TABLE = /^(?:[a-zA-Z0-9_.-]{3,255}|arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[a-zA-Z0-9_.-]{3,255})$/;

export function dynamodbConnector(config: DynamodbConfig, aws: AwsOptions): Connector {
  const port: LazyPort<DynamodbPort> = lazyPort(
    () => import('./dynamodb-port.ts'),
    ({ openDynamodbPort }) => openDynamodbPort(aws),
  );
  return {
    function: 'get_dynamodb',
    timeoutMs: config.timeoutMs,
    concurrency: config.concurrency,
    cacheMs: config.cacheSeconds * 1000,
    question(parameters) {
      const table = stringOf(parameters[0]);
      if (table === null || !TABLE.test(table)) return refused('The first parameter is not the name of a table.');
      const key = keyOf(parameters.slice(1));
      if (key === null) {
        return refused(
          `The key for the table ${quoted(table)} is not complete. Write a name and a value (a number or a text that is not empty) for the partition key and, where the table has one, the sort key.`,
        );
      }
      const resource = `The DynamoDB table ${quoted(table)}`;
      return { resource, ask: (signal) => getItem(port, resource, table, key, signal) };
    },
    close: () => port.close(),
  };
}

function keyOf(parameters: readonly string[]): Key | null {
  if (parameters.length !== 2 && parameters.length !== 4) return null;
  const entries: [string, KeyValue][] = [];
  for (let i = 0; i < parameters.length; i += 2) {
    const name = stringOf(parameters[i]);
    const value = keyValueOf(parameters[i + 1] ?? '');
    if (name === null || name === '' || value === null) return null;
    entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

function keyValueOf(text: string): KeyValue | null {
  const S = stringOf(text);
  if (S !== null) return S === '' ? null : { S };
  return /^-?\d/.test(text) ? { N: text } : null;
}

async function getItem(
  port: LazyPort<DynamodbPort>,
  resource: string,
  table: string,
  key: Key,
  signal: AbortSignal,
): Promise<Reply> {
  try {
    const dynamodb = await port.get();
    const item = await dynamodb.getItem(table, key, signal);
    if (item === null) return answered('');
    const text = itemText(item);
    const bytes = Buffer.byteLength(text);
    if (bytes <= ITEM_BYTES_MAX) return answered(text);
    return refused(
      `${resource} has an item of ${bytes} bytes; rules take at most ${ITEM_BYTES_MAX}. Keep large attributes elsewhere.`,
    );
  } catch (error) {
    if (nameOf(asError(error)) === 'ValidationException') {
      const names = Object.keys(key).map(quoted).join(' and ');
      return refused(
        `${resource} does not take the key ${names}: ${asError(error).message} Compare names and types with the table's key schema.`,
      );
    }
    return awsFailure(error, resource, 'dynamodb:GetItem', 'connectors.dynamodb');
  }
}
