/** What crosses between the main thread and a lane's worker: plain data, and bytes by transfer. */

import type { ErrorCode } from './errors.ts';
import type { ExternalAnswer, ExternalCall } from './external-call.ts';
import type { ActionPlan, DeadLetter, Part, SequenceRange } from './message.ts';

/** A rule as a lane needs it; `actions` and `errorAction` index into `LaneSetup.actions`. */
export interface LaneRule {
  readonly name: string;
  readonly sql: string;
  readonly awsIotSqlVersion: string;
  readonly actions: readonly number[];
  readonly errorAction: number | null;
}

export interface LaneSchema {
  readonly name: string;
  /** Avro schema as JSON text. */
  readonly text: string;
}

/** A protobuf FileDescriptorSet, under the name that rules know it by. */
export interface LaneDescriptor {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** A whole rule set. Sent when a lane starts, and again whenever rules or schemas change; takes effect at a slab boundary. */
export interface LaneSetup {
  readonly gatewayId: string;
  readonly lane: number;
  readonly rules: readonly LaneRule[];
  readonly actions: readonly ActionPlan[];
  readonly schemas: readonly LaneSchema[];
  readonly descriptors: readonly LaneDescriptor[];
}

export interface SlabTask {
  readonly kind: 'slab';
  /** Transferred to the lane; comes back in the result for reuse. Whole, checked blocks in [0, byteLength). */
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
  /** Read again from the journal: some actions may already have had some of it. */
  readonly isReplay: boolean;
  /** Ranges to leave out altogether (done for all actions). Sorted; empty when live. */
  readonly done: readonly SequenceRange[];
  /** By action index: ranges this action already delivered. Sorted; empty when live. */
  readonly doneByAction: readonly { readonly action: number; readonly ranges: readonly SequenceRange[] }[];
  /**
   * Absent at the first look at a slab: rules that ask services then only say what they ask (`SlabResult.deferred`). With it these
   * rules, and no others, are evaluated.
   */
  readonly answers?: readonly AnsweredCall[];
  /** Nothing more is asked: what is not answered has failed. */
  readonly isLastRound?: boolean;
}

/** What a rule asks for one message. */
export interface PendingCall {
  readonly sequence: number;
  readonly call: ExternalCall;
}

export interface AnsweredCall extends PendingCall {
  readonly answer: ExternalAnswer;
}

/** Has a rule's error action told what a destination refused. */
export interface FailuresTask {
  readonly kind: 'failures';
  readonly ruleName: string;
  /** Transferred to the lane. Blocks of one message each in [0, byteLength). */
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
  readonly failure: {
    /** Coded reason, see errors.ts. */
    readonly code: ErrorCode;
    readonly reason: string;
    /** Action id. */
    readonly action: string;
    /** AWS's name of the action. */
    readonly failedAction: string;
    /** The destination as it was rendered. */
    readonly failedResource: string;
  };
}

interface SetupTask {
  readonly kind: 'setup';
  readonly setup: LaneSetup;
}

/** Has the lane compile the setup it was started with, ahead of its first slab. */
interface StartTask {
  readonly kind: 'start';
}

export type LaneTask = SlabTask | FailuresTask | SetupTask | StartTask;

interface RuleCounts {
  /** Index into `LaneSetup.rules`. */
  readonly rule: number;
  readonly matched: number;
  readonly notTrue: number;
  readonly failed: number;
}

export interface SlabResult {
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;
  /** Messages looked at, without those left out as done. */
  readonly evaluated: number;
  readonly rules: readonly RuleCounts[];
  readonly parts: readonly Part[];
  /** Messages that failed before an action could encode them. */
  readonly deadLetters: readonly DeadLetter[];
  /**
   * Schemas inferred for actions without one. When not empty nothing was evaluated: the main thread makes them durable, sends a
   * setup that names them, and sends the slab again.
   */
  readonly inferred: readonly { readonly action: number; readonly text: string }[];
  /**
   * Not null when rules that ask services have something to do with this slab: the calls to answer before a task with `answers`. When
   * the result of such a task names calls again, nothing was evaluated by it.
   */
  readonly deferred: readonly PendingCall[] | null;
  /** Fields left out because an action's Avro schema does not have them. */
  readonly fieldsUnknown: readonly { readonly action: number; readonly count: number }[];
  /** CPU-bound time spent, ms. */
  readonly busyMs: number;
}
