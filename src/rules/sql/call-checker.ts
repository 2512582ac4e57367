/** What AWS allows of single functions, and what is configured of what they need. */
import type { ErrorCode } from '../../errors.ts';
import type { ExternalFunctionName } from '../../external-call.ts';
import { sectionOf } from '../functions/external.ts';
import { dynamic, type FunctionSpec, parameterCountMax, parameterCountMin, paramsOf } from '../functions/spec.ts';
import type { DescriptorSet } from '../protobuf/descriptor-set.ts';
import type { Expression } from './ast.ts';
import { checkProtoCall, isProtoCall, PROTO_CALLS_MAX } from './proto-call.ts';
import type { Span } from './source.ts';

export interface CallRules {
  readonly isTemplate: boolean;
  /** As in CompileOptions: absent where nobody knows. */
  readonly available?: ReadonlySet<ExternalFunctionName>;
  readonly descriptors?: readonly DescriptorSet[];
}

type Call = Extract<Expression, { kind: 'call' }>;
type Report = (span: Span, code: ErrorCode, message: string) => void;

/** AWS: "you can call get_registry_data only once per SQL statement and substitution templates". */
const countedWithTemplates = 'get_registry_data';

export class CallChecker {
  readonly #rules: CallRules;
  readonly #fail: Report;
  readonly #warn: Report;
  readonly #counts = new Map<string, number>();
  #isInDefault = false;

  constructor(rules: CallRules, fail: Report, warn: Report) {
    this.#rules = rules;
    this.#fail = fail;
    this.#warn = warn;
  }

  check(spec: FunctionSpec, call: Call): void {
    if (isProtoCall(call)) this.#proto(call);
    else if (spec.external !== undefined) this.#external(spec, spec.external, call);
    else {
      this.#countParameters(spec, call);
      const complaint = complaintOf(spec, call);
      if (complaint !== null) this.#warn(call, 'SQL_ARGUMENTS', `${complaint} The result is Undefined.`);
    }
    this.#literals(spec, call);
  }

  /** Checks the default of get_or_default(), in which AWS does not allow functions that ask a service. */
  inDefault(check: () => void): void {
    const outer = this.#isInDefault;
    this.#isInDefault = true;
    check();
    this.#isInDefault = outer;
  }

  /** Counts on from a statement that was checked by `other`, for its templates. */
  continueFrom(other: CallChecker): void {
    this.#counts.set(countedWithTemplates, other.#counts.get(countedWithTemplates) ?? 0);
  }

  #proto(call: Call): void {
    if (this.#rules.isTemplate) {
      const why = "decode(…, 'proto', …) cannot stand in a template; decode into a variable with SET and use that.";
      this.#fail(call, 'SQL_ARGUMENTS', why);
    }
    this.#refuseInDefault(call, 'decode');
    this.#count(call, "decode(…, 'proto', …)", PROTO_CALLS_MAX);
    checkProtoCall(call, this.#rules.descriptors, this.#fail);
  }

  #external(spec: FunctionSpec, name: ExternalFunctionName, call: Call): void {
    const { available } = this.#rules;
    if (available !== undefined && !available.has(name)) {
      const why = `${name}() has no connector; add ${sectionOf[name]} to the configuration.`;
      this.#fail(call.nameSpan, 'CONFIG_REFERENCE_UNKNOWN', why);
    }
    this.#refuseInDefault(call, name);
    if (spec.callsMax !== undefined) this.#count(call, name, spec.callsMax);
    const complaint = complaintOf(spec, call);
    if (complaint !== null) this.#fail(call, 'SQL_ARGUMENTS', `${name}(): ${complaint}`);
  }

  #refuseInDefault(call: Call, name: string): void {
    if (!this.#isInDefault) return;
    const why = `${name}() asks a service, which the default of get_or_default() must not; it stands in for a failure.`;
    this.#fail(call, 'SQL_ARGUMENTS', why);
  }

  #count(call: Call, name: string, max: number): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count !== max + 1) return;
    const where = name === countedWithTemplates ? 'a statement with its templates' : 'a statement';
    const times = max === 1 ? 'once' : `${max} times`;
    const why = `AWS IoT allows ${name} ${times} in ${where}; keep the result in a variable with SET.`;
    this.#fail(call, 'SQL_ARGUMENTS', why);
  }

  #literals(spec: FunctionSpec, call: Call): void {
    const params = paramsOf(spec.params, call.parameters.length) ?? [];
    for (const [i, { name, literal }] of params.entries()) {
      const parameter = call.parameters[i];
      if (literal === undefined || parameter === undefined || parameter.kind === 'literal') continue;
      if (literal === 'required') {
        this.#fail(parameter, 'SQL_ARGUMENTS', `${spec.name}() takes a literal as its ${name}.`);
      } else {
        this.#warn(parameter, 'SQL_ARGUMENTS', `AWS IoT takes a literal only as the ${name} of ${spec.name}().`);
      }
    }
  }

  #countParameters(spec: FunctionSpec, call: Call): void {
    const count = call.parameters.length;
    const min = parameterCountMin(spec);
    const max = parameterCountMax(spec);
    if (count >= min && count <= max) return;
    const expected = min === max ? `${min}` : `${min} to ${max}`;
    this.#warn(call, 'SQL_ARGUMENTS', `${spec.name}() takes ${expected} parameters; with ${count} it is Undefined.`);
  }
}

function complaintOf(spec: FunctionSpec, call: Call): string | null {
  const constants = call.parameters.map((parameter) => (parameter.kind === 'literal' ? parameter.value : dynamic));
  return spec.complain?.(constants) ?? null;
}
