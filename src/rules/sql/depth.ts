/**
 * How deep a syntax tree is. Rows of operands and paths make one level each, on top of what parentheses nest, and whoever walks a tree
 * recurses: the parser refuses trees that could overflow the stack. This walk itself does not recurse.
 */
import type { Expression } from './ast.ts';

/** A row of 1,000 operands in parentheses within a few others; the stack of a worker holds some 10,000 levels of evaluation. */
export const TREE_DEPTH_MAX = 2_000;

/** An expression that lies deeper than `TREE_DEPTH_MAX` in `root`, a tree or a part of one; null when none does. */
export function findTooDeep(root: object): Expression | null {
  const pending: { readonly node: object; readonly depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const isNode = 'kind' in next.node;
    const depth = next.depth + (isNode ? 1 : 0);
    if (isNode && depth > TREE_DEPTH_MAX) return next.node as Expression;
    for (const node of Object.values(next.node)) {
      if (typeof node === 'object' && node !== null) pending.push({ node, depth });
    }
  }
  return null;
}
