/**
 * `machinelearning_predict(modelId, record)`: a model behind an HTTP endpoint on this machine or in its network.
 *
 * What an endpoint must do:
 * - It is sent `POST` with `content-type: application/json` and `{"modelId": "…", "record": {"<variable>": <value>, …}}`. The record
 *   is flat: a value that is an object or an array comes as its JSON text, as Amazon Machine Learning had it.
 * - It answers 200 and a JSON object of at most 64 KiB, by AWS's names: `predictedLabel` (classes), `predictedValue` (regression),
 *   `predictedScores` (a number per label), `details` (`PredictiveModelType`, `Algorithm`). It goes to the rule as it is.
 * - 4xx: this record cannot be predicted. 5xx: try again, once. Redirects are not followed.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html#iot-sql-function-machine-learning
 */
import { asError } from '../errors.ts';
import type { ConnectorsConfig } from './config.ts';
import { answered, type Connector, failed, quoted, type Reply, refused } from './connector.ts';
import { isJson, objectMembers, stringOf } from './json-slices.ts';

type MachineLearningConfig = NonNullable<ConnectorsConfig['machineLearning']>;

const ANSWER_BYTES_MAX = 64 * 1024;

export function machineLearningConnector(config: MachineLearningConfig): Connector {
  const urls = new Map(config.models.map(({ id, url }) => [id, url]));
  return {
    function: 'machinelearning_predict',
    timeoutMs: config.timeoutMs,
    concurrency: config.concurrency,
    cacheMs: config.cacheSeconds * 1000,
    question([first, second]) {
      const id = stringOf(first);
      const record = objectMembers(second ?? '');
      if (id === null) return refused('The first parameter is not the id of a model.');
      const url = urls.get(id);
      if (url === undefined) {
        return refused(`No model ${quoted(id)} is declared. Add it to \`connectors.machineLearning.models\`.`);
      }
      if (record === null) return refused('The record is not an object.');
      const resource = `The model ${quoted(id)} at ${withoutQuery(url)}`;
      const body = `{"modelId":${JSON.stringify(id)},"record":${flatText(record)}}`;
      return { resource, ask: (signal) => predict(resource, url, body, signal) };
    },
    close: async () => {},
  };
}

function flatText(record: ReadonlyMap<string, string>): string {
  const members = [...record].map(([key, text]) => {
    const isNested = text.startsWith('{') || text.startsWith('[');
    return `${JSON.stringify(key)}:${isNested ? JSON.stringify(text) : text}`;
  });
  return `{${members.join(',')}}`;
}

async function predict(resource: string, url: string, body: string, signal: AbortSignal): Promise<Reply> {
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      return statusReply(resource, response.status);
    }
    const text = await readBounded(response);
    if (text === null) return refused(`${resource} answered more than ${ANSWER_BYTES_MAX} bytes.`);
    if (!isJson(text) || objectMembers(text) === null) {
      return failed(`${resource} answered something that is not a JSON object. Look at what serves it.`, false);
    }
    return answered(text);
  } catch (error) {
    const { cause, message } = asError(error);
    const why = cause instanceof Error ? cause.message || cause.name : message;
    return failed(`${resource} cannot be reached: ${why}. Check that it is served there.`, true);
  }
}

function statusReply(resource: string, status: number): Reply {
  if (status >= 500) return failed(`${resource} answered with status ${status}. Look at what serves it.`, true);
  if (status >= 400) return refused(`${resource} did not take the record: status ${status}.`);
  return failed(`${resource} answered with status ${status} instead of 200. Correct its URL.`, false);
}

async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > ANSWER_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A query may hold a key. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
