/**
 * The nouns that every part shares. Types only.
 *
 * A **message** is what a device sent. A rule that selects it emits through each of its **actions**; a lane encodes what was
 * emitted into **parts**; delivery cuts parts into **entries**, the unit a sink accepts or refuses.
 */

/** Decided by configured topic filters before any rule runs; never by a payload or a client. */
export type MessageClass = 'normal' | 'alarm';

/** One connection's facts. The same object stands for all messages of a connection: the journal compares by reference. */
export interface Sender {
  readonly clientId: string;
  /** The user name or certificate subject that was authenticated; empty for anonymous. */
  readonly principal: string;
  readonly address: string;
  /** 3 = MQTT 3.1, 4 = 3.1.1, 5 = 5.0; 0 = the gateway itself. */
  readonly protocolVersion: 0 | 3 | 4 | 5;
}

/** Sequences number every journaled message of a gateway, across classes and lanes. Inclusive at both ends. */
export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

/** How a lane shapes what an action emits: one entry per message, lines to be packed, or blocks of an Avro container. */
export type Form = 'each' | 'lines' | 'container';

export type Codec = 'null' | 'deflate' | 'zstandard' | 'gzip';

/** What a lane may add to an output on request (`delivery.fields`). */
export type MetadataName = 'receiveTime' | 'sourceTime' | 'gatewayId' | 'sequence' | 'clientId' | 'topic';

/** What a rendered destination field is: it decides what becomes of values that templates insert (src/rules/compose). */
export type TemplateKind = 'text' | 'topic' | 'path' | 'key';

/** All that a lane needs to know of an action. Plain data: it crosses the thread boundary once per rule set. */
export interface ActionPlan {
  /** `<ruleName>/<ordinal>`, or `<ruleName>/error` for the error action. Outboxes and entry ids use it; progress has keys of its own. */
  readonly id: string;
  readonly ruleName: string;
  /** AWS's action key: `firehose`, `s3`, `sns`, `republish`; ours: `iotCore`, `file`, `stdout`. */
  readonly type: string;
  readonly form: Form;
  readonly codec: Codec;
  /** Put after every entry of a `lines` part. */
  readonly separator: string;
  /** Name of the Avro schema in the configuration; null = infer from the first messages, then freeze. `container` only. */
  readonly schema: string | null;
  /** Destination fields, with `${}` templates unrendered. */
  readonly destination: Readonly<Record<string, string>>;
  /** By destination field; a field that is not here is `text`. */
  readonly templateKinds?: Readonly<Record<string, TemplateKind>>;
  /** Output field → metadata. */
  readonly fields: Readonly<Record<string, MetadataName>>;
  /** Dotted path of the device's own time in the payload; '' = none. */
  readonly sourceTimePath: string;
  readonly class: MessageClass;
  /** The rule has an error action, and what a destination refuses of this action is small enough to be told message by message. */
  readonly keepsOriginals: boolean;
}

/**
 * The messages behind what an action emitted, as they were published: blocks of one message each (src/block.ts), end to end. An error
 * action needs them when the destination refuses.
 */
export interface Originals {
  readonly bytes: Uint8Array;
  /** End offset in `bytes` for each of a part's `ends`; a single one where those are null. */
  readonly ends: readonly number[];
}

/**
 * Whether a lane made blocks or gzip members of its output, or left that to the assembler: a slab that holds a few messages would
 * make tiny ones, larger than what is in them. Output that needs no packing is `packed`.
 */
export type Packing = 'packed' | 'records';

/** What one action emitted from one slab, encoded. Crosses the thread boundary with its bytes transferred. */
export interface Part {
  /** Index into the rule set's action list. */
  readonly action: number;
  /** Rendered destination fields as JSON text. */
  readonly destination: string;
  /** `container`: the schema's id (see codec/avro/schema-store); '' otherwise. */
  readonly schemaId: string;
  readonly packing: Packing;
  /** `each`: payloads end to end; `lines`: lines (gzip members when codec is gzip); `container`: Avro blocks without sync markers'
   *  owner header: each block is count, size, data, sync. Packing `records`: lines, or Avro records (one per message), end to end. */
  readonly bytes: Uint8Array;
  /** `each` and `lines`: end offset of each entry, line or gzip member in `bytes`. null when the part cannot be cut. */
  readonly ends: readonly number[] | null;
  /** null: the action keeps none. */
  readonly originals: Originals | null;
  /** Messages in this part, and the payload bytes they arrived with. */
  readonly messageCount: number;
  readonly rawBytes: number;
  /** Uncompressed size of `bytes`. */
  readonly encodedBytes: number;
  readonly first: number;
  readonly last: number;
  /** Receive time (epoch ms) of the oldest message. */
  readonly receivedAt: number;
  /** `republish` loop guard: republishes that led to the messages here, the largest. */
  readonly hops: number;
}

/** The body of an entry: bytes in memory, or a sealed file that the entry owns. */
type EntryBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly byteLength: number };

/** The unit a sink accepts or refuses. An object that carries many messages is one entry; its outcome stands for all of them. */
export interface Entry {
  /** Deterministic: action id and first..last sequence. Safe in file names, S3 keys and SNS ids. */
  readonly id: string;
  /** Rendered destination fields by AWS's field names. */
  readonly destination: Readonly<Record<string, string>>;
  readonly body: EntryBody;
  /** Blocks of the messages inside, in the order of the body; null: the action keeps none. */
  readonly originals: Uint8Array | null;
  readonly messageCount: number;
  readonly rawBytes: number;
  readonly encodedBytes: number;
  readonly first: number;
  readonly last: number;
  readonly receivedAt: number;
  readonly hops: number;
}

/** A message, or an encoded entry, that cannot be delivered as it is; kept with its reason until an operator decides. */
export interface DeadLetter {
  /** Coded reason, see errors.ts. */
  readonly code: string;
  readonly reason: string;
  readonly ruleName: string;
  /** Action id; '' when the message failed before any action (decode, SQL). */
  readonly action: string;
  readonly topic: string;
  readonly clientId: string;
  readonly receivedAt: number;
  readonly first: number;
  readonly last: number;
  readonly messageCount: number;
  /** What `body` is: the payload as it arrived, or an entry as it would have been sent. */
  readonly content: 'message' | 'entry';
  readonly destination: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
