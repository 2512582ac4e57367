/**
 * `${env:NAME}` and `${file:/run/secrets/x}` in the strings of the configuration. What they stand for is never printed: findings
 * name the reference, not its value.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError, type Finding } from './errors.ts';
import { findingAt, type Path, type YamlSource } from './yaml-document.ts';

const REFERENCE = /\$\{(env|file):([^}]+)\}/g;
/** A secret is a key or a password, not a document. */
const SECRET_BYTES_MAX = 65_536;

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative `file:` references start here. */
  readonly baseDir: string;
}

/** A copy of `data` with every reference replaced, and a finding for each that has no value. */
export function resolveSecrets(
  source: YamlSource,
  data: unknown,
  sources: SecretSources,
): { readonly data: unknown; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string')
      return replaceReferences(value, (kind, name) => lookUp(kind, name, sources), report(path));
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
    }
    return value;
  };
  const report = (path: Path) => (why: string) => {
    findings.push(findingAt(source, path, 'CONFIG_SECRET_MISSING', why));
  };
  return { data: walk(data, []), findings };
}

function replaceReferences(
  text: string,
  value: (kind: string, name: string) => string | Error,
  report: (why: string) => void,
): string {
  return text.replace(REFERENCE, (reference, kind: string, name: string) => {
    const found = value(kind, name);
    if (typeof found === 'string') return found;
    report(found.message);
    return reference;
  });
}

function lookUp(kind: string, name: string, sources: SecretSources): string | Error {
  if (kind === 'env') {
    return (
      sources.env[name] ?? new Error(`The environment variable ${name} is not set. Set it, or write the value here.`)
    );
  }
  try {
    const bytes = readFileSync(resolve(sources.baseDir, name));
    if (bytes.length > SECRET_BYTES_MAX)
      return new Error(`The secret file ${name} is larger than ${SECRET_BYTES_MAX} bytes.`);
    return bytes.toString('utf8').replace(/\r?\n$/, '');
  } catch (error) {
    return new Error(`The secret file ${name} cannot be read: ${asError(error).message}.`);
  }
}
