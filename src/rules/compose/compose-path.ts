/**
 * A folder of the local lake out of a template. Whatever a message inserts, the folder lies below the root, can be created, and
 * different values give different folders:
 *
 * - `%`, backslashes, control characters, lone surrogates and U+FFFE, U+FFFF in values are percent-encoded;
 * - slashes in values make folders; of the folder names that a value takes part in, an empty one becomes `_`, and `_`, `.` and `..`
 *   are percent-encoded, and so is the dot of one that ends as the lake's files do: it could be the name of a file;
 * - a name of more than 255 bytes, and the end of a path of more than 1,024, is cut, and a checksum of the whole put after `%~`,
 *   which no value can insert.
 *
 * What the author wrote stays as it is; `pathDoubts` judges that when the rule is checked.
 */
import { createHash } from 'node:crypto';
import { percentEncode } from './percent-encode.ts';
import { segmentsOf } from './segments.ts';

/** NAME_MAX of Linux file systems; the whole path stays well below PATH_MAX (4,096). */
const SEGMENT_BYTES_MAX = 255;
const PATH_BYTES_MAX = 1024;
const CHECKSUM_DIGITS = 32;
const CHECKSUM_BYTES = 2 + CHECKSUM_DIGITS;

const ESCAPED = /[%\\\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu;
/** The ends of the lake's files, and what is put in their place. */
const FILE_END = /\.(?=(?:avro|jsonl|gz|partial)$)/;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/** `text` is `pieces` joined. */
export function composePath(text: string, pieces: readonly string[]): string {
  if (isPlain(text)) return text;
  const names = segmentsOf(pieces, (value) => percentEncode(value, ESCAPED)).map((segment) =>
    cutName(segment.isInserted ? soundName(segment.text) : segment.text),
  );
  return cutPath(names);
}

/** Whether nothing has to be done, as for most messages: looked at in one pass, at a fraction of what taking it apart costs. */
function isPlain(text: string): boolean {
  if (text.length > PATH_BYTES_MAX) return false;
  let start = 0;
  let lastDot = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? SLASH : text.charCodeAt(i);
    if (code === SLASH) {
      if (!isPlainName(text, start, i, lastDot)) return false;
      start = i + 1;
    } else if (code === DOT) lastDot = i;
    else if (code < 0x20 || code > 0x7e || code === PERCENT || code === BACKSLASH) return false;
  }
  return true;
}

function isPlainName(text: string, start: number, end: number, lastDot: number): boolean {
  if (end === start || end - start > SEGMENT_BYTES_MAX) return false;
  const first = text.charCodeAt(start);
  if (first === DOT || first === UNDERSCORE) return false;
  return lastDot < start || !FILE_END.test(text.slice(start, end));
}

function soundName(text: string): string {
  switch (text) {
    case '':
      return '_';
    case '_':
      return '%5F';
    case '.':
      return '%2E';
    case '..':
      return '%2E%2E';
    default:
      return text.replace(FILE_END, '%2E');
  }
}

function cutName(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= SEGMENT_BYTES_MAX) return name;
  let end = SEGMENT_BYTES_MAX - CHECKSUM_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end).replace(/%.?$/, '')}${checksum(name)}`;
}

function cutPath(names: readonly string[]): string {
  const path = names.join('/');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const kept: string[] = [];
  let room = PATH_BYTES_MAX - CHECKSUM_BYTES;
  for (const name of names) {
    room -= Buffer.byteLength(name) + 1;
    if (room < 0) break;
    kept.push(name);
  }
  return [...kept, checksum(path)].join('/');
}

function checksum(text: string): string {
  return `%~${createHash('sha256').update(text).digest('hex').slice(0, CHECKSUM_DIGITS)}`;
}

/** Why the author's part of a path cannot be; null when it can. `literals`: what stands around the templates. */
export function pathDoubt(literals: readonly string[]): string | null {
  const text = literals.join('');
  if (text.includes('\\')) return 'A backslash cannot stand in a path of the lake. Write / between folders.';
  if (/\p{Cc}/u.test(text)) return 'A control character cannot stand in a path of the lake.';
  if (literals[0]?.startsWith('/') === true) return 'Write a path relative to the root of the lake, without / first.';
  const own = segmentsOf(withHoles(literals), String).filter(({ isInserted }) => !isInserted);
  for (const { text: name } of own) {
    if (name === '') return 'Two slashes follow one another, and a folder has to have a name.';
    if (name === '.' || name === '..') return `A path of the lake has no folder "${name}".`;
    if (Buffer.byteLength(name) > SEGMENT_BYTES_MAX)
      return `The name of a folder has at most ${SEGMENT_BYTES_MAX} bytes.`;
  }
  return null;
}

function withHoles(literals: readonly string[]): readonly string[] {
  return literals.flatMap((literal, index) => (index === 0 ? [literal] : ['', literal]));
}
