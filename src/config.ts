/**
 * `headgate.yaml`: the schemas of the parts composed, and a file's text turned into a frozen configuration, or into every finding
 * at once. Reads files; opens and starts nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { z } from 'zod';
import { adminSchema } from './admin-config.ts';
import { awsSchema } from './aws/config.ts';
import { authSchema, checkListeners, listenersSchema, usersFileSchema } from './broker/config.ts';
import { checkConnectors } from './connectors/check.ts';
import { type ConnectorsConfig, configuredFunctions, connectorsSchema } from './connectors/config.ts';
import { type Descriptor, loadDescriptors } from './connectors/descriptors.ts';
import { asError, CodedError, type Finding } from './errors.ts';
import { type CheckedRule, loadRuleSet, type RuleSet, ruleSetSteps } from './rule-set.ts';
import type { RuleSetContext } from './rule-set-builder.ts';
import type { Samples } from './rules/sql/analysis/samples.ts';
import { resolveSecrets } from './secrets.ts';
import { journalSchema } from './spool/config.ts';
import { finish, finishInTurns, type Steps } from './steps.ts';
import { type WatchedFiles, watchedFiles } from './watched-files.ts';
import { findingAt, readYaml, validate, type YamlSource } from './yaml-document.ts';

const gatewaySchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'Write 1 to 64 letters, digits, "-" or "_".')
      .describe(
        'Name of this gateway. Stands in records, object names and batch ids; keep it for the life of the box.',
      ),
    dataDir: z
      .string()
      .min(1)
      .default('./data')
      .describe('Journal, outbox, dead letters and local lake. Use a local file system.'),
  })
  .describe('This gateway.');

const lanesSchema = z
  .strictObject({
    count: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe('Worker threads that evaluate rules and encode. Default: one less than the cores, at least one.'),
  })
  .describe('The worker pool.');

const lakeSchema = z
  .strictObject({
    dir: z.string().min(1).describe('Root folder of the `file` action. Default: `lake` in the data directory.'),
  })
  .describe('The local lake.');

const logSchema = z
  .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info') })
  .describe('Structured logs on standard output, one JSON object a line.');

const reloadSchema = z
  .strictObject({
    watch: z
      .boolean()
      .default(true)
      .describe('Look for changes of the files that this configuration is made of. SIGHUP has them read in any case.'),
  })
  .describe('Changed rules, schemas, connectors, AWS settings and users are taken into use while the gateway runs.');

/** The root. Each part's schema stands beside the part. */
export const configSchema = z.strictObject({
  gateway: gatewaySchema,
  listeners: listenersSchema,
  auth: authSchema,
  journal: journalSchema.prefault({}),
  rules: z.array(z.string().min(1)).default([]).describe('Rule files; `*` matches within a folder, `**` any depth.'),
  schemas: z
    .array(z.string().min(1))
    .default([])
    .describe('Avro schema files (.avsc); a schema is named by its file name without the ending.'),
  aws: awsSchema.optional(),
  connectors: connectorsSchema.prefault({}),
  admin: adminSchema.prefault({}),
  lanes: lanesSchema.prefault({}),
  lake: lakeSchema.optional(),
  log: logSchema.prefault({}),
  reload: reloadSchema.prefault({}),
});

type ConfigDocument = z.output<typeof configSchema>;

/** Everything that a gateway needs to start, validated. Paths are absolute. */
export interface Config extends Omit<ConfigDocument, 'rules' | 'schemas' | 'lake'> {
  readonly file: string;
  readonly dataDir: string;
  readonly lakeDir: string;
  readonly users: z.output<typeof usersFileSchema>;
  readonly ruleSet: RuleSet;
  readonly descriptors: readonly Descriptor[];
  readonly watched: WatchedFiles;
}

export interface LoadResult {
  /** null when any finding is an error. */
  readonly config: Config | null;
  readonly findings: readonly Finding[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `RuleSetContext` says of it. */
type LoadOptions = Pick<RuleSetContext, 'isAnalysed'>;

/** Reads a configuration and all that it names: rules, schemas, users, certificates. */
export function loadConfig(file: string, env: Environment, options: LoadOptions = {}): LoadResult {
  return finish(configSteps(file, env, options));
}

/** The same, in between what else this thread has to do. */
export function loadConfigInTurns(file: string, env: Environment, options: LoadOptions = {}): Promise<LoadResult> {
  return finishInTurns(configSteps(file, env, options));
}

function* configSteps(file: string, env: Environment, { isAnalysed }: LoadOptions): Steps<LoadResult> {
  const read = readSource(file);
  if (read.source === null) return { config: null, findings: read.findings };
  const { source } = read;
  const baseDir = dirname(resolve(file));
  const secrets = resolveSecrets(source, source.data, { env, baseDir });
  const parsed = validate(source, secrets.data ?? {}, configSchema);
  const findings: Finding[] = [...secrets.findings, ...parsed.findings];
  const document = parsed.value;
  // What is right is checked on even when the rest has mistakes, so that one run names them all.
  const parts = document === null ? salvage(secrets.data) : { ...document, isAwsKnown: true };
  const descriptors = loadDescriptors(parts.connectors?.descriptors ?? [], baseDir).descriptors;
  const context = contextOf(parts.connectors, descriptors);
  const ruleSet = yield* ruleSetSteps(source, { baseDir, ...parts, ...context, isAnalysed });
  const users = loadUsers(source, parts.auth, baseDir);
  findings.push(...ruleSet.findings, ...users.findings, ...checkFiles(source, parts.listeners, baseDir));
  findings.push(...checkAccess(source, parts.listeners, parts.auth));
  findings.push(...checkServices(source, parts, baseDir));
  if (document === null || findings.some((finding) => finding.severity === 'error')) return { config: null, findings };
  const dataDir = resolve(baseDir, document.gateway.dataDir);
  const lakeDir = document.lake === undefined ? resolve(dataDir, 'lake') : resolve(baseDir, document.lake.dir);
  const overlap = lakeOverlap(dataDir, lakeDir);
  if (overlap !== null)
    return { config: null, findings: [...findings, findingAt(source, ['lake', 'dir'], 'CONFIG_UNSAFE', overlap)] };
  const config: Config = {
    ...document,
    listeners: document.listeners.map((listener) => absolutePaths(listener, baseDir)),
    file: resolve(file),
    dataDir,
    lakeDir,
    users: users.users,
    ruleSet: ruleSet.ruleSet,
    descriptors,
    watched: watchedFiles({
      baseDir,
      files: [resolve(file), ...('users' in document.auth ? [document.auth.users] : [])],
      patterns: [...document.rules, ...document.schemas],
      ignored: [dataDir, lakeDir],
    }),
  };
  return { config: Object.freeze(config), findings };
}

/** Keys of the configuration that rules are judged by. */
const ruleKeys: ReadonlySet<string> = new Set(['rules', 'schemas', 'aws', 'connectors']);

/**
 * The rules of a configuration, or others (`rules`: patterns), judged by what it says of services and schemas. What is wrong with the
 * rest of it is left out.
 */
export function loadRules(
  file: string,
  env: Environment,
  options: {
    readonly samples?: Samples | undefined;
    readonly rules: readonly string[] | null;
    readonly inspect?: (rule: CheckedRule) => void;
  },
): ReturnType<typeof loadRuleSet> & { readonly descriptors: readonly Descriptor[] } {
  const { source, findings } = readSource(file);
  if (source === null) throw new CodedError('CONFIG_SYNTAX', `${file} cannot be used.`, { findings });
  const baseDir = dirname(resolve(file));
  const secrets = resolveSecrets(source, source.data, { env, baseDir });
  const checked = [...secrets.findings, ...validate(source, secrets.data ?? {}, configSchema).findings];
  const parts = salvage(secrets.data);
  const { descriptors } = loadDescriptors(parts.connectors?.descriptors ?? [], baseDir);
  const loaded = loadRuleSet(source, {
    baseDir,
    ...parts,
    ...contextOf(parts.connectors, descriptors),
    ...options,
    rules: options.rules ?? parts.rules,
  });
  const ofRules = checked.filter(({ path }) => ruleKeys.has(path.split('.')[0] ?? ''));
  return { ...loaded, descriptors, findings: [...ofRules, ...loaded.findings] };
}

function readSource(file: string): { readonly source: YamlSource | null; readonly findings: readonly Finding[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `The file cannot be read: ${asError(error).message}.`;
    return {
      source: null,
      findings: [{ severity: 'error', code: 'CONFIG_FILE_UNREADABLE', file, line: 0, column: 0, path: '', message }],
    };
  }
  const { sources, findings } = readYaml(file, text);
  const source = sources[0] ?? null;
  if (source === null && findings.length === 0) {
    const message = 'The file is empty. Write at least `gateway`, `listeners` and `auth`.';
    return {
      source,
      findings: [{ severity: 'error', code: 'CONFIG_SYNTAX', file, line: 1, column: 1, path: '', message }],
    };
  }
  return { source, findings };
}

type Listeners = ConfigDocument['listeners'];
type Auth = ConfigDocument['auth'];

/** The parts that are right of a document that is not, as a whole. `isAwsKnown`: `aws` is right, or is not there. */
function salvage(data: unknown) {
  const root = z.record(z.string(), z.unknown()).safeParse(data).data ?? {};
  const part = <T>(key: string, schema: z.ZodType<T>): T | undefined => schema.safeParse(root[key]).data;
  const aws = part('aws', awsSchema);
  return {
    rules: part('rules', z.array(z.string())) ?? [],
    schemas: part('schemas', z.array(z.string())) ?? [],
    connectors: part<ConnectorsConfig>('connectors', connectorsSchema.prefault({})) ?? null,
    listeners: part<Listeners>('listeners', listenersSchema) ?? [],
    auth: part<Auth>('auth', authSchema) ?? null,
    aws,
    isAwsKnown: aws !== undefined || root['aws'] === undefined,
  };
}

/** What rules are judged by, of the connectors. While those have mistakes it is unknown. */
export function contextOf(connectors: ConnectorsConfig | null, descriptors: readonly Descriptor[]) {
  if (connectors === null) return {};
  return { available: configuredFunctions(connectors), descriptors, circumstances: JSON.stringify(connectors) };
}

function checkServices(
  source: YamlSource,
  parts: {
    readonly connectors: ConnectorsConfig | null;
    readonly aws?: z.output<typeof awsSchema> | undefined;
    readonly isAwsKnown: boolean;
  },
  baseDir: string,
): readonly Finding[] {
  const { connectors, aws, isAwsKnown } = parts;
  if (connectors === null) return [];
  return checkConnectors(connectors, { aws: aws ?? null, isAwsKnown, baseDir }).map((problem) =>
    findingAt(source, problem.path, problem.code, problem.message, problem.severity ?? 'error'),
  );
}

function loadUsers(
  source: YamlSource,
  auth: Auth | null,
  baseDir: string,
): { users: Config['users']; findings: readonly Finding[] } {
  if (auth === null || !('users' in auth)) return { users: [], findings: [] };
  const path = resolve(baseDir, auth.users);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const message = `The users file ${auth.users} cannot be read: ${asError(error).message}. Create it with \`headgate passwd\` or \`headgate token\`.`;
    return { users: [], findings: [findingAt(source, ['auth', 'users'], 'CONFIG_FILE_UNREADABLE', message)] };
  }
  const { sources, findings } = readYaml(path, text);
  const users = sources[0];
  if (users === undefined) {
    const message =
      'The users file is empty: nobody could connect. Add an entry made by `headgate passwd` or `headgate token`.';
    return {
      users: [],
      findings: findings.length > 0 ? findings : [findingAt(source, ['auth', 'users'], 'CONFIG_UNSAFE', message)],
    };
  }
  const parsed = validate(users, users.data, usersFileSchema);
  const entries = parsed.value ?? [];
  return { users: entries, findings: [...findings, ...parsed.findings, ...checkClientIds(users, entries)] };
}

/** A client id is what the client says it is: `%c` keeps users apart only where their client ids are theirs alone. */
function checkClientIds(source: YamlSource, users: Config['users']): readonly Finding[] {
  return users.flatMap(({ clientId, publish, subscribe }, index) => {
    if (clientId !== undefined || ![...publish, ...subscribe].some((filter) => filter.includes('%c'))) return [];
    const message =
      'Filters with `%c` and any client id: this user may take the client id of another device and its topics. Write `clientId`, such as "%u-*", or use `%u` in the filters.';
    return [findingAt(source, [index], 'CONFIG_UNSAFE', message, 'warning')];
  });
}

/** The gateway empties and frees what is its own at every start; and a path rendered from a payload must not reach it. */
function lakeOverlap(dataDir: string, lakeDir: string): string | null {
  const own = ['spool', 'objects', 'schemas'].map((name) => resolve(dataDir, name));
  const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}${sep}`);
  if (!own.some((folder) => isWithin(lakeDir, folder) || isWithin(folder, lakeDir))) return null;
  return `The lake ${lakeDir} and the gateway's own folders in ${dataDir} would stand in each other. Write a folder of its own, such as the default, \`lake\` in the data directory.`;
}

const LISTENER_FILES = ['cert', 'key', 'clientCa'] as const;

function checkFiles(source: YamlSource, listeners: Listeners, baseDir: string): readonly Finding[] {
  return listeners.flatMap((listener, index) =>
    LISTENER_FILES.flatMap((key) => {
      const file = (listener as Readonly<Record<string, unknown>>)[key];
      if (typeof file !== 'string' || existsSync(resolve(baseDir, file))) return [];
      const message = `The file ${file} does not exist. Paths are relative to the configuration file.`;
      return [findingAt(source, ['listeners', index, key], 'CONFIG_FILE_UNREADABLE', message)];
    }),
  );
}

function checkAccess(source: YamlSource, listeners: Listeners, auth: Auth | null): readonly Finding[] {
  if (auth === null) return [];
  return checkListeners(listeners, auth).map((problem) =>
    findingAt(source, problem.path, problem.code, problem.message),
  );
}

function absolutePaths<L extends object>(listener: L, baseDir: string): L {
  const entries = Object.entries(listener).map(([key, value]) => [
    key,
    (LISTENER_FILES as readonly string[]).includes(key) && typeof value === 'string' ? resolve(baseDir, value) : value,
  ]);
  return Object.fromEntries(entries) as L;
}
