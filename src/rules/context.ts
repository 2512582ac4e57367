/** What a statement can see of one message. The lane fills one object and reuses it: nothing may keep it after `evaluate`. */
import type { ExternalAnswer, ExternalCall } from '../external-call.ts';
import type { Sender } from '../message.ts';
import type { Value } from './value.ts';

export interface EvaluationContext {
  /** Without the Basic Ingest prefix `$aws/rules/<rule>/`. */
  readonly topic: string;
  /** As it came from the wire. */
  readonly payload: Uint8Array;
  /** The payload decoded as JSON; `undefined` when it is not JSON (then only `*` and functions of the raw bytes make sense). */
  readonly document: Value;
  readonly isJson: boolean;
  /** Receive time, epoch ms, as the journal recorded it. Functions of time and chance derive from it and `sequence`: a replay yields the same. */
  readonly timestamp: number;
  readonly sequence: number;
  readonly ruleName: string;
  readonly awsIotSqlVersion: string;
  /** Empty where there is no AWS account. */
  readonly accountId: string;
  /** Given by who evaluates, instead of the one that derives from time and sequence; empty for a message that has none. */
  readonly traceId?: string;
  /** Decoded on demand; null when the message did not come over MQTT. */
  sender(): Sender | null;
  /** Properties of an MQTT 5 PUBLISH, decoded on demand; null (or no such method) when there are none. */
  properties?(): MessageProperties | null;
  /** What the service answered, for this message; null when it has not been asked yet. Without this method nothing can be asked. */
  answerOf?(call: ExternalCall): ExternalAnswer | null;
}

export interface MessageProperties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  /** Base64. */
  readonly correlationData?: string;
  /** The payload format indicator. */
  readonly isUtf8?: boolean;
  readonly userProperties?: readonly (readonly [key: string, value: string])[];
}
