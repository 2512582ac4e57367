/**
 * YAML text against a zod schema: the value, or every finding at once, each at its line and column. Positions come from the YAML
 * nodes, so that a mistake three levels deep is named where it stands. Values are never printed: they may be secrets.
 */
import { Composer, type CST, type Document, isMap, isScalar, isSeq, LineCounter, type Node, Parser, visit } from 'yaml';
import { z } from 'zod';
import type { ErrorCode, Finding } from './errors.ts';
import { nearest } from './nearest.ts';
import { plainChoice, plainIssue, plainSyntax } from './plain-words.ts';

/** A configuration larger than this is a mistake or an attack. */
export const YAML_BYTES_MAX = 1_048_576;
/** Aliases expand; more than this of one anchor is a bomb. */
const ALIAS_COUNT_MAX = 100;
/** In a document. The time to resolve them grows with their square and the document's length. */
const ALIASES_MAX = 256;
/** Collections within each other. The composer recurses: some thousands overflow the stack, and at worst end the process. */
const NESTING_MAX = 100;

export interface YamlSource {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly text: string;
  /** Every value as plain data, with string scalars as they were written. */
  readonly data: unknown;
}

export type Path = readonly PropertyKey[];

/** All documents of a file, or the syntax errors. */
export function readYaml(
  file: string,
  text: string,
  charactersMax = YAML_BYTES_MAX,
): { readonly sources: readonly YamlSource[]; readonly findings: readonly Finding[] } {
  if (text.length > charactersMax) {
    const message = `The file has ${text.length} characters; at most ${charactersMax} are read.`;
    return {
      sources: [],
      findings: [{ severity: 'error', code: 'CONFIG_SYNTAX', file, line: 0, column: 0, path: '', message }],
    };
  }
  const lines = new LineCounter();
  const findings: Finding[] = [];
  const sources: YamlSource[] = [];
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = deepToken(tokens);
  if (tooDeep !== null) {
    const { line, col } = lines.linePos(tooDeep.offset);
    const message = `Collections nest here more than ${NESTING_MAX} deep; so much is not read.`;
    findings.push({ severity: 'error', code: 'CONFIG_SYNTAX', file, line, column: col, path: '', message });
    return { sources, findings };
  }
  for (const document of new Composer({ uniqueKeys: true, strict: true }).compose(tokens)) {
    let lastLine = 0;
    for (const error of document.errors) {
      const place = lines.linePos(error.pos[0]);
      // What else seems wrong with the same line mostly follows from the first.
      if (place.line === lastLine) continue;
      lastLine = place.line;
      const message = plainSyntax(`${error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')}`);
      findings.push({
        severity: 'error',
        code: 'CONFIG_SYNTAX',
        file,
        line: place.line,
        column: place.col,
        path: '',
        message,
      });
    }
    if (document.errors.length > 0) continue;
    try {
      refuseAliases(document);
      sources.push({ file, document, lines, text, data: document.toJS({ maxAliasCount: ALIAS_COUNT_MAX }) as unknown });
    } catch (error) {
      findings.push({
        severity: 'error',
        code: 'CONFIG_SYNTAX',
        file,
        line: 1,
        column: 1,
        path: '',
        message: String(error),
      });
    }
  }
  return { sources, findings };
}

/** The first collection that nests deeper than NESTING_MAX, found without recursion; null = none. */
function deepToken(roots: readonly CST.Token[]): CST.Token | null {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = roots.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (token.type === 'document' && token.value !== undefined) waiting.push({ token: token.value, depth: 1 });
    if (!('items' in token)) continue;
    if (depth > NESTING_MAX) return token;
    for (const { key, value } of token.items) {
      if (key) waiting.push({ token: key, depth: depth + 1 });
      if (value) waiting.push({ token: value, depth: depth + 1 });
    }
  }
  return null;
}

/** @throws if there are too many aliases, or one stands inside of what it repeats: such a value has no end. */
function refuseAliases(document: Document.Parsed): void {
  let count = 0;
  visit(document, {
    Alias(_key, alias, ancestors) {
      if (++count > ALIASES_MAX) throw new Error(`The document has more than ${ALIASES_MAX} aliases.`);
      if (ancestors.some((node) => (isMap(node) || isSeq(node)) && node.anchor === alias.source))
        throw new Error(`The alias *${alias.source} stands inside of what it repeats.`);
    },
  });
}

/** The value under `at`, parsed by `schema`; findings name places below `at`. */
export function validate<T>(
  source: YamlSource,
  data: unknown,
  schema: z.ZodType<T>,
  options: { readonly at?: Path; readonly code?: ErrorCode } = {},
): { readonly value: T | null; readonly findings: readonly Finding[] } {
  const parsed = schema.safeParse(data);
  if (parsed.success) return { value: parsed.data, findings: [] };
  const at = options.at ?? [];
  const code = options.code ?? 'CONFIG_VALUE_INVALID';
  const findings = parsed.error.issues.flatMap((issue) => issueFindings(source, issue, at, code, schema));
  return { value: null, findings };
}

/** A finding at a path of the document; the nearest existing node above it gives the place. */
export function findingAt(
  source: YamlSource,
  path: Path,
  code: ErrorCode,
  message: string,
  severity: Finding['severity'] = 'error',
): Finding {
  const { line, column } = placeOf(source, path, code === 'CONFIG_KEY_UNKNOWN');
  return { severity, code, file: source.file, line, column, path: path.map(String).join('.'), message };
}

/** Where the text of a scalar begins, for parsers that count lines inside it. */
export function scalarStart(source: YamlSource, path: Path): { readonly line: number; readonly column: number } {
  const node = source.document.getIn(path, true);
  const place = placeOf(source, path);
  if (!isScalar(node)) return place;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')
    return { line: place.line, column: place.column + 1 };
  if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    const body = source.text.slice(source.text.indexOf('\n', node.range?.[0] ?? 0) + 1);
    return { line: place.line + 1, column: (/^ */.exec(body)?.[0].length ?? 0) + 1 };
  }
  return place;
}

function issueFindings(
  source: YamlSource,
  issue: z.core.$ZodIssue,
  at: Path,
  code: ErrorCode,
  schema: z.ZodType,
): Finding[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      // Some other kind of the same thing knows the key; naming all their keys would mislead.
      const isElsewhere = known.includes(key);
      const guess = nearest(key, known);
      const hint = guess === null ? `Known keys here: ${known.join(', ') || 'none'}.` : `Did you mean "${guess}"?`;
      const why = isElsewhere
        ? `The key "${key}" does not apply to this kind.`
        : `The key "${key}" is not known here. ${hint}`;
      return findingAt(source, [...path, key], 'CONFIG_KEY_UNKNOWN', why);
    });
  }
  if (issue.code === 'invalid_union') {
    const choice = plainChoice(issue.errors);
    if (choice !== null) return [findingAt(source, path, code, choice)];
    // The branch that got furthest says most: the one with the deepest or the fewest issues.
    const branches = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length);
    const best = branches[0];
    if (best !== undefined && best.length > 0)
      return best.flatMap((inner) => issueFindings(source, inner, path, code, z.unknown()));
  }
  return [findingAt(source, path, code, plainIssue(issue))];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

function placeOf(
  source: YamlSource,
  path: Path,
  isKeyMeant = false,
): { readonly line: number; readonly column: number } {
  let node: Node | null = source.document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      const isLast = index === path.length - 1;
      const key = pair.key as Node;
      node = (pair.value as Node | null) ?? null;
      offset = (isLast && isKeyMeant ? key : (node ?? key)).range?.[0] ?? offset;
    } else if (isSeq(node)) {
      node = (node.items[Number(step)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  const place = source.lines.linePos(offset);
  return { line: place.line, column: place.col };
}

/** The keys that the schema allows at a path, for "did you mean". */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  interface Json {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly items?: Json;
    readonly anyOf?: readonly Json[];
    readonly oneOf?: readonly Json[];
    readonly additionalProperties?: Json | boolean;
  }
  const root = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Json;
  const branches = (node: Json): readonly Json[] => [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  let nodes: readonly Json[] = branches(root);
  for (const step of path) {
    nodes = nodes
      .flatMap((node) => (typeof step === 'number' ? node.items : (node.properties?.[String(step)] ?? [])) ?? [])
      .flatMap(branches);
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}
