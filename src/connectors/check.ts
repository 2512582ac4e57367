/** What the schema cannot see of the `connectors:` section: a region that is missing, names given twice, files that are not there. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AwsOptions } from '../aws/options.ts';
import { asError } from '../errors.ts';
import type { ConnectorsConfig } from './config.ts';
import { targetOf } from './connector.ts';
import { type ConnectorProblem, loadDescriptors } from './descriptors.ts';
import { SECRET_BYTES_MAX } from './secret.ts';

export interface ConnectorsCheck {
  /** The `aws:` section; null when there is none. */
  readonly aws: AwsOptions | null;
  /** False while that section has mistakes: then its absence is not worth a problem of its own. */
  readonly isAwsKnown: boolean;
  /** Folder of the configuration file. */
  readonly baseDir: string;
}

/** Reads files' sizes; no secret is read. */
export function checkConnectors(config: ConnectorsConfig, given: ConnectorsCheck): readonly ConnectorProblem[] {
  const models = config.machineLearning?.models ?? [];
  return [
    ...checkRegions(config, given),
    ...checkSecrets(config.secrets ?? [], given.baseDir),
    ...duplicates(models, ['connectors', 'machineLearning', 'models'], 'model'),
    ...loadDescriptors(config.descriptors, given.baseDir).problems,
  ];
}

function checkRegions(config: ConnectorsConfig, { aws, isAwsKnown }: ConnectorsCheck): readonly ConnectorProblem[] {
  if (!isAwsKnown) return [];
  return (['lambda', 'dynamodb', 'registry'] as const).flatMap((name) => {
    const section = config[name];
    if (section === undefined || targetOf(section.aws, aws) !== null) return [];
    const message = `The ${name} connector needs a region. Write aws: { region: … } in the configuration.`;
    return [{ path: ['connectors', name], code: 'CONFIG_REFERENCE_UNKNOWN', message }];
  });
}

function checkSecrets(secrets: NonNullable<ConnectorsConfig['secrets']>, baseDir: string): readonly ConnectorProblem[] {
  const root = ['connectors', 'secrets'];
  const files = secrets.flatMap(({ file }, index): ConnectorProblem[] => {
    const why = whyUnusable(resolve(baseDir, file));
    if (why === null) return [];
    const message = `The secret file ${file} cannot be used: ${why}. Paths are relative to the configuration file.`;
    return [{ path: [...root, index, 'file'], code: 'CONFIG_FILE_UNREADABLE', message }];
  });
  return [...files, ...duplicates(secrets, root, 'secret')];
}

function whyUnusable(file: string): string | null {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return 'it is not a file';
    return stats.size > SECRET_BYTES_MAX ? `it is larger than ${SECRET_BYTES_MAX} bytes` : null;
  } catch (error) {
    return asError(error).message;
  }
}

function duplicates(
  items: readonly { readonly id: string }[],
  root: readonly (string | number)[],
  what: string,
): readonly ConnectorProblem[] {
  return items.flatMap(({ id }, index): ConnectorProblem[] => {
    if (items.findIndex((item) => item.id === id) === index) return [];
    const message = `The ${what} ${id} stands here twice. Remove one.`;
    return [{ path: [...root, index, 'id'], code: 'CONFIG_DUPLICATE', message }];
  });
}
