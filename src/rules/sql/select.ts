/** SELECT clauses as closures. */
import { encodeBase64 } from '../base64.ts';
import { isObject, type MutableObject, setMember, setMemberAt } from '../object.ts';
import type { Value } from '../value.ts';
import { askingFirst } from './ask-together.ts';
import type { Expression, Select, SelectItem } from './ast.ts';
import type { Compiled, Evaluate, Frame } from './frame.ts';
import { type Member, objectBuilder } from './object-builder.ts';
import type { Scope } from './scope.ts';

/** Handed in, because expressions contain SELECT clauses and the other way round. */
export type CompileExpression = (expression: Expression, scope: Scope) => Compiled;

/** What the clause selects from `frame.element`. */
export function compileSelect(select: Select, scope: Scope, compile: CompileExpression): Evaluate {
  if (select.kind === 'single') {
    return select.expression.kind === 'star' ? wholeOf : compile(select.expression, scope).evaluate;
  }
  const [first] = select.items;
  if (select.items.length === 1 && first?.kind === 'all') return wholeOf;
  const failingBefore = scope.failingCalls;
  const build = compileItems(select.items, scope, compile);
  if (scope.failingCalls === failingBefore) return build;
  const parts = select.items.flatMap((item) =>
    item.kind === 'value' ? [compile(item.expression, scope).evaluate] : [],
  );
  return askingFirst(parts, build);
}

function compileItems(items: readonly SelectItem[], scope: Scope, compile: CompileExpression): Evaluate {
  const members = membersOf(items, scope, compile);
  if (members !== null) return objectBuilder(members);
  const isOwn = makesItsObjects(items);
  const adders = items.map((item) => compileItem(item, isOwn, scope, compile));
  return (frame) => {
    const output: MutableObject = {};
    for (let i = 0; i < adders.length; i++) (adders[i] as Add)(output, frame);
    return output;
  };
}

/** The items as members of an object, if that is all they are. */
function membersOf(items: readonly SelectItem[], scope: Scope, compile: CompileExpression): Member[] | null {
  if (!items.every((item) => item.kind === 'value' && item.key.length === 1)) return null;
  return items.flatMap((item) =>
    item.kind === 'value' ? [{ key: item.key[0] ?? '', evaluate: compile(item.expression, scope).evaluate }] : [],
  );
}

/** Whether objects on the way to dotted keys come from these items alone: no payload's own object can then be among them. */
function makesItsObjects(items: readonly SelectItem[]): boolean {
  const paths = items.map((item) => (item.kind === 'value' ? item.key : []));
  return paths.every((path) => !paths.some((longer) => isOnTheWay(path, longer)));
}

/** The empty path, of items that select all members, is on the way to every other. */
function isOnTheWay(path: readonly string[], longer: readonly string[]): boolean {
  return path.length < longer.length && path.every((name, i) => name === longer[i]);
}

/** `*` by itself: the element; a payload that is not JSON, byte by byte. */
function wholeOf(frame: Frame): Value {
  return frame.element === undefined && !frame.context.isJson ? frame.context.payload : frame.element;
}

/** `*` as a value: base64 text stands for a payload that is not JSON; an empty one is Undefined. */
export function payloadOf(frame: Frame): Value {
  const whole = wholeOf(frame);
  if (!(whole instanceof Uint8Array)) return whole;
  return whole.length === 0 ? undefined : encodeBase64(whole);
}

type Add = (output: MutableObject, frame: Frame) => void;

function compileItem(item: SelectItem, isOwn: boolean, scope: Scope, compile: CompileExpression): Add {
  switch (item.kind) {
    case 'all':
      scope.readsDocument = true;
      return (output, frame) => addMembers(output, frame.element);
    case 'spread': {
      const { evaluate } = compile(item.object, scope);
      return (output, frame) => addMembers(output, evaluate(frame));
    }
    case 'value': {
      const { evaluate } = compile(item.expression, scope);
      const [key = ''] = item.key;
      if (item.key.length > 1) {
        return (output, frame) => {
          const value = evaluate(frame);
          if (value !== undefined) setMemberAt(output, item.key, value, isOwn);
        };
      }
      return (output, frame) => {
        const value = evaluate(frame);
        if (value !== undefined) setMember(output, key, value);
      };
    }
  }
}

/** V8 reads members fastest in a `for … in` (a fifth of `SELECT *, …`); what objects inherit is not enumerable. */
function addMembers(output: MutableObject, value: Value): void {
  if (!isObject(value)) return;
  for (const key in value) setMember(output, key, value[key]);
}
