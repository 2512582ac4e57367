/**
 * Regular expressions, with RE2's guarantee: time grows with the length of the text, never exponentially. Patterns may come from
 * payloads, and a backtracking engine would let one message stop a lane.
 */
import { RE2JS } from 're2js';
import { textOf } from '../convert.ts';
import { TEXT_CHARACTERS_MAX } from '../size.ts';
import type { Value } from '../value.ts';
import { dynamic, type EvaluateCall, type FunctionSpec } from './spec.ts';

/** Compiled patterns that are kept, for patterns that messages bring; the oldest goes first. */
const PATTERNS_MAX = 200;
/** A longer one is no pattern but an attack on the compiler. Undefined, as an invalid one. */
const PATTERN_CHARACTERS_MAX = 10_000;

/** Replacements as java.util.regex reads them, because AWS does: `$0` is the match, a backslash makes the next character an ordinary one. */
const JAVA_REPLACEMENT = true;

export const regexFunctions: readonly FunctionSpec[] = [
  {
    name: 'regexp_matches',
    category: 'string',
    summary: 'Whether the text contains a match. Undefined for an invalid pattern.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'pattern' }],
    pure: true,
    examples: [
      { sql: "regexp_matches('aaaa', 'a{2,}')", result: 'true' },
      { sql: "regexp_matches('aaaa', 'b')", result: 'false' },
    ],
    ...withPattern((pattern, text) => pattern.test(text)),
  },
  {
    name: 'regexp_replace',
    category: 'string',
    summary: 'The text with all matches replaced; `$1` stands for the first group.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'pattern' }, { name: 'replacement' }],
    pure: true,
    examples: [
      { sql: "regexp_replace('abcd', 'bc', 'x')", result: '"axd"' },
      { sql: "regexp_replace('abcd', 'b(.*)d', '$1')", result: '"ac"' },
    ],
    ...withPattern((pattern, text, parameters) => {
      const replacement = textOf(parameters[2]);
      if (replacement === undefined) return undefined;
      if (!isBounded(pattern, text, replacement)) return undefined;
      try {
        return pattern.matcher(text).replaceAll(replacement, JAVA_REPLACEMENT);
      } catch {
        // A group that the pattern does not have, a `$` or a backslash by itself: AWS says Undefined for an invalid replacement.
        return undefined;
      }
    }),
  },
  {
    name: 'regexp_substr',
    category: 'string',
    summary: 'The first match; Undefined when there is none.',
    since: '2015-10-08',
    params: [{ name: 'text' }, { name: 'pattern' }],
    pure: true,
    examples: [
      { sql: "regexp_substr('hihihello', 'hi')", result: '"hi"' },
      { sql: "regexp_substr('hihihello', '(hi)*')", result: '"hihi"' },
    ],
    ...withPattern((pattern, text) => {
      const matcher = pattern.matcher(text);
      return matcher.find() ? (matcher.group() ?? undefined) : undefined;
    }),
  },
];

/**
 * Whether the result cannot be longer than texts may be: each match brings the replacement's characters, and each reference in the
 * replacement, two characters at least, brings no more than the text over all matches.
 */
function isBounded(pattern: RE2JS, text: string, replacement: string): boolean {
  const referenced = (text.length * replacement.length) / 2;
  if (text.length + (text.length + 1) * replacement.length + referenced <= TEXT_CHARACTERS_MAX) return true;
  const matcher = pattern.matcher(text);
  let matches = 0;
  while (matcher.find()) matches++;
  const references = replacement.split('$').length - 1;
  return text.length * (references + 1) + matches * replacement.length <= TEXT_CHARACTERS_MAX;
}

type Use = (pattern: RE2JS, text: string, parameters: readonly Value[]) => Value;

/** A function whose second parameter is a pattern: compiled once when it is constant, else looked up. */
function withPattern(use: Use): Pick<FunctionSpec, 'complain' | 'evaluate' | 'prepare'> {
  const apply = (pattern: RE2JS | undefined, parameters: readonly Value[]): Value => {
    const text = textOf(parameters[0]);
    return text === undefined || pattern === undefined ? undefined : use(pattern, text, parameters);
  };
  return {
    complain: ([, constant]) =>
      constant === dynamic || compile(textOf(constant)) !== undefined
        ? null
        : 'This is not a regular expression of RE2, which has no look-around, back-references and possessive quantifiers.',
    evaluate: (parameters) => apply(patternOf(parameters[1]), parameters),
    prepare: ([, constant]): EvaluateCall | null => {
      if (constant === dynamic) return null;
      const pattern = compile(textOf(constant));
      return (parameters) => apply(pattern, parameters);
    },
  };
}

const cache = new Map<string, RE2JS | undefined>();

function patternOf(value: Value): RE2JS | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const known = cache.get(text);
  if (known !== undefined || cache.has(text)) return known;
  const pattern = compile(text);
  if (cache.size >= PATTERNS_MAX) cache.delete(cache.keys().next().value ?? '');
  cache.set(text, pattern);
  return pattern;
}

function compile(text: string | undefined): RE2JS | undefined {
  if (text === undefined || text.length > PATTERN_CHARACTERS_MAX) return undefined;
  try {
    return RE2JS.compile(text);
  } catch {
    // Invalid: AWS says Undefined.
    return undefined;
  }
}
