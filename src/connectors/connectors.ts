/** The services behind SQL functions, as configured: one `Caller` around each connector. */
import type { AwsOptions } from '../aws/options.ts';
import { invariant } from '../errors.ts';
import type { ExternalFunctionName } from '../external-call.ts';
import type { Connectors } from '../ports.ts';
import { Caller, type CallerServices } from './caller.ts';
import type { ConnectorsConfig } from './config.ts';
import { type Connector, targetOf } from './connector.ts';
import { dynamodbConnector } from './dynamodb.ts';
import { lambdaConnector } from './lambda.ts';
import { machineLearningConnector } from './machine-learning.ts';
import { registryConnector } from './registry.ts';
import { secretConnector } from './secret.ts';
import { type Retained, shadowConnector } from './shadow.ts';

export interface ConnectorsOptions extends CallerServices {
  /** Checked by `checkConnectors`. */
  readonly config: ConnectorsConfig;
  /** The `aws:` section; null when there is none. */
  readonly aws: AwsOptions | null;
  /** Folder of the configuration file: files of secrets are relative to it. */
  readonly baseDir: string;
  readonly retained: Retained;
}

/** Opens no connection: clients are made by the first call that needs them. */
export function openConnectors(options: ConnectorsOptions): Connectors {
  const callers = new Map<ExternalFunctionName, Caller>();
  for (const connector of declared(options)) callers.set(connector.function, new Caller(connector, options));
  return {
    concurrencyOf: (name) => callers.get(name)?.concurrency ?? 1,
    async answer(call) {
      const caller = callers.get(call.function);
      if (caller !== undefined) return await caller.answer(call.parameters);
      return {
        isOk: false,
        reason: `${call.function}: it is not configured. Declare its service under \`connectors:\`.`,
      };
    },
    async close() {
      await Promise.all([...callers.values()].map((caller) => caller.close()));
    },
  };
}

function declared({ config, aws, baseDir, retained, clock }: ConnectorsOptions): readonly Connector[] {
  const { lambda, dynamodb, registry, secrets, shadows, machineLearning } = config;
  const connectors: Connector[] = [];
  if (lambda !== undefined) connectors.push(lambdaConnector(lambda, regional(lambda, aws)));
  if (dynamodb !== undefined) connectors.push(dynamodbConnector(dynamodb, regional(dynamodb, aws)));
  if (registry !== undefined) connectors.push(registryConnector(registry, regional(registry, aws)));
  if (secrets !== undefined) connectors.push(secretConnector(secrets, baseDir, clock));
  if (shadows !== undefined) connectors.push(shadowConnector(shadows, retained));
  if (machineLearning !== undefined) connectors.push(machineLearningConnector(machineLearning));
  return connectors;
}

function regional(section: { readonly aws?: ConnectorAws | undefined }, aws: AwsOptions | null): AwsOptions {
  const target = targetOf(section.aws, aws);
  invariant(target !== null, 'checkConnectors accepts an AWS connector only where its region is known.');
  return target;
}

type ConnectorAws = NonNullable<NonNullable<ConnectorsConfig['lambda']>['aws']>;
