/**
 * A topic out of a template: as it is rendered; the broker that it goes to judges wildcards and length. But a value cannot open a
 * reserved tree (`$SYS`, `$aws/things/…`) that the author has not named.
 */
import { CodedError } from '../../errors.ts';

/** First levels that mean something to a broker. */
const RESERVED = new Set(['$SYS', '$aws', '$share']);

/** `text` is `pieces` joined: literal text and inserted values by turns, a literal first. Throws MESSAGE_TEMPLATE_INVALID. */
export function composeTopic(text: string, pieces: readonly string[]): string {
  if (!text.startsWith('$')) return text;
  const [literal = ''] = pieces;
  const isFirstLevelLiteral = pieces.length === 1 || literal.includes('/');
  if (isFirstLevelLiteral) return text;
  const [level = ''] = text.split('/', 1);
  if (literal.startsWith('$') && !RESERVED.has(level)) return text;
  const why = `"${text.slice(0, 80)}" is a reserved topic, and the template does not begin with "${level}/".`;
  throw new CodedError('MESSAGE_TEMPLATE_INVALID', why);
}
