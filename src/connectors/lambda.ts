/**
 * `aws_lambda(functionArn, inputJson)`: the input goes to the function as the rule wrote it, the function's JSON comes back as it
 * wrote it, digits included. A function that a second attempt reaches may have run before: rules deliver at least once.
 */
import { type LazyPort, lazyPort } from '../aws/lazy-port.ts';
import type { AwsOptions } from '../aws/options.ts';
import { awsFailure } from './aws-failure.ts';
import type { ConnectorsConfig } from './config.ts';
import { answered, type Connector, quoted, type Reply, refused } from './connector.ts';
import { isJson, objectMembers, stringOf } from './json-slices.ts';
import type { LambdaPort } from './lambda-port.ts';

type LambdaConfig = NonNullable<ConnectorsConfig['lambda']>;

/** Eight times what a rule can emit: room for answers of which it takes a part. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** `arn:aws:lambda:eu-west-1:123456789012:function:name:version`; the short forms of the API end the same. */
const FUNCTION_ARN =
  /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)([A-Za-z0-9_-]{1,140})(?::[A-Za-z0-9_$-]+)?$/;

export function lambdaConnector(config: LambdaConfig, aws: AwsOptions): Connector {
  const port: LazyPort<LambdaPort> = lazyPort(
    () => import('./lambda-port.ts'),
    ({ openLambdaPort }) => openLambdaPort(aws),
  );
  const declared = new Set(config.functions);
  return {
    function: 'aws_lambda',
    timeoutMs: config.timeoutMs,
    concurrency: config.concurrency,
    cacheMs: config.cacheSeconds * 1000,
    question([first, input]) {
      const name = stringOf(first);
      if (name === null || input === undefined) return refused('It takes the ARN of a function, and its input.');
      if (!isDeclared(name, declared)) {
        return refused(`${quoted(name)} is not declared. Write it under \`connectors.lambda.functions\`.`);
      }
      const resource = `The Lambda function ${quoted(name)}`;
      return { resource, ask: (signal) => invoke(port, resource, name, input, signal) };
    },
    close: () => port.close(),
  };
}

/** A declared name admits its ARNs, because rules from an account write ARNs. */
function isDeclared(name: string, declared: ReadonlySet<string>): boolean {
  if (declared.has(name)) return true;
  const short = FUNCTION_ARN.exec(name)?.[1];
  return short !== undefined && declared.has(short);
}

async function invoke(
  port: LazyPort<LambdaPort>,
  resource: string,
  name: string,
  input: string,
  signal: AbortSignal,
): Promise<Reply> {
  try {
    const lambda = await port.get();
    const { payload, error } = await lambda.invoke(name, Buffer.from(input), signal);
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
    if (error !== null) return refused(`${resource} failed: ${failureIn(text) ?? error}. Look at its log.`);
    if (payload.length > ANSWER_BYTES_MAX) {
      return refused(`${resource} answered ${payload.length} bytes; at most ${ANSWER_BYTES_MAX} are taken.`);
    }
    if (!isJson(text)) return refused(`${resource} answered something that is not JSON. It must return JSON.`);
    return answered(text);
  } catch (error) {
    return awsFailure(error, resource, 'lambda:InvokeFunction', 'connectors.lambda');
  }
}

/** `errorType: errorMessage` of what the runtime says about a function that threw. */
function failureIn(text: string): string | null {
  const members = isJson(text) ? objectMembers(text) : null;
  const said = ['errorType', 'errorMessage'].flatMap((key) => stringOf(members?.get(key)) ?? []);
  return said.length === 0 ? null : said.join(': ').slice(0, 300);
}
