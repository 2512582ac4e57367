/** What a SQL function is to the checker, the compiler and the reference page. */
import type { ExternalFunctionName } from '../../external-call.ts';
import type { EvaluationContext } from '../context.ts';
import type { Value } from '../value.ts';

export type Category = 'number' | 'conversion' | 'string' | 'hash' | 'array' | 'message' | 'time' | 'external';

export interface ParameterSpec {
  readonly name: string;
  readonly isOptional?: true;
  /** Any number of these, none included; the last parameter only. */
  readonly isRepeated?: true;
  /** `*`, the payload as it came from the wire, may stand here; it arrives as a Uint8Array. */
  readonly takesPayload?: true;
  /** Must be written as a literal: here, or in AWS only. */
  readonly literal?: 'required' | 'inAws';
}

/** A statement and the JSON text of what it selects; '' for Undefined. Run by a test. */
interface Example {
  readonly sql: string;
  readonly result: string;
}

export type EvaluateCall = (parameters: readonly Value[], context: EvaluationContext) => Value;

export interface FunctionSpec {
  /** As AWS writes it. Names are found in any case. */
  readonly name: string;
  readonly category: Category;
  readonly summary: string;
  /** The first awsIotSqlVersion that has it. */
  readonly since: '2015-10-08' | '2016-03-23';
  readonly params: readonly ParameterSpec[];
  /** Depends on nothing but its parameters: evaluated once if they are constant. */
  readonly pure: boolean;
  /** It asks a service. Then `evaluate` throws CallPending and CallFailed, and what `complain` finds is an error. */
  readonly external?: ExternalFunctionName;
  /** AWS allows no more calls of it in a statement. */
  readonly callsMax?: number;
  readonly examples: readonly Example[];
  /** Called with as many parameters as `params` allows, of any type. Never throws unless `external`; must not change them. */
  readonly evaluate: EvaluateCall;
  /**
   * Offered once when a statement is compiled: parameters that are constant, `dynamic` for the others. Gives a faster `evaluate`
   * with the work on the constants already done, or null.
   */
  readonly prepare?: (parameters: readonly (Value | typeof dynamic)[]) => EvaluateCall | null;
  /** Why these parameters, literals and `dynamic`, can only give Undefined (or fail); null when they are in order. Asked by the checker. */
  readonly complain?: (parameters: readonly (Value | typeof dynamic)[]) => string | null;
}

/** A parameter that is not known before a message is there. */
export const dynamic: unique symbol = Symbol('dynamic');

export function parameterCountMin(spec: FunctionSpec): number {
  return spec.params.filter((param) => param.isOptional === undefined && param.isRepeated === undefined).length;
}

export function parameterCountMax(spec: FunctionSpec): number {
  return spec.params.some((param) => param.isRepeated) ? Number.POSITIVE_INFINITY : spec.params.length;
}

/** The parameters of a call with so many of them, where optional ones are given all or none; null when there is no such call. */
export function paramsOf<Param extends ParameterSpec>(
  params: readonly Param[],
  count: number,
): readonly Param[] | null {
  if (count === params.length) return params;
  const required = params.filter((param) => param.isOptional === undefined);
  return count === required.length ? required : null;
}
