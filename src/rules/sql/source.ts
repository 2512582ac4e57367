/** Where in the SQL text something is, and how that is shown to its author. */
import { CodedError, type ErrorCode, type Finding } from '../../errors.ts';

/** A half-open range of offsets into the text. Every AST node carries one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Text of a statement or template, and where it stands in a file (its first character's line and column, from 1). */
export interface Source {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface SourceOptions {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export function sourceOf(text: string, options: SourceOptions): Source {
  return { text, file: options.file ?? 'sql', line: options.line ?? 1, column: options.column ?? 1 };
}

/** Longer source lines are cut around the caret: a finding should fit a terminal. */
const EXCERPT_COLUMNS_MAX = 160;

export function findingAt(
  source: Source,
  span: Span,
  code: ErrorCode,
  severity: Finding['severity'],
  message: string,
): Finding {
  const before = source.text.slice(0, span.start);
  const lineIndex = countLines(before);
  const lineStart = before.lastIndexOf('\n') + 1;
  const columnIndex = span.start - lineStart;
  return {
    severity,
    code,
    file: source.file,
    line: source.line + lineIndex,
    column: (lineIndex === 0 ? source.column : 1) + columnIndex,
    path: '',
    message,
    excerpt: excerptOf(source.text, lineStart, columnIndex, span.end - span.start),
  };
}

export function errorAt(source: Source, span: Span, code: ErrorCode, message: string): CodedError {
  return new CodedError(code, message, { findings: [findingAt(source, span, code, 'error', message)] });
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function excerptOf(text: string, lineStart: number, columnIndex: number, length: number): string {
  const lineEnd = text.indexOf('\n', lineStart);
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, '');
  const cut = Math.max(0, columnIndex - EXCERPT_COLUMNS_MAX / 2);
  const shown = line.slice(cut, cut + EXCERPT_COLUMNS_MAX);
  // Tabs stay tabs below the text, so that the caret stands where the terminal puts the character.
  const indent = shown
    .slice(0, columnIndex - cut)
    .replace(/[^\t]/g, ' ')
    .padEnd(columnIndex - cut, ' ');
  const width = Math.max(1, Math.min(length, shown.length - (columnIndex - cut)));
  return `${shown}\n${indent}${'^'.repeat(width)}`;
}
