/** What functions can give for what their parameters can be. A function that is not listed can give anything. */
import { findCastType } from '../../cast.ts';
import { functionNamed } from '../../functions/index.ts';
import { type FunctionSpec, parameterCountMax, parameterCountMin } from '../../functions/spec.ts';
import { newFrame } from '../frame.ts';
import {
  anyBoolean,
  anyKind,
  anyNumeric,
  anyText,
  anyTextual,
  anything,
  either,
  kinds,
  ofKinds,
  ofValues,
  onlyUndefined,
  type Possible,
} from './possible.ts';

type Result = (parameters: readonly Possible[]) => Possible;

export function callResult(name: string, parameters: readonly Possible[]): Possible {
  const spec = functionNamed(name);
  if (spec === undefined) return anything;
  const count = parameters.length;
  if (count < parameterCountMin(spec) || count > parameterCountMax(spec)) return onlyUndefined;
  const [first] = parameters;
  const isConstant = parameters.every((parameter) => parameter.values?.length === 1);
  // One of several values is common (CASE), and worth trying; more parameters of that kind are not.
  if (spec.pure && first !== undefined && (isConstant || (count === 1 && first.values !== null))) {
    return called(spec, parameters);
  }
  return results[spec.name.toLowerCase()]?.(parameters) ?? anything;
}

function called(spec: FunctionSpec, parameters: readonly Possible[]): Possible {
  const { context } = newFrame(0);
  const rest = parameters.slice(1).map((parameter) => parameter.values?.[0]);
  return ofValues((parameters[0]?.values ?? []).map((value) => spec.evaluate([value, ...rest], context)));
}

/** `result` or Undefined; Undefined alone when a parameter cannot be any of what the function accepts in its place. */
function of(result: number, ...accepted: readonly number[]): Result {
  return (parameters) => {
    const isRefused = parameters.some((parameter, i) => (parameter.kinds & (accepted[i] ?? anyKind)) === 0);
    return isRefused ? onlyUndefined : ofKinds(result | kinds.undefined);
  };
}

function orDefault([value, otherwise = onlyUndefined]: readonly Possible[]): Possible {
  const missing = kinds.undefined | kinds.null;
  if (value === undefined) return onlyUndefined;
  if ((value.kinds & missing) === 0) return value;
  const present: Possible = { ...value, kinds: value.kinds & ~missing, values: null };
  return present.kinds === 0 ? otherwise : either(present, otherwise);
}

function isKind(kind: number): Result {
  return ([value = anything]) => {
    const is = (value.kinds & kind) !== 0 ? kinds.true : 0;
    return ofKinds(is | ((value.kinds & ~kind) !== 0 ? kinds.false : 0));
  };
}

function concatenated(parameters: readonly Possible[]): Possible {
  const [first = onlyUndefined] = parameters;
  if (parameters.length < 2) return first;
  let set: number = kinds.undefined;
  for (const parameter of parameters) set |= parameter.kinds & kinds.array;
  if (parameters.some((parameter) => (parameter.kinds & anyText) !== 0)) set |= anyText;
  return ofKinds(set);
}

const containers = kinds.array | kinds.object | anyText;

function taken([container = anything, key = anything]: readonly Possible[]): Possible {
  const isNumbered = (container.kinds & (kinds.array | anyText)) !== 0 && (key.kinds & anyNumeric) !== 0;
  const isNamed = (container.kinds & kinds.object) !== 0 && (key.kinds & anyText) !== 0;
  if (!isNumbered && !isNamed) return onlyUndefined;
  return (container.kinds & containers & ~anyText) === 0 ? ofKinds(anyText | kinds.undefined) : anything;
}

const number = of(kinds.number, anyNumeric, anyNumeric);
const text = of(anyText, anyTextual, anyTextual, anyTextual);
const truth = of(anyBoolean, anyTextual, anyTextual);
const padded = of(anyText, anyTextual, anyNumeric);

function each(names: string, result: Result): Record<string, Result> {
  return Object.fromEntries(names.split(' ').map((name) => [name, result]));
}

/** By name in lower case. A test holds each of them against its function. */
const results: Readonly<Record<string, Result>> = {
  ...each('abs sign ceil floor round trunc mod remainder power sqrt exp ln log rand', number),
  ...each('acos asin atan atan2 cos cosh sin sinh tan tanh bitand bitor bitxor bitnot', number),
  ...each('lower upper trim ltrim rtrim replace regexp_replace regexp_substr', text),
  ...each('md2 md5 sha1 sha224 sha256 sha384 sha512', text),
  ...each('startswith endswith regexp_matches', truth),
  ...each('lpad rpad', padded),
  ...each('topic', of(anyText, anyNumeric)),
  ...each('clientid principal sourceip accountid traceid newuuid sql_version', of(anyText)),
  ...each('length numbytes indexof', of(kinds.number, anyTextual, anyTextual)),
  substring: of(anyText, anyTextual, anyNumeric, anyNumeric),
  chr: of(anyText, anyNumeric),
  concat: concatenated,
  encode: of(anyText, anyTextual | kinds.bytes, anyText),
  get: taken,
  get_or_default: orDefault,
  nanvl: orDefault,
  isnull: isKind(kinds.null),
  isundefined: isKind(kinds.undefined),
  transform: of(kinds.array, anyText, kinds.object, kinds.array),
  timestamp: of(kinds.number),
  get_mqtt_property: of(anyText, anyText),
  get_user_properties: of(kinds.array),
  parse_time: of(anyText, anyTextual, anyNumeric, anyTextual),
  time_to_epoch: of(kinds.number, anyTextual, anyTextual),
};

const castKinds: Readonly<Record<string, Result>> = {
  ...each('string nvarchar text ntext varchar', text),
  ...each('int integer double decimal', of(kinds.number, anyNumeric | anyBoolean)),
  ...each('bool boolean', of(anyBoolean, kinds.number | anyBoolean | kinds.trueText | kinds.falseText)),
};

export function castResult(type: string, operand: Possible): Possible {
  const found = findCastType(type);
  if (operand.values !== null && found !== undefined) return ofValues(operand.values.map(found.convert));
  return castKinds[type.toLowerCase()]?.([operand]) ?? anything;
}
