/** What compiled expressions read while a statement runs on one message. */
import type { EvaluationContext } from '../context.ts';
import type { Value } from '../value.ts';

/** One per compiled statement, reused: evaluation is synchronous and never nests within the same statement. */
export interface Frame {
  context: EvaluationContext;
  /** Where names are looked up: the document, or the element of the innermost nested SELECT. */
  element: Value;
  /** Values of SET variables and of aliases in nested queries, by slot. */
  readonly slots: Value[];
  /** That nested queries have looked at so far, for this message. */
  elements: number;
  /** Characters that their results may still have, where they are counted. */
  room: number;
}

export type Evaluate = (frame: Frame) => Value;

/** An expression as a closure. A constant one ignores its frame. */
export interface Compiled {
  readonly evaluate: Evaluate;
  readonly isConstant: boolean;
}

const nothing = new Uint8Array(0);

/** For the evaluation of constants. */
const emptyContext: EvaluationContext = {
  topic: '',
  payload: nothing,
  document: undefined,
  isJson: false,
  timestamp: 0,
  sequence: 0,
  ruleName: '',
  awsIotSqlVersion: '',
  accountId: '',
  sender: () => null,
};

export function newFrame(slotCount: number): Frame {
  return {
    context: emptyContext,
    element: undefined,
    slots: new Array<Value>(slotCount).fill(undefined),
    elements: 0,
    room: 0,
  };
}

export function constant(value: Value): Compiled {
  return { evaluate: () => value, isConstant: true };
}
