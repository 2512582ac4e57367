/**
 * Calls of SQL functions that ask a service. Plain data: they are found in a lane's worker, answered on the main thread, and the
 * answers go back to the lane before the rule is evaluated. Texts are JSON, so that numbers keep their digits on the way.
 */

/** The functions of AWS IoT SQL that ask a service, by AWS's names. */
export const externalFunctionNames = [
  'aws_lambda',
  'get_dynamodb',
  'get_registry_data',
  'get_secret',
  'get_thing_shadow',
  'machinelearning_predict',
] as const;

export type ExternalFunctionName = (typeof externalFunctionNames)[number];

export interface ExternalCall {
  readonly function: ExternalFunctionName;
  /** JSON text of the array of parameters as the function was given them; null stands for Undefined. */
  readonly parameters: string;
}

/** `text`: the result as JSON; '' is Undefined. */
export type ExternalAnswer =
  | { readonly isOk: true; readonly text: string }
  | { readonly isOk: false; readonly reason: string };
