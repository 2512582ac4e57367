/** CloudFormation templates as YAML nodes: `!Sub` is a tag, `{ "Fn::Sub": … }` a map of one key; both are the same call. */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, visit } from 'yaml';
import type { Path } from '../yaml-document.ts';

/** A node and where it stands. */
export interface Placed {
  readonly node: Node;
  readonly path: Path;
  /** The node is the argument of the call that its own tag names: what is left to read is the node without that tag. */
  readonly isTagRead?: boolean;
}

/** A call of an intrinsic function. */
export interface IntrinsicCall {
  /** `Ref`, `Condition` or `Fn::…`. */
  readonly name: string;
  readonly argument: Placed;
}

/** The node that an alias repeats; null where there is nothing. */
function dereference(node: unknown, document: Document): Node | null {
  if (isAlias(node)) return aliasTargets(document).get(node) ?? null;
  return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
}

const targetsOf = new WeakMap<Document, ReadonlyMap<Alias, Node>>();

/** What each alias repeats, found in one pass: `Alias.resolve` walks the whole document every time. */
function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const known = targetsOf.get(document);
  if (known !== undefined) return known;
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      const target = isAlias(node) ? anchors.get(node.source) : undefined;
      if (isAlias(node) && target !== undefined) targets.set(node, target);
      if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  targetsOf.set(document, targets);
  return targets;
}

export function intrinsicCall({ node, path, isTagRead }: Placed, document: Document): IntrinsicCall | null {
  const { tag } = node;
  if (tag !== undefined && /^!\w/.test(tag) && isTagRead !== true) {
    const name = tag.slice(1);
    return { name: isBare(name) ? name : `Fn::${name}`, argument: { node, path, isTagRead: true } };
  }
  if (!isMap(node) || node.items.length !== 1) return null;
  const [pair] = node.items;
  const name = isScalar(pair?.key) ? String(pair.key.value) : '';
  const argument = dereference(pair?.value, document);
  if (argument === null || !(isBare(name) || name.startsWith('Fn::'))) return null;
  return { name, argument: { node: argument, path: [...path, name] } };
}

function isBare(name: string): boolean {
  return name === 'Ref' || name === 'Condition';
}

/** Members of a map in their order; none where the node is no map. */
export function membersOf(placed: Placed | null, document: Document): readonly (Placed & { readonly key: string })[] {
  if (placed === null || !isMap(placed.node)) return [];
  return placed.node.items.flatMap(({ key, value }) => {
    const node = dereference(value, document);
    if (node === null || !isScalar(key)) return [];
    const name = scalarText(key);
    return [{ key: name, node, path: [...placed.path, name] }];
  });
}

export function memberOf(placed: Placed | null, key: string, document: Document): Placed | null {
  if (placed === null || !isMap(placed.node)) return null;
  const pair = placed.node.items.find((item) => isScalar(item.key) && scalarText(item.key) === key);
  const node = dereference(pair?.value, document);
  return node === null ? null : { node, path: [...placed.path, key] };
}

/** Items of a sequence; none where the node is none. */
export function itemsOf({ node, path }: Placed, document: Document): readonly Placed[] {
  if (!isSeq(node)) return [];
  return node.items.flatMap((value, index) => {
    const item = dereference(value, document);
    return item === null ? [] : [{ node: item, path: [...path, index] }];
  });
}

/** A scalar as its author wrote it: an account id keeps its leading zero. */
export function scalarText(scalar: { readonly value: unknown; readonly source?: string }): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}
