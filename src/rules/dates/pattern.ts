/** Date patterns, as both dialects (Joda-Time, Java's DateTimeFormatter) write them: runs of one letter, and literal text. */

export type PatternPart =
  | { readonly kind: 'field'; readonly letter: string; readonly count: number }
  | { readonly kind: 'literal'; readonly text: string }
  /** `[…]`, in Java's dialect: what may be absent. */
  | { readonly kind: 'optional'; readonly parts: readonly PatternPart[] };

/** A longer pattern is none. */
const PATTERN_CHARACTERS_MAX = 200;
const OPTIONAL_DEPTH_MAX = 5;

/** null for an invalid pattern. Text stands in single quotes, a quote itself is doubled. */
export function parsePattern(pattern: string, hasOptionals: boolean): readonly PatternPart[] | null {
  if (pattern.length > PATTERN_CHARACTERS_MAX) return null;
  const stack: PatternPart[][] = [[]];
  let position = 0;
  while (position < pattern.length) {
    const parts = stack.at(-1) ?? [];
    const rest = pattern.slice(position);
    const run = /^([A-Za-z])\1*/.exec(rest)?.[0];
    const quoted = /^'(?:[^']|'')*'/.exec(rest)?.[0];
    if (run !== undefined) {
      parts.push({ kind: 'field', letter: run.charAt(0), count: run.length });
      position += run.length;
    } else if (quoted !== undefined) {
      parts.push({ kind: 'literal', text: quoted === "''" ? "'" : quoted.slice(1, -1).replaceAll("''", "'") });
      position += quoted.length;
    } else {
      const character = rest.charAt(0);
      if (character === "'") return null;
      if (hasOptionals && character === '[') {
        if (stack.length > OPTIONAL_DEPTH_MAX) return null;
        stack.push([]);
      } else if (hasOptionals && character === ']') {
        const inner = stack.pop() ?? [];
        const outer = stack.at(-1);
        if (outer === undefined) return null;
        outer.push({ kind: 'optional', parts: inner });
      } else {
        parts.push({ kind: 'literal', text: character });
      }
      position++;
    }
  }
  return stack.length === 1 ? (stack[0] ?? []) : null;
}
