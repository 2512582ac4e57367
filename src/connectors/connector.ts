/**
 * One service behind a SQL function. A connector judges parameters and speaks to its service; it does not wait for a place, count,
 * log, cache or repeat: `Caller` does that for all of them.
 */
import type { AwsOptions } from '../aws/options.ts';
import type { ExternalFunctionName } from '../external-call.ts';

/** The service works, but this call cannot be answered: wrong parameters, a thing that is not there. Asking again is no use. */
export interface Refused {
  readonly status: 'refused';
  readonly reason: string;
}

/** The service does not work, or does not let us in. */
interface Failed {
  readonly status: 'failed';
  readonly reason: string;
  /** A second attempt may succeed. */
  readonly isTransient: boolean;
}

/** `text`: the result as JSON; '' is Undefined. */
export type Reply = { readonly status: 'answered'; readonly text: string } | Refused | Failed;

/** What a call asks for, its parameters found right. */
export interface Question {
  /** For reasons: `the Lambda function "enrich"`. Never a secret's value. */
  readonly resource: string;
  /** Must give up when `signal` aborts; nobody listens any more then. May be called twice. */
  ask(signal: AbortSignal): Promise<Reply>;
}

export interface Connector {
  readonly function: ExternalFunctionName;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** How long an answer serves equal calls; null where the connector is local and knows better. */
  readonly cacheMs: number | null;
  /** `parameters`: the JSON texts of the parameters as the SQL function was given them. */
  question(parameters: readonly string[]): Question | Refused;
  close(): Promise<void>;
}

/** Time, as connectors need it. */
export interface ConnectorClock {
  /** Epoch ms. */
  now(): number;
  /** Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export function answered(text: string): Reply {
  return { status: 'answered', text };
}

export function refused(reason: string): Refused {
  return { status: 'refused', reason };
}

export function failed(reason: string, isTransient: boolean): Failed {
  return { status: 'failed', reason, isTransient };
}

/** A name out of a message, for a reason: quoted, and not longer than a line. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

/** The `aws:` section with a connector's override; null where no region is known. */
export function targetOf(
  override: { readonly region?: string | undefined; readonly endpoint?: string | undefined } | undefined,
  aws: AwsOptions | null,
): AwsOptions | null {
  const region = override?.region ?? aws?.region;
  if (region === undefined) return null;
  // Another region has another endpoint.
  const endpoint = override?.endpoint ?? (override?.region === undefined ? aws?.endpoint : undefined);
  return { region, endpoint, credentials: aws?.credentials };
}
