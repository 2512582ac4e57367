/** The rules of a CloudFormation or SAM template, under the names of the API. */
import { isMap, isScalar, isSeq } from 'yaml';
import { CodedError, type Finding } from '../errors.ts';
import { findingAt, type Path, type YamlSource } from '../yaml-document.ts';
import { payloadShape, type Shape } from './aws-actions.ts';
import type { FoundRule, FoundRules } from './found-rule.ts';
import { isPlainObject } from './rule-object.ts';
import { itemsOf, memberOf, membersOf, type Placed, scalarText } from './template-nodes.ts';
import { TemplateValues } from './template-values.ts';

/** Every `AWS::IoT::TopicRule` whose condition, if it has one, is met. A rule with a value that cannot be known is left out. */
export function templateRules(source: YamlSource, parameters: ReadonlyMap<string, string>): FoundRules {
  const { contents } = source.document;
  const root = contents === null ? null : { node: contents, path: [] };
  const resources = membersOf(memberOf(root, 'Resources', source.document), source.document);
  const values = new TemplateValues(source, parameters);
  const rules: FoundRule[] = [];
  const findings: Finding[] = [];
  let failed = 0;
  for (const { key, ...resource } of resources) {
    const type = textOf(memberOf(resource, 'Type', source.document));
    if (key.startsWith('Fn::ForEach')) {
      const why =
        'Loops are not read. Import the processed template: aws cloudformation get-template --template-stage Processed.';
      findings.push(findingAt(source, resource.path, 'RULE_VALUE_UNRESOLVED', why));
      failed++;
    } else if (type === 'AWS::IoT::TopicRule') {
      const read = new RuleReader(source, values).read(key, resource);
      findings.push(...read.findings);
      rules.push(...read.rules);
      if (read.findings.some(({ severity }) => severity === 'error')) failed++;
    } else if (type === 'AWS::Serverless::Function') {
      const events = functionEvents(source, resource);
      findings.push(...events);
      failed += events.length;
    }
  }
  if (rules.length === 0 && findings.length === 0) {
    findings.push(findingAt(source, [], 'RULE_INVALID', 'The template has no resource of type AWS::IoT::TopicRule.'));
    failed++;
  }
  return { rules, failed, findings };
}

/** Rules that SAM makes by itself: they call the function. */
function functionEvents(source: YamlSource, resource: Placed): readonly Finding[] {
  const { document } = source;
  const events = membersOf(memberOf(memberOf(resource, 'Properties', document), 'Events', document), document);
  return events
    .filter((event) => textOf(memberOf(event, 'Type', document)) === 'IoTRule')
    .map((event) => {
      const why =
        'An event of type IoTRule is a rule that calls the function, and this gateway has no lambda action. Keep it in AWS.';
      return findingAt(source, event.path, 'RULE_ACTION_UNSUPPORTED', why);
    });
}

class RuleReader {
  readonly #source: YamlSource;
  readonly #values: TemplateValues;
  readonly #places = new Map<string, Path>();
  readonly #findings: Finding[] = [];

  constructor(source: YamlSource, values: TemplateValues) {
    this.#source = source;
    this.#values = values;
  }

  read(logicalId: string, resource: Placed): Omit<FoundRules, 'failed'> {
    const { document } = this.#source;
    const properties = memberOf(resource, 'Properties', document);
    const payload = memberOf(properties, 'TopicRulePayload', document);
    const isLeftOut = this.#attempt(resource.path, () => !this.#isMet(resource));
    if (isLeftOut === true) {
      const why = 'The condition of this rule is not met; it is left out.';
      this.#findings.push(findingAt(this.#source, resource.path, 'RULE_INVALID', why, 'warning'));
    }
    if (isLeftOut !== false) return { rules: [], findings: this.#findings };
    if (payload === null) {
      const why = 'The rule has no TopicRulePayload.';
      return { rules: [], findings: [findingAt(this.#source, resource.path, 'RULE_INVALID', why)] };
    }
    const tags = memberOf(properties, 'Tags', document);
    if (tags !== null) {
      this.#findings.push(findingAt(this.#source, tags.path, 'RULE_INVALID', '"Tags" is left out.', 'warning'));
    }
    const ownName = memberOf(properties, 'RuleName', document);
    const given = ownName === null ? undefined : this.#convert(ownName, 'text', ['ruleName']);
    const fields = this.#convert(payload, payloadShape, []);
    const isWhole = this.#findings.every((finding) => finding.severity !== 'error');
    const name = given ?? logicalId.replace(/[^a-zA-Z0-9_]/g, '_').slice(0, 128);
    const rule: FoundRule = {
      source: this.#source,
      fields: { ruleName: name, ...(isPlainObject(fields) ? fields : {}) },
      origin: {},
      placeOf: (path) => this.#placeOf(path, resource.path),
    };
    return { rules: isWhole ? [rule] : [], findings: this.#findings };
  }

  #isMet(resource: Placed): boolean {
    const condition = textOf(memberOf(resource, 'Condition', this.#source.document));
    return condition === '' || this.#values.isMet(condition, [...resource.path, 'Condition']);
  }

  /** The value at a place as the API has it; undefined = nothing, or a finding says why. */
  #convert(placed: Placed, shape: Shape | null, to: Path): unknown {
    this.#places.set(keyOf(to), placed.path);
    const peeled = this.#attempt(to, () => this.#values.peel(placed));
    if (peeled === undefined || peeled.kind === 'absent') return undefined;
    if (peeled.kind === 'value') return typeof peeled.value === 'string' ? scalarOf(peeled.value, shape) : peeled.value;
    const { node } = peeled;
    if (isScalar(node)) return shape === null ? node.value : scalarOf(scalarText(node), shape);
    if (isSeq(node)) {
      const itemShape = Array.isArray(shape) ? (shape[0] as Shape) : null;
      return itemsOf(peeled, this.#source.document)
        .map((item, index) => this.#convert(item, itemShape, [...to, index]))
        .filter((item) => item !== undefined);
    }
    return isMap(node) ? this.#convertMembers(peeled, shape, to) : undefined;
  }

  #convertMembers(placed: Placed, shape: Shape | null, to: Path): unknown {
    const entries = membersOf(placed, this.#source.document).flatMap(({ key, ...member }) => {
      const [name, memberShape] = fieldOf(shape, key);
      const value = this.#convert(member, memberShape, [...to, name]);
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(entries);
  }

  /** undefined after a finding. A role is not used here, so that a rule without it is whole. */
  #attempt<T>(to: Path, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const isRole = to.at(-1) === 'roleArn';
      for (const finding of error.findings) {
        this.#findings.push(
          isRole
            ? {
                ...finding,
                severity: 'warning',
                message: `roleArn is left out; it is not used here. ${finding.message}`,
              }
            : finding,
        );
      }
      return undefined;
    }
  }

  #placeOf(path: Path, fallback: Path): Path {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(keyOf(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return fallback;
  }
}

/** The API's name of a field and what it holds; a key that is not known keeps its name. */
function fieldOf(shape: Shape | null, key: string): readonly [string, Shape | null] {
  if (shape === 'texts') return [key, 'text'];
  if (shape === null || typeof shape === 'string' || Array.isArray(shape)) return [key, null];
  const lower = key.toLowerCase();
  const found = Object.entries(shape).find(([name]) => name.toLowerCase() === lower);
  return found ?? [key, null];
}

/** CloudFormation takes `"true"` for true and `1` for `"1"`, as the property asks. */
function scalarOf(text: string, shape: Shape | null): unknown {
  if (shape === 'flag' && /^(true|yes|on)$/i.test(text)) return true;
  if (shape === 'flag' && /^(false|no|off)$/i.test(text)) return false;
  if (shape === 'number' && /^-?\d{1,15}$/.test(text)) return Number(text);
  return text;
}

function textOf(placed: Placed | null): string {
  return placed !== null && isScalar(placed.node) ? scalarText(placed.node) : '';
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
