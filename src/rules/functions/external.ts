/** Functions that ask a service. What they may ask is configured: a function without its section is refused when a rule is checked. */

import { Decimal } from '../../decimal.ts';
import type { ExternalFunctionName } from '../../external-call.ts';
import { CallFailed, payloadDocument, resultOf } from '../external.ts';
import { isObject } from '../object.ts';
import type { Value } from '../value.ts';
import { dynamic, type FunctionSpec, type ParameterSpec, paramsOf } from './spec.ts';

/** Section of the configuration that makes a function available. */
export const sectionOf: Readonly<Record<ExternalFunctionName, string>> = {
  aws_lambda: 'connectors.lambda',
  get_dynamodb: 'connectors.dynamodb',
  get_registry_data: 'connectors.registry',
  get_secret: 'connectors.secrets',
  get_thing_shadow: 'connectors.shadows',
  machinelearning_predict: 'connectors.machineLearning',
};

/** What a parameter may be. `text` and `key` are not empty; a `role` is accepted for AWS's sake, and used for nothing. */
type Kind = 'text' | 'key' | 'json' | 'object' | 'role' | readonly string[];

interface ExternalParameter extends ParameterSpec {
  readonly kind: Kind;
}

interface ExternalSpec extends Pick<FunctionSpec, 'summary' | 'since' | 'examples' | 'callsMax'> {
  readonly name: ExternalFunctionName;
  /** Optional ones are given all or none. */
  readonly params: readonly ExternalParameter[];
}

const role: ExternalParameter = { name: 'roleArn', kind: 'role', literal: 'inAws' };

export const externalFunctions: readonly FunctionSpec[] = [
  external({
    name: 'aws_lambda',
    summary:
      "What a Lambda function returns for the input: any JSON value, or `*` for the payload. AWS's limit is 2 seconds.",
    since: '2015-10-08',
    params: [
      { name: 'functionArn', kind: 'text' },
      { name: 'input', kind: 'json', takesPayload: true },
    ],
    examples: [
      {
        sql: "aws_lambda('arn:aws:lambda:eu-west-1:123456789012:function:grade', {'bar': 5}).grade",
        result: '"good"',
      },
    ],
  }),
  external({
    name: 'get_dynamodb',
    summary:
      'The item of a DynamoDB table that has this partition key and, where the table has one, this sort key. Keys are Strings or numbers. Once per statement.',
    since: '2016-03-23',
    callsMax: 1,
    params: [
      { name: 'tableName', kind: 'text' },
      { name: 'partitionKeyName', kind: 'text' },
      { name: 'partitionKeyValue', kind: 'key' },
      { name: 'sortKeyName', kind: 'text', isOptional: true },
      { name: 'sortKeyValue', kind: 'key', isOptional: true },
      role,
    ],
    examples: [
      { sql: "get_dynamodb('presses', 'id', 'p1', 'arn:aws:iam::123456789012:role/r').line", result: '"north"' },
    ],
  }),
  external({
    name: 'get_registry_data',
    summary:
      "What the registry knows of a thing: 'DescribeThing', its type and attributes; 'ListThingGroupsForThing', its groups. Once per statement with its templates.",
    since: '2016-03-23',
    callsMax: 1,
    params: [
      { name: 'operation', kind: ['DescribeThing', 'ListThingGroupsForThing'], literal: 'required' },
      { name: 'thingName', kind: 'text' },
      role,
    ],
    examples: [
      {
        sql: "get_registry_data('DescribeThing', 'press-1', 'arn:aws:iam::123456789012:role/r').attributes.line",
        result: '"north"',
      },
    ],
  }),
  external({
    name: 'get_secret',
    summary:
      "A secret: as 'SecretString' its text or, with a key, the value of that key in its JSON; as 'SecretBinary' base64 text.",
    since: '2015-10-08',
    params: [
      { name: 'secretId', kind: 'text' },
      { name: 'secretType', kind: ['SecretString', 'SecretBinary'] },
      { name: 'key', kind: 'text', isOptional: true },
      role,
    ],
    examples: [
      { sql: "get_secret('site', 'SecretString', 'salt', 'arn:aws:iam::123456789012:role/r')", result: '"pepper"' },
    ],
  }),
  external({
    name: 'get_thing_shadow',
    summary: "The shadow of a thing, the classic one or the one of the name given. AWS's limit is 8 KB.",
    since: '2016-03-23',
    params: [{ name: 'thingName', kind: 'text' }, { name: 'shadowName', kind: 'text', isOptional: true }, role],
    examples: [
      {
        sql: "get_thing_shadow('press-1', 'arn:aws:iam::123456789012:role/r').state.reported.temperature",
        result: '21.5',
      },
    ],
  }),
  external({
    name: 'machinelearning_predict',
    summary: 'What a model predicts for a record, an object; members that are arrays or objects become JSON text.',
    since: '2015-10-08',
    params: [{ name: 'modelId', kind: 'text' }, role, { name: 'record', kind: 'object', takesPayload: true }],
    examples: [
      {
        sql: "machinelearning_predict('wear', 'arn:aws:iam::123456789012:role/r', {'hours': 7}).predictedLabel",
        result: '"ok"',
      },
    ],
  }),
];

function external(spec: ExternalSpec): FunctionSpec {
  const { name, params } = spec;
  return {
    ...spec,
    category: 'external',
    external: name,
    pure: false,
    evaluate: (parameters, context) => {
      const known = parameters.map((value) => (value instanceof Uint8Array ? payloadDocument(name, context) : value));
      const problem = problemOf(params, known);
      if (problem !== null) throw new CallFailed(name, problem);
      const shape = paramsOf(params, known.length) ?? params;
      return resultOf(
        name,
        known.filter((_, i) => shape[i]?.kind !== 'role'),
        context,
      );
    },
    complain: (parameters) => problemOf(params, parameters),
  };
}

function problemOf(
  params: readonly ExternalParameter[],
  parameters: readonly (Value | typeof dynamic)[],
): string | null {
  const shape = paramsOf(params, parameters.length);
  if (shape === null) {
    const required = params.filter((param) => param.isOptional === undefined).length;
    const expected = required === params.length ? `${required}` : `${required} or ${params.length}`;
    return `It takes ${expected} parameters, not ${parameters.length}.`;
  }
  for (const [i, { name, kind }] of shape.entries()) {
    const value = parameters[i];
    const problem = value === dynamic || kind === 'role' ? null : kindProblemOf(kind, value);
    if (problem !== null) return `Its parameter ${name} ${problem}.`;
  }
  return null;
}

/** Why a value is not of its kind, or null. */
function kindProblemOf(kind: Exclude<Kind, 'role'>, value: Value): string | null {
  if (value === undefined) return 'is Undefined';
  switch (kind) {
    case 'json':
      return null;
    case 'text':
      return typeof value === 'string' && value !== '' ? null : 'must be a String that is not empty';
    case 'key':
      if (typeof value === 'string' ? value !== '' : isNumber(value)) return null;
      return 'must be a number, or a String that is not empty';
    case 'object':
      return isObject(value) ? null : 'must be an object';
    default:
      return kind.some((text) => text === value) ? null : `must be ${kind.map((text) => `'${text}'`).join(' or ')}`;
  }
}

function isNumber(value: Value): boolean {
  return typeof value === 'number' || value instanceof Decimal;
}
