/** The message that a lane is at, as statements and templates see it. One object for all messages: its fields are set anew for each. */
import type { BlockReader } from '../block.ts';
import type { Sender } from '../message.ts';
import type { PublishView } from '../publish-packet.ts';
import type { EvaluationContext } from '../rules/context.ts';
import type { Value } from '../rules/value.ts';

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
  /** Whether `document` was decoded, or tried. */
  isDecoded = false;
  #bytes: Buffer = EMPTY;
  #payloadStart = 0;
  #reader: BlockReader | null = null;
  #sender: Sender | null = null;

  /** Takes the message that `reader` is at. */
  open(reader: BlockReader, view: PublishView, topic: string): void {
    this.topic = topic;
    this.document = undefined;
    this.isJson = false;
    this.isDecoded = false;
    this.timestamp = reader.receivedAt;
    this.sequence = reader.sequence;
    this.hops = reader.hops;
    this.payloadLength = view.payloadEnd - view.payloadStart;
    this.#bytes = reader.bytes;
    this.#payloadStart = view.payloadStart;
    this.#reader = reader;
    this.#sender = null;
  }

  /** A view of the slab: copy what has to outlive it. */
  get payload(): Buffer {
    return this.#bytes.subarray(this.#payloadStart, this.#payloadStart + this.payloadLength);
  }

  /** Every message has one; wills and republishes name the client that they stand for. */
  sender(): Sender {
    this.#sender ??= this.#reader?.sender() ?? NOBODY;
    return this.#sender;
  }
}

const EMPTY = Buffer.alloc(0);
const NOBODY: Sender = { clientId: '', principal: '', address: '', protocolVersion: 0 };
