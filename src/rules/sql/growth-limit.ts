/**
 * What one message may make of itself. Nested queries look at the product of their elements, and select for each of them whatever a
 * variable holds: a message of 128 KiB could keep a lane busy for minutes, or fill its memory. Beyond these bounds the rule fails for
 * that message.
 */
import { isLonger, roomAfter, TEXT_CHARACTERS_MAX } from '../size.ts';
import type { Value } from '../value.ts';
import type { Frame } from './frame.ts';

/** Elements that the nested queries of a statement look at for one message: some seconds of work. */
export const ELEMENTS_MAX = 4_000_000;
/** AWS: all SET variables together. */
const SET_BYTES_MAX = 131_072;

class GrowthTooLarge extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GrowthTooLarge';
  }
}

/** Called before a nested query looks at `count` elements. @throws GrowthTooLarge */
export function countElements(frame: Frame, count: number): void {
  frame.elements += count;
  if (frame.elements <= ELEMENTS_MAX) return;
  throw new GrowthTooLarge(`The nested queries look at more than ${ELEMENTS_MAX} elements.`);
}

/** References within a nested query that need no counting: so many times the payload, for every element, may be too much. */
const REFERENCES = 16;

/** Whether what nested queries select for this message has to be counted as it is made, because it may not fit into memory. */
export function canGrow({ context, elements }: Frame): boolean {
  return context.payload.length * REFERENCES * elements > TEXT_CHARACTERS_MAX;
}

/** Counts what a nested query selected for an element. @throws GrowthTooLarge */
export function countResult(frame: Frame, value: Value): void {
  frame.room = roomAfter(value, frame.room);
  if (frame.room < 0) throw resultTooLarge();
}

/**
 * Gives `value` back. It is measured only where it could be too large: everything selected comes from the payload or a variable, no
 * more often than the SQL has characters, for every element. @throws GrowthTooLarge
 */
export function limitResult(value: Value, frame: Frame, sqlCharacters: number): Value {
  const { length } = frame.context.payload;
  const sourceBytes = Math.max(length, Math.min(length * sqlCharacters, SET_BYTES_MAX));
  if (sourceBytes * sqlCharacters * (frame.elements + 1) <= TEXT_CHARACTERS_MAX) return value;
  if (!isLonger(value, TEXT_CHARACTERS_MAX)) return value;
  throw resultTooLarge();
}

function resultTooLarge(): Error {
  return new GrowthTooLarge(`The result has more than ${TEXT_CHARACTERS_MAX} characters as JSON.`);
}
