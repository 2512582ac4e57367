/**
 * What a sink is. A sink delivers one batch and reports an outcome per entry; it never loops, waits, counts or logs: the pump does
 * that for all sinks (delivery/pump.ts).
 */
import type { z } from 'zod';
import type { AwsOptions } from '../aws/options.ts';
import { type ErrorCode, invariant } from '../errors.ts';
import type { ActionPlan, Entry, TemplateKind } from '../message.ts';

export type { AwsOptions } from '../aws/options.ts';

/**
 * - `delivered`: the destination has it for good, or had it already.
 * - `retry`: not now; the same entry may succeed later. `afterMs`: not sooner than this.
 * - `held`: nothing can be delivered until somebody acts (credentials, clock, missing or forbidden destination). The whole sink waits.
 * - `rejected`: this entry can never be delivered. A `CodedError` as cause gives the dead letter its code.
 */
export type Outcome =
  | { readonly status: 'delivered' }
  | { readonly status: 'retry'; readonly cause: Error; readonly afterMs?: number }
  | { readonly status: 'held'; readonly cause: Error }
  | { readonly status: 'rejected'; readonly cause: Error };

export const DELIVERED: Outcome = { status: 'delivered' };

/** Called by one pump, one `deliver` at a time. */
export interface Sink {
  /**
   * Returns one outcome per entry, in order. Throws only for a bug. Entries are within the limits given to `PumpLimits`.
   * Where a single call carried all of them and was refused as a whole, every outcome has the same `cause` object: the pump then
   * halves the batch to find the one that is to blame.
   */
  deliver(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /** Short-lived probe; owns and releases whatever it opens. Rejects with what is wrong. */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A message to be published on the local broker. */
export interface Republication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** Republishes that led to it, this one included. */
  readonly hops: number;
  readonly properties: RepublishProperties;
}

/** MQTT 5 properties, under their names in the AWS `headers` field. */
export interface RepublishProperties {
  readonly payloadFormatIndicator?: boolean;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly messageExpirySeconds?: number;
  readonly userProperties?: readonly { readonly key: string; readonly value: string }[];
}

/** What sinks need of the gateway. */
export interface SinkServices {
  readonly gatewayId: string;
  /** Root folder of the local lake. */
  readonly lakeDir: string;
  /** Resolves when the message is as safe as its QoS asks (QoS 1: journaled). A `CodedError` rejects the entry, other errors are retried. */
  republish(message: Republication): Promise<void>;
  /** Standard output; resolves when the bytes were taken. */
  write(bytes: Uint8Array): Promise<void>;
}

/** How delivery turns parts into entries. */
export type Assembly =
  | { readonly kind: 'each' }
  | {
      readonly kind: 'lines';
      /** A record is closed before it grows past this. */
      readonly recordBytesMax: number;
      readonly latencyMs: number;
      /** Messages per record. */
      readonly countMax: number;
    }
  | {
      readonly kind: 'objects';
      /** With the dot: `.avro`. */
      readonly extension: string;
      /** Avro containers begin with a header; lines do not. */
      readonly hasHeader: boolean;
      readonly objectBytesMax: number;
      readonly objectSecondsMax: number;
      readonly partitionsMax: number;
    };

/** How the pump cuts batches and what it may keep in memory. */
export interface PumpLimits {
  readonly batchCountMax: number;
  readonly batchBytesMax: number;
  /** What an entry costs of `batchBytesMax`. */
  readonly batchBytesOf: (entry: Entry) => number;
  /** Entries of one call must agree in this (a stream, a topic ARN). */
  readonly groupOf: (entry: Entry) => string;
  /** Entry bodies kept in memory; beyond it they go to the outbox. */
  readonly pendingBytesMax: number;
  /** Objects go through the outbox even in health: a restart then sends the same object under the same name. */
  readonly isOutboxFirst: boolean;
}

/** What `plan` found out, for delivery. `open` may open clients. */
export interface SinkOptions {
  readonly assembly: Assembly;
  readonly limits: PumpLimits;
  readonly open: (services: SinkServices) => Sink;
}

/** One mistake in an action. `path` is relative to the action: `['firehose', 'separator']`, `['delivery', 'format']`. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly code: ErrorCode;
  readonly message: string;
  readonly severity?: 'error' | 'warning';
}

export interface PlanContext {
  readonly aws: AwsOptions | null;
  /** False while the `aws:` section itself has mistakes: then its absence is not worth a problem of its own. */
  readonly isAwsKnown: boolean;
  readonly schemaNames: readonly string[];
  /** It is told of what other actions could not do. */
  readonly isErrorAction?: boolean;
}

export type PlanWithoutId = Omit<ActionPlan, 'id' | 'ruleName' | 'keepsOriginals'>;

/** `problems` may hold warnings beside a plan. */
export type PlanResult =
  | { readonly plan: PlanWithoutId; readonly options: SinkOptions; readonly problems: readonly Problem[] }
  | { readonly plan: null; readonly options: null; readonly problems: readonly Problem[] };

/** A field of an action that takes `${}`, as AWS's guide has it. */
export interface TemplateField {
  readonly field: string;
  readonly kind: TemplateKind;
}

export interface SinkSpec<A, D> {
  /** AWS's action key, or ours in the same form. */
  readonly type: string;
  readonly summary: string;
  /** The action's fields, exactly as AWS names them. */
  readonly action: z.ZodType<A>;
  /** What this sink allows under `delivery:`. */
  readonly delivery: z.ZodType<D>;
  /** Fields that take `${}`, with all that is below them. */
  readonly templates: readonly TemplateField[];
  /** An action as YAML; executed by a test. */
  readonly example: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly plan: (action: A, delivery: D, context: PlanContext) => PlanResult;
}

export interface AnySinkDefinition extends Omit<SinkSpec<unknown, unknown>, 'plan'> {
  /** Pure. Validates both parts with their schemas, then judges them together. */
  plan(action: unknown, delivery: unknown, context: PlanContext): PlanResult;
}

/** Closes over the types of a sink's fields: the list of definitions has one type. */
export function defineSink<A, D>(spec: SinkSpec<A, D>): AnySinkDefinition {
  return {
    ...spec,
    plan(action, delivery, context) {
      const fields = spec.action.safeParse(action);
      const wishes = spec.delivery.safeParse(delivery ?? {});
      if (!fields.success || !wishes.success) {
        const problems = [
          ...(fields.error?.issues ?? []).map((issue) => issueProblem(spec.type, issue)),
          ...(wishes.error?.issues ?? []).map((issue) => issueProblem('delivery', issue)),
        ];
        return { plan: null, options: null, problems };
      }
      const result = spec.plan(fields.data, wishes.data, context);
      if (result.plan === null) return result;
      return { ...result, plan: { ...result.plan, templateKinds: kindsOf(result.plan.destination, spec.templates) } };
    },
  };
}

/** Whether a field of an action, by its dotted path, takes `${}`. */
export function isTemplate(path: string, templates: readonly TemplateField[]): boolean {
  return templateOf(path, templates) !== undefined;
}

function templateOf(path: string, templates: readonly TemplateField[]): TemplateField | undefined {
  return templates.find(({ field }) => path === field || path.startsWith(`${field}.`));
}

/** Of destination fields, which lie flat: `headers.contentType` is below `headers`. */
function kindsOf(
  destination: ActionPlan['destination'],
  templates: readonly TemplateField[],
): Readonly<Record<string, TemplateKind>> {
  const kinds: Record<string, TemplateKind> = {};
  for (const name of Object.keys(destination)) {
    const template = templateOf(name, templates);
    invariant(template !== undefined, `destination field ${name} is not among the templates of its sink`);
    kinds[name] = template.kind;
  }
  return kinds;
}

function issueProblem(root: string, issue: z.core.$ZodIssue): Problem {
  const path = [root, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  const isUnknownKey = issue.code === 'unrecognized_keys';
  return {
    path: isUnknownKey && issue.keys[0] !== undefined ? [...path, issue.keys[0]] : path,
    code: isUnknownKey ? 'CONFIG_KEY_UNKNOWN' : 'CONFIG_VALUE_INVALID',
    message: issue.message,
  };
}

/** A plan, unless one of the problems is more than a warning. */
export function planned(plan: PlanWithoutId, options: SinkOptions, problems: readonly Problem[]): PlanResult {
  if (problems.some((problem) => problem.severity !== 'warning')) return { plan: null, options: null, problems };
  return { plan, options, problems };
}

/** Bytes of an entry that memory holds: its body, unless that is a file, and its originals. */
export function bytesInMemory({ body, originals }: Entry): number {
  return (body.kind === 'bytes' ? body.bytes.length : 0) + (originals?.length ?? 0);
}

/** Bytes of an entry's body. */
export function bodyBytes(entry: Entry): number {
  return entry.body.kind === 'bytes' ? entry.body.bytes.length : entry.body.byteLength;
}
