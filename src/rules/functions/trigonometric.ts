/** Trigonometric functions, in radians and double precision; Undefined where a result is not real. */
import { finite, ofDouble, ofNumbers } from './number.ts';
import type { FunctionSpec } from './spec.ts';

export const trigonometricFunctions: readonly FunctionSpec[] = [
  ofAngle('acos', 'Arc cosine; Undefined beyond -1…1.', Math.acos, '0', '1.5707963267948966'),
  ofAngle('asin', 'Arc sine; Undefined beyond -1…1.', Math.asin, '0', '0'),
  ofAngle('atan', 'Arc tangent.', Math.atan, '0', '0'),
  {
    name: 'atan2',
    category: 'number',
    summary: 'The angle between the positive x axis and the point (x, y). The first parameter is y.',
    since: '2015-10-08',
    params: [{ name: 'y' }, { name: 'x' }],
    pure: true,
    examples: [{ sql: 'atan2(1, 0)', result: '1.5707963267948966' }],
    evaluate: ofNumbers((y, x) => finite(Math.atan2(Number(y), Number(x)))),
  },
  ofAngle('cos', 'Cosine.', Math.cos, '0', '1'),
  ofAngle('cosh', 'Hyperbolic cosine.', Math.cosh, '0', '1'),
  ofAngle('sin', 'Sine.', Math.sin, '0', '0'),
  ofAngle('sinh', 'Hyperbolic sine.', Math.sinh, '0', '0'),
  ofAngle('tan', 'Tangent.', Math.tan, '0', '0'),
  ofAngle('tanh', 'Hyperbolic tangent.', Math.tanh, '0', '0'),
];

function ofAngle(
  name: string,
  summary: string,
  calculate: (value: number) => number,
  input: string,
  result: string,
): FunctionSpec {
  return {
    name,
    category: 'number',
    summary,
    since: '2015-10-08',
    params: [{ name: 'x' }],
    pure: true,
    examples: [{ sql: `${name}(${input})`, result }],
    evaluate: ofDouble(calculate),
  };
}
