/** Where the values that an action emits become bytes. One implementation per form; all are reused from slab to slab. */
import type { Part } from '../message.ts';
import type { Value } from '../rules/value.ts';
import type { LaneMessage } from './lane-message.ts';

export interface ActionOutput {
  /** Appends what the message's rule made of it. Throws when it cannot be encoded or has no destination, leaving nothing behind. */
  emit(message: LaneMessage, value: Value): void;
  /** Adds the parts of this slab to `parts`, and starts anew. */
  finish(parts: Part[]): void;
  /** The rule's error action was told of this message: it need not be told again when the destination refuses what was emitted. */
  told(message: LaneMessage): void;
  /** Fields left out since the last call, because the schema does not have them. */
  takeUnknownCount(): number;
}

/**
 * What a destination has left over at the end of a slab is handed over unpacked below this. Blocks of 16 KiB of telemetry are 6 %
 * larger than blocks of 64 KiB, blocks of 1 KiB 80 %; and it bounds what the main thread compresses, slab by slab.
 */
export const UNPACKED_BYTES_MAX = 16_384;
/** Working buffers larger than this are given back after the slab that needed them. */
export const WORKING_BYTES_MAX = 4_194_304;
/** Working buffers kept per action for the destinations of the next slab. */
export const IDLE_COUNT_MAX = 16;
export const WORKING_BYTES_START = 4_096;
