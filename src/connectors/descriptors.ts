/** Protobuf descriptors from files: `decode(…, 'proto', bucket, key, …)` names an object of S3, and a file stands in for it. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError, type ErrorCode } from '../errors.ts';
import type { ConnectorsConfig } from './config.ts';

export interface Descriptor {
  readonly bucket: string;
  readonly key: string;
  /** A serialized FileDescriptorSet. */
  readonly bytes: Uint8Array;
}

/** One mistake. `path` from the root of the configuration. */
export interface ConnectorProblem {
  readonly path: readonly (string | number)[];
  readonly code: ErrorCode;
  readonly message: string;
  readonly severity?: 'error' | 'warning';
}

/** https://docs.aws.amazon.com/iot/latest/developerguide/binary-payloads.html, limitations of Protobuf decoding. */
const DESCRIPTOR_BYTES_MAX = 32 * 1024;

/** Reads all files; those that cannot be used are problems. */
export function loadDescriptors(
  config: ConnectorsConfig['descriptors'],
  baseDir: string,
): { readonly descriptors: readonly Descriptor[]; readonly problems: readonly ConnectorProblem[] } {
  const descriptors: Descriptor[] = [];
  const problems: ConnectorProblem[] = [];
  const seen = new Set<string>();
  config.forEach(({ bucket, key, file }, index) => {
    const path = ['connectors', 'descriptors', index];
    const name = JSON.stringify([bucket, key]);
    if (seen.has(name)) {
      const message = `The object ${key} of the bucket ${bucket} stands here twice. Remove one.`;
      problems.push({ path: [...path, 'key'], code: 'CONFIG_DUPLICATE', message });
      return;
    }
    seen.add(name);
    const bytes = read(resolve(baseDir, file));
    if (typeof bytes === 'string') {
      const message = `The descriptor file ${file} cannot be used: ${bytes}. Paths are relative to the configuration file.`;
      problems.push({ path: [...path, 'file'], code: 'CONFIG_FILE_UNREADABLE', message });
      return;
    }
    descriptors.push({ bucket, key, bytes });
  });
  return { descriptors, problems };
}

/** The bytes, or why not. */
function read(file: string): Uint8Array | string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return 'it is not a file';
    if (stats.size === 0) return 'it is empty';
    if (stats.size > DESCRIPTOR_BYTES_MAX) {
      return `it has ${stats.size} bytes, and at most ${DESCRIPTOR_BYTES_MAX} are allowed`;
    }
    return readFileSync(file);
  } catch (error) {
    return asError(error).message;
  }
}
