/** Files and standard input (`-`) of the commands about rules, as YAML documents or as findings. */
import { open } from 'node:fs/promises';
import { asError, type Finding } from '../errors.ts';
import { sourceText } from '../rule-documents/source-text.ts';
import { readYaml, YAML_BYTES_MAX, type YamlSource } from '../yaml-document.ts';
import type { Host } from './host.ts';

/** UTF-16 takes two bytes for a character, UTF-8 up to three. Whatever is larger has too many characters as well. */
const BYTES_MAX = 3 * YAML_BYTES_MAX;

export interface ReadSource {
  /** As findings name it. */
  readonly file: string;
  readonly sources: readonly YamlSource[];
  readonly findings: readonly Finding[];
}

export async function readSource(file: string, host: Pick<Host, 'readBytes'>): Promise<ReadSource> {
  const shown = file === '-' ? 'stdin' : file;
  const fail = (code: Finding['code'], message: string): ReadSource => ({
    file: shown,
    sources: [],
    findings: [{ severity: 'error', code, file: shown, line: 0, column: 0, path: '', message }],
  });
  let bytes: Uint8Array;
  try {
    bytes = file === '-' ? await host.readBytes(BYTES_MAX + 1) : await readStart(file);
  } catch (thrown) {
    return fail('CONFIG_FILE_UNREADABLE', asError(thrown).message);
  }
  if (bytes.length > BYTES_MAX) return fail('CONFIG_SYNTAX', `The file has more than ${BYTES_MAX} bytes.`);
  const text = sourceText(bytes);
  if (text === null) return fail('CONFIG_SYNTAX', 'The file is neither UTF-8 nor UTF-16 text.');
  return { file: shown, ...readYaml(shown, text) };
}

/** At most one byte more than is accepted: a file may be endless. */
async function readStart(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    while (length <= BYTES_MAX) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await handle.close();
  }
}
