/** THE list of SQL functions, in the order of the reference page. */
import { arrayFunctions } from './array.ts';
import { bitFunctions } from './bit.ts';
import { conversionFunctions } from './conversion.ts';
import { externalFunctions } from './external.ts';
import { hashFunctions } from './hash.ts';
import { messageFunctions } from './message.ts';
import { numberFunctions } from './number.ts';
import { regexFunctions } from './regex.ts';
import type { FunctionSpec } from './spec.ts';
import { stringFunctions } from './string.ts';
import { timeFunctions } from './time.ts';
import { trigonometricFunctions } from './trigonometric.ts';

export const functions: readonly FunctionSpec[] = [
  ...conversionFunctions,
  ...numberFunctions,
  ...trigonometricFunctions,
  ...bitFunctions,
  ...stringFunctions,
  ...regexFunctions,
  ...hashFunctions,
  ...arrayFunctions,
  ...messageFunctions,
  ...timeFunctions,
  ...externalFunctions,
];

const byName = new Map(functions.map((spec) => [spec.name.toLowerCase(), spec]));

export function functionNamed(name: string): FunctionSpec | undefined {
  return byName.get(name.toLowerCase());
}
