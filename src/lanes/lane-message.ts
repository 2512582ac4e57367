/** The message that a lane is at, as statements and templates see it. One object for all messages: its fields are set anew for each. */
import type { BlockReader } from '../block.ts';
import { decodeJson } from '../codec/decode/json.ts';
import type { ErrorCode } from '../errors.ts';
import type { ExternalAnswer, ExternalCall } from '../external-call.ts';
import type { Sender } from '../message.ts';
import type { PublishView } from '../publish-packet.ts';
import type { EvaluationContext } from '../rules/context.ts';
import type { Value } from '../rules/value.ts';
import type { AnswerTable } from './answer-table.ts';

export class LaneMessage implements EvaluationContext {
  topic = '';
  document: Value = undefined;
  isJson = false;
  timestamp = 0;
  sequence = 0;
  hops = 0;
  payloadLength = 0;
  ruleName = '';
  awsIotSqlVersion = '';
  /** A gateway belongs to no AWS account. */
  readonly accountId = '';
  /** What services answered. */
  answers: AnswerTable | null = null;
  /** Why there is no document; null while there is one, or none was asked for. */
  notJson: { readonly code: ErrorCode; readonly reason: string } | null = null;
  #isDecoded = false;
  #isFirstVersion = false;
  #hasWholeDecimals = false;
  #bytes: Buffer = EMPTY;
  #payloadStart = 0;
  #reader: BlockReader | null = null;
  #sender: Sender | null = null;

  /** Takes the message that `reader` is at. */
  open(reader: BlockReader, view: PublishView, topic: string): void {
    this.topic = topic;
    this.document = undefined;
    this.isJson = false;
    this.notJson = null;
    this.#isDecoded = false;
    this.timestamp = reader.receivedAt;
    this.sequence = reader.sequence;
    this.hops = reader.hops;
    this.payloadLength = view.payloadEnd - view.payloadStart;
    this.#bytes = reader.bytes;
    this.#payloadStart = view.payloadStart;
    this.#reader = reader;
    this.#sender = null;
  }

  /**
   * Decodes the payload, once for all rules. Rules of 2015-10-08 see `10.0` as a Decimal where later ones see an Int: only where a
   * payload holds such a number is it decoded again for them.
   */
  decode(): void {
    const isFirstVersion = this.awsIotSqlVersion === FIRST_VERSION;
    if (this.#isDecoded && (isFirstVersion === this.#isFirstVersion || !this.#hasWholeDecimals)) return;
    const end = this.#payloadStart + this.payloadLength;
    const decoded = decodeJson(this.#bytes, this.#payloadStart, end, this.awsIotSqlVersion);
    this.#isDecoded = true;
    this.#isFirstVersion = isFirstVersion;
    this.isJson = decoded.isJson;
    if (decoded.isJson) {
      this.document = decoded.document;
      this.#hasWholeDecimals = decoded.hasWholeDecimals;
    } else {
      this.notJson = decoded;
      this.#hasWholeDecimals = false;
    }
  }

  /** A view of the slab: copy what has to outlive it. */
  get payload(): Buffer {
    return this.#bytes.subarray(this.#payloadStart, this.#payloadStart + this.payloadLength);
  }

  /** At this message; null before the first. */
  get reader(): BlockReader | null {
    return this.#reader;
  }

  answerOf(call: ExternalCall): ExternalAnswer | null {
    return this.answers?.find(this.sequence, call) ?? null;
  }

  /** Every message has one; wills and republishes name the client that they stand for. */
  sender(): Sender {
    this.#sender ??= this.#reader?.sender() ?? NOBODY;
    return this.#sender;
  }
}

const FIRST_VERSION = '2015-10-08';
const EMPTY = Buffer.alloc(0);
const NOBODY: Sender = { clientId: '', principal: '', address: '', protocolVersion: 0 };
