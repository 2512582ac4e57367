/**
 * An S3 key out of a template: byte for byte what AWS makes, but for what no client and no listing (which is XML 1.0) can carry.
 * Control characters, lone surrogates and U+FFFE, U+FFFF in values are percent-encoded, and so are the dots of a level `.` or `..`
 * that a value takes part in.
 */
import { percentEncode } from './percent-encode.ts';
import { segmentsOf } from './segments.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const ESCAPED = /[\u0000-\u001f\u007f\p{Cs}\uFFFE\uFFFF]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const SUSPECT = /[\u0000-\u001f\u007f\ud800-\udfff\ufffe\uffff]|(?:^|\/)\.{1,2}(?:\/|$)/;

/** `text` is `pieces` joined: literal text and inserted values by turns, a literal first. */
export function composeKey(text: string, pieces: readonly string[]): string {
  if (!SUSPECT.test(text)) return text;
  return segmentsOf(pieces, (value) => percentEncode(value, ESCAPED))
    .map(({ text: level, isInserted }) =>
      isInserted && (level === '.' || level === '..') ? level.replaceAll('.', '%2E') : level,
    )
    .join('/');
}
