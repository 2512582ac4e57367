/** Findings about a text, moved to where that text stands in its file: a JSON string has escapes, a block of YAML an indent. */
import { isScalar } from 'yaml';
import type { Finding } from '../errors.ts';
import { findingAt, type Path, scalarStart, type YamlSource } from '../yaml-document.ts';

/** `findings` count lines and columns within `text`, from 1. */
export function placeTextFindings(
  findings: readonly Finding[],
  source: YamlSource,
  path: Path,
  text: string,
): readonly Finding[] {
  const node = source.document.getIn(path, true);
  const start = scalarStart(source, path);
  const range = isScalar(node) ? node.range : null;
  const raw = range ? source.text.slice(range[0], range[1]) : '';
  const isAsWritten = isScalar(node) && node.value === text;
  return findings.map((finding) => {
    const moved = {
      ...findingAt(source, path, finding.code, finding.message, finding.severity),
      ...excerptOf(finding),
    };
    if (!isAsWritten) return moved;
    if (node.type === 'BLOCK_LITERAL') {
      return { ...moved, line: start.line + finding.line - 1, column: start.column + finding.column - 1 };
    }
    if (raw.includes('\n')) return moved;
    return { ...moved, line: start.line, column: start.column + rawLength(raw, offsetOf(text, finding)) };
  });
}

function excerptOf({ excerpt }: Finding): { readonly excerpt?: string } {
  return excerpt === undefined ? {} : { excerpt };
}

function offsetOf(text: string, { line, column }: Finding): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
}

/** How many characters of a scalar on one line spell the first `count` of its value. */
function rawLength(raw: string, count: number): number {
  const quote = raw[0];
  if (quote !== '"' && quote !== "'") return count;
  let at = 1;
  for (let index = 0; index < count && at < raw.length - 1; index++) {
    if (quote === '"' && raw[at] === '\\') at += { u: 6, x: 4 }[raw[at + 1] ?? ''] ?? 2;
    else at += quote === "'" && raw[at] === "'" ? 2 : 1;
  }
  return at - 1;
}
