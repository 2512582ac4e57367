/**
 * Valid JSON taken apart without reading its values: every piece keeps the digits and the spelling that it came with.
 */
import { decodeJson } from '../json.ts';

/** Whether `text` is JSON, and not deeper than rules can take. */
export function isJson(text: string): boolean {
  const bytes = Buffer.from(text);
  return decodeJson(bytes, 0, bytes.length, false).status === 'json';
}

/** The texts of an array's elements; null when it is none. */
export function arrayItems(text: string): readonly string[] | null {
  return text.trimStart().startsWith('[') ? pieces(text) : null;
}

/** The texts of an object's members, in their order, of duplicate keys the last; null when it is none. */
export function objectMembers(text: string): ReadonlyMap<string, string> | null {
  if (!text.trimStart().startsWith('{')) return null;
  const members = new Map<string, string>();
  for (const piece of pieces(text)) {
    const end = stringEnd(piece, 0);
    members.set(JSON.parse(piece.slice(0, end)) as string, piece.slice(piece.indexOf(':', end) + 1).trim());
  }
  return members;
}

/** The value of a JSON string; null when it is none. */
export function stringOf(text: string | undefined): string | null {
  return text?.startsWith('"') === true ? (JSON.parse(text) as string) : null;
}

/** What stands between the outermost brackets, cut at its commas. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  const cut = (end: number, next: number) => {
    const piece = text.slice(start, end).trim();
    if (piece !== '') found.push(piece);
    start = next;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      i = stringEnd(text, i) - 1;
    } else if (character === '[' || character === '{') {
      if (++depth === 1) start = i + 1;
    } else if (character === ']' || character === '}') {
      if (--depth === 0) cut(i, text.length);
    } else if (character === ',' && depth === 1) {
      cut(i, i + 1);
    }
  }
  return found;
}

/** Past the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i];
    if (character === '"') return i + 1;
    if (character === '\\') i++;
  }
  return text.length;
}
