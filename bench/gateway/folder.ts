/** Writes a gateway's configuration, rules and schema into a folder, as an operator would. JSON is YAML too. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleSql, SCHEMA_NAME, schemaText } from './rule.ts';

/** Objects are closed after this long, so that a run ends soon after its load. */
const OBJECT_SECONDS = 3;

export interface GatewayFolder {
  readonly config: string;
  readonly lake: string;
}

export interface GatewayFolderOptions {
  readonly port: number;
  readonly adminPort: number;
  /** What the rule that matches does; null = no rule matches the bench's topics. */
  readonly action: 'file' | 'stdout' | null;
  /** Rules on topics that nobody publishes to. */
  readonly otherRules: number;
}

export function writeGatewayFolder(directory: string, options: GatewayFolderOptions): GatewayFolder {
  const write = (name: string, value: unknown) => {
    const path = join(directory, name);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
    return path;
  };
  mkdirSync(join(directory, 'rules'), { recursive: true });
  mkdirSync(join(directory, 'schemas'), { recursive: true });
  write(`schemas/${SCHEMA_NAME}.avsc`, schemaText);
  const others = Array.from({ length: options.otherRules }, (_, index) =>
    rule(`other_${index}`, ruleSql(`plant/oven-${index}/+/telemetry`), 'file', `other/${index}`),
  );
  const matching = options.action === null ? [] : [rule('bench', ruleSql(), options.action, 'telemetry')];
  write('rules/rules.yaml', [...others, ...matching]);
  const config = write('headgate.yaml', {
    gateway: { id: 'bench', dataDir: './data' },
    listeners: [{ type: 'tcp', host: '127.0.0.1', port: options.port }],
    auth: { anonymous: true },
    journal: { durability: 'fsync' },
    rules: ['./rules/*.yaml'],
    schemas: ['./schemas/*.avsc'],
    lake: { dir: './lake' },
    admin: { host: '127.0.0.1', port: options.adminPort },
    log: { level: 'warn' },
  });
  return { config, lake: join(directory, 'lake') };
}

function rule(ruleName: string, sql: string, action: 'file' | 'stdout', path: string): unknown {
  const file = {
    file: { path },
    delivery: {
      format: 'avro-container',
      schema: SCHEMA_NAME,
      codec: 'deflate',
      batch: { seconds: OBJECT_SECONDS },
    },
  };
  const actions = [action === 'file' ? file : { stdout: {} }];
  return { ruleName, sql, awsIotSqlVersion: '2016-03-23', actions };
}
