/** Objects with keys known beforehand, as closures. */
import { type MutableObject, setMember } from '../object.ts';
import type { Value } from '../value.ts';
import type { Evaluate } from './frame.ts';

export interface Member {
  readonly key: string;
  readonly evaluate: Evaluate;
}

/** Members that are Undefined are left out; of two with the same key, the later one wins. */
export function objectBuilder(members: readonly Member[]): Evaluate {
  const keys = members.map(({ key }) => key);
  const evaluates = members.map(({ evaluate }) => evaluate);
  const count = keys.length;
  return (frame): Value => {
    const object: MutableObject = {};
    for (let i = 0; i < count; i++) {
      const value = (evaluates[i] as Evaluate)(frame);
      if (value !== undefined) setMember(object, keys[i] as string, value);
    }
    return object;
  };
}
