/** decode(value, 'proto', bucket, key, protoName, messageType): the one function that is bound to a file when it is compiled. */
import { asError, type ErrorCode } from '../../errors.ts';
import { bytesOfBase64 } from '../base64.ts';
import { CallFailed } from '../external.ts';
import { type DescriptorSet, findType, type TypeReference } from '../protobuf/descriptor-set.ts';
import { createReader } from '../protobuf/read-message.ts';
import type { Value } from '../value.ts';
import type { Expression } from './ast.ts';
import type { Evaluate } from './frame.ts';
import type { Span } from './source.ts';

type Call = Extract<Expression, { kind: 'call' }>;

const PARAMETER_COUNT = 6;
/** The library may quote what it was given. */
const WHY_CHARACTERS_MAX = 300;
/** AWS: "you can use the decode SQL function within a single SQL expression up to two times". */
export const PROTO_CALLS_MAX = 2;

/** Whether a call decodes protobuf, or tries to. */
export function isProtoCall({ name, parameters }: Call): boolean {
  if (name.toLowerCase() !== 'decode') return false;
  const scheme = parameters[1];
  return scheme !== undefined && (textOf(scheme) === 'proto' || (scheme.kind !== 'literal' && parameters.length > 2));
}

/** Reports what is wrong with a call. `sets`: the descriptor sets there are; undefined where nobody knows. */
export function checkProtoCall(
  call: Call,
  sets: readonly DescriptorSet[] | undefined,
  report: (span: Span, code: ErrorCode, message: string) => void,
): void {
  const { parameters } = call;
  if (parameters.length !== PARAMETER_COUNT) {
    const takes = "decode(value, 'proto', bucket, key, protoName, messageType) takes 6 parameters";
    report(call, 'SQL_ARGUMENTS', `${takes}, not ${parameters.length}.`);
    return;
  }
  const dynamic = parameters.slice(1).filter((parameter) => textOf(parameter) === null);
  for (const parameter of dynamic) {
    report(parameter, 'SQL_ARGUMENTS', "decode(…, 'proto', …) takes literals for all but its first parameter.");
  }
  const reference = referenceOf(call);
  if (reference === null || sets === undefined) return;
  const found = findType(sets, reference);
  if (found.isFound) return;
  const order: readonly (keyof TypeReference)[] = ['bucket', 'key', 'protoName', 'messageType'];
  report(parameters[2 + order.indexOf(found.member)] ?? call, found.code, found.why);
}

/** `value` gives the bytes, or base64 text of them. The closure throws CallFailed for what it cannot decode. */
export function compileProtoCall(call: Call, value: Evaluate, sets: readonly DescriptorSet[]): Evaluate {
  const reference = referenceOf(call);
  const found = reference === null ? null : findType(sets, reference);
  if (found === null || !found.isFound) {
    const why = found?.why ?? 'It was called with other parameters than literals.';
    return () => {
      throw new CallFailed('decode', why);
    };
  }
  const read = createReader(found);
  const { typeName } = found.type;
  return (frame) => {
    const bytes = bytesOf(value(frame));
    try {
      return read(bytes);
    } catch (error) {
      const why = asError(error).message.slice(0, WHY_CHARACTERS_MAX);
      throw new CallFailed('decode', `The value is not a ${typeName} that can be decoded: ${why}.`);
    }
  };
}

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : null;
  if (bytes === null) throw new CallFailed('decode', 'The value is not base64 text.');
  return bytes;
}

function referenceOf({ parameters }: Call): TypeReference | null {
  const [bucket, key, protoName, messageType] = parameters.slice(2).map(textOf);
  if (typeof bucket !== 'string' || typeof key !== 'string') return null;
  if (typeof protoName !== 'string' || typeof messageType !== 'string') return null;
  return { bucket, key, protoName, messageType };
}

/** Of a literal String. */
function textOf(expression: Expression): string | null {
  return expression.kind === 'literal' && typeof expression.value === 'string' ? expression.value : null;
}
