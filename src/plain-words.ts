/** What a parser of YAML or a schema complains about, in words for people who write configurations rather than programs. */
import type { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

const BLOCK =
  'A text with quotes or ": " in it stands best in a block: ">-" after its key, and the text indented below.';

/** A sentence about one issue of a schema. The value is not in it: it may be a secret. */
export function plainIssue(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  if (issue.code === 'invalid_type') return plainType(issue.expected, issue.path.at(-1), message);
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  return message.endsWith('.') ? message : `${message}.`;
}

/** "0 or 1", when each branch of a union is a constant; null for other unions. */
export function plainChoice(branches: readonly (readonly z.core.$ZodIssue[])[]): string | null {
  const values = branches.map(([first, ...others]) =>
    first?.code === 'invalid_value' && first.path.length === 0 && others.length === 0 ? first.values : null,
  );
  const known = values.filter((some) => some !== null);
  return known.length === values.length ? oneOf(known.flat()) : null;
}

/** `message`: the first line of the YAML library's, without its place. */
export function plainSyntax(message: string): string {
  const sentence = message.endsWith('.') ? message : `${message}.`;
  return /at node end|Nested mappings/.test(message) ? `${sentence} ${BLOCK}` : sentence;
}

function plainType(expected: string, key: PropertyKey | undefined, message: string): string {
  const wanted = TYPES[expected] ?? expected;
  const received = /received (\w+)$/.exec(message)?.[1] ?? '';
  if (received === 'undefined') return typeof key === 'string' ? `"${key}" is missing.` : `Expected ${wanted}.`;
  const found = TYPES[received];
  return found === undefined ? `Expected ${wanted}.` : `Expected ${wanted}, found ${found}.`;
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
  const last = texts.pop() ?? 'nothing';
  return `Expected ${texts.length === 0 ? last : `${texts.join(', ')} or ${last}`}.`;
}
