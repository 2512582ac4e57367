/** What sample payloads have in common: which members occur where, and of which kinds. */
import { isArray, isObject } from '../../object.ts';
import { serializeValue } from '../../serialize.ts';
import type { Value } from '../../value.ts';
import { anyBoolean, anyKind, anyText, kindOf, kinds, type Possible } from './possible.ts';

export interface Shape {
  readonly kinds: number;
  /** Samples that have something here. */
  readonly count: number;
  readonly members: ReadonlyMap<string, Shape>;
  /** Of all elements of all arrays; null when there was none. */
  readonly element: Shape | null;
  /** Not all that occurred was kept: what is not in `members` may have been seen. */
  readonly isPartial: boolean;
  /** One value as JSON text, cut. */
  readonly example: string;
}

/** Objects whose keys are data (device ids, times) have no end of them. */
const MEMBERS_MAX = 500;
/** In all of one shape. */
const NODES_MAX = 20_000;
const DEPTH_MAX = 64;
const EXAMPLE_CHARACTERS_MAX = 40;

export function shapeOf(samples: Iterable<Value>): Shape {
  const budget = { nodesLeft: NODES_MAX };
  const root = new ShapeNode();
  for (const sample of samples) root.add(sample, budget, 0);
  return root;
}

class ShapeNode implements Shape {
  kinds = 0;
  count = 0;
  readonly members = new Map<string, ShapeNode>();
  element: ShapeNode | null = null;
  isPartial = false;
  example = '';

  add(value: Value, budget: { nodesLeft: number }, depth: number): void {
    this.count++;
    const kind = kindOf(value);
    if ((this.kinds & kind) === 0 && (this.example === '' || value !== null)) this.example = exampleOf(value);
    this.kinds |= kind;
    if (isArray(value)) {
      for (const item of value) {
        if (depth >= DEPTH_MAX || (this.element === null && budget.nodesLeft-- <= 0)) this.isPartial = true;
        else {
          this.element ??= new ShapeNode();
          this.element.add(item, budget, depth + 1);
        }
      }
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        let node = this.members.get(key);
        if (node === undefined) {
          if (depth >= DEPTH_MAX || this.members.size >= MEMBERS_MAX || budget.nodesLeft-- <= 0) {
            this.isPartial = true;
            continue;
          }
          node = new ShapeNode();
          this.members.set(key, node);
        }
        node.add(member, budget, depth + 1);
      }
    }
  }
}

function exampleOf(value: Value): string {
  const text = serializeValue(value);
  return text.length > EXAMPLE_CHARACTERS_MAX ? `${text.slice(0, EXAMPLE_CHARACTERS_MAX)}…` : text;
}

/**
 * What a value of this shape can be, in messages like the samples. Either Boolean stands for both, also spelled as text; a member can
 * be absent; where only Null was seen, anything can come.
 */
export function ofShape(shape: Shape): Possible {
  let set = shape.kinds | kinds.undefined;
  if ((set & anyBoolean) !== 0) set |= anyBoolean;
  if ((set & (kinds.trueText | kinds.falseText)) !== 0) set |= kinds.trueText | kinds.falseText;
  const isKnown = (shape.kinds & ~kinds.null) !== 0;
  return { kinds: isKnown ? set : anyKind, values: null, shape };
}

/** For equality: another text than those of the samples may come. */
export function withAnyText(possible: Possible): Possible {
  if (possible.shape === null || (possible.kinds & anyText) === 0) return possible;
  return { ...possible, kinds: possible.kinds | anyText };
}
