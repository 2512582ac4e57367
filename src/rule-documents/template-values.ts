/**
 * Values of a CloudFormation template: intrinsic functions and what they refer to, as far as they can be known without deploying it.
 * What cannot is a `CodedError` that names its place and what to pass.
 *
 * A value that the caller passes comes first, under the name by which the template refers to it: a parameter, a pseudo parameter
 * (`AWS::Region`), a resource (`Bucket`), an attribute (`Stream.Arn`) or an export.
 */
import { isScalar, isSeq } from 'yaml';
import { CodedError } from '../errors.ts';
import { findingAt, type Path, type YamlSource } from '../yaml-document.ts';
import { type IntrinsicCall, intrinsicCall, itemsOf, memberOf, type Placed, scalarText } from './template-nodes.ts';
import { resourceFormOf } from './template-resources.ts';

/** AWS takes rules of 128 KiB; a text that grows past this by substitution is none, and may be a bomb. */
const TEXT_CHARACTERS_MAX = 131_072;
const LIST_ITEMS_MAX = 1_000;
/** Functions within functions, those of what they refer to included. */
const CALLS_MAX = 100;

/** What stands at a place once every function around it is done with. `absent`: nothing, `AWS::NoValue`. */
export type Peeled =
  | ({ readonly kind: 'node' } & Placed)
  | { readonly kind: 'value'; readonly value: string | readonly string[] }
  | { readonly kind: 'absent' };

const ABSENT: Peeled = { kind: 'absent' };

export class TemplateValues {
  readonly #source: YamlSource;
  readonly #passed: ReadonlyMap<string, string>;
  readonly #names = new Map<string, string>();
  readonly #conditions = new Map<string, boolean>();
  #calls = 0;

  constructor(source: YamlSource, passed: ReadonlyMap<string, string>) {
    this.#source = source;
    this.#passed = passed;
  }

  /** @throws CodedError */
  peel(placed: Placed): Peeled {
    if (isScalar(placed.node) && placed.node.value === null && placed.node.tag === undefined) return ABSENT;
    const call = intrinsicCall(placed, this.#source.document);
    if (call === null || call.name === 'Condition') return { kind: 'node', ...placed };
    this.#calls++;
    try {
      if (this.#calls > CALLS_MAX) this.#refuse(placed.path, 'Functions refer to one another without an end.');
      return this.#apply(call);
    } finally {
      this.#calls--;
    }
  }

  /** '' where nothing stands. @throws CodedError also where something else than a text does. */
  text(placed: Placed): string {
    return this.#textOrNothing(placed) ?? '';
  }

  /** A condition by name. @throws CodedError */
  isMet(name: string, path: Path): boolean {
    const known = this.#conditions.get(name);
    if (known !== undefined) return known;
    const condition = this.#member(['Conditions', name]);
    if (condition === null) return this.#refuse(path, `The template has no condition "${name}".`);
    const result = this.#isTrue(condition);
    this.#conditions.set(name, result);
    return result;
  }

  #textOrNothing(placed: Placed): string | null {
    const peeled = this.peel(placed);
    if (peeled.kind === 'absent') return null;
    if (peeled.kind === 'value') {
      return typeof peeled.value === 'string'
        ? peeled.value
        : this.#refuse(placed.path, 'A text is expected, not a list.');
    }
    return isScalar(peeled.node) ? scalarText(peeled.node) : this.#refuse(peeled.path, 'A text is expected here.');
  }

  #apply({ name, argument }: IntrinsicCall): Peeled {
    switch (name) {
      case 'Ref':
        return this.#ref(this.#literal(argument), argument.path);
      case 'Fn::If': {
        const [condition, whenMet, otherwise] = this.#arguments(argument, 3);
        const chosen = this.isMet(this.#literal(condition), argument.path) ? whenMet : otherwise;
        return this.peel(chosen);
      }
      case 'Fn::GetAtt':
        return { kind: 'value', value: this.#attribute(this.#attributeName(argument), argument.path) };
      case 'Fn::Sub':
        return { kind: 'value', value: this.#substitute(argument) };
      case 'Fn::Join': {
        const [separator, list] = this.#arguments(argument, 2);
        return this.#bounded(this.#list(list).join(this.text(separator)), argument.path);
      }
      case 'Fn::Split': {
        const [separator, text] = this.#arguments(argument, 2);
        const delimiter = this.text(separator);
        if (delimiter === '') return this.#refuse(argument.path, 'Fn::Split needs a delimiter.');
        return { kind: 'value', value: this.text(text).split(delimiter) };
      }
      case 'Fn::Select': {
        const [index, list] = this.#arguments(argument, 2);
        const value = this.#list(list)[Number(this.text(index))];
        return value === undefined
          ? this.#refuse(argument.path, 'Fn::Select names an item that the list does not have.')
          : { kind: 'value', value };
      }
      case 'Fn::FindInMap':
        return this.#findInMap(argument);
      case 'Fn::Base64':
        return { kind: 'value', value: Buffer.from(this.text(argument)).toString('base64') };
      case 'Fn::ImportValue': {
        const exported = this.text(argument);
        const value = this.#passed.get(exported);
        return value === undefined
          ? this.#ask(argument.path, `The export "${exported}"`, exported)
          : { kind: 'value', value };
      }
      default:
        return this.#refuse(argument.path, `${name} is not resolved here. Write the value that it has.`);
    }
  }

  #ref(name: string, path: Path): Peeled {
    if (name === 'AWS::NoValue') return ABSENT;
    const parameter = this.#member(['Parameters', name]);
    const type = this.#textAt(parameter, 'Type');
    // The default of such a parameter is the name under which the Systems Manager has its value.
    const isStoredElsewhere = type.startsWith('AWS::SSM::Parameter::Value');
    const given = this.#passed.get(name) ?? (isStoredElsewhere ? undefined : this.#default(parameter));
    if (given !== undefined) {
      const isList = type === 'CommaDelimitedList' || type.includes('List<');
      return { kind: 'value', value: isList ? given.split(',').map((item) => item.trim()) : given };
    }
    if (name.startsWith('AWS::')) return { kind: 'value', value: this.#pseudo(name, path) };
    if (parameter !== null) return this.#ask(path, `The parameter "${name}" has no default and`, name);
    const form = resourceFormOf(this.#resourceType(name));
    const ownName = form === null ? undefined : this.#nameOf(name, form.name, path);
    if (form === null || ownName === undefined) return this.#ask(path, `What "${name}" refers to`, name);
    return { kind: 'value', value: this.#fill(form.ref, ownName, path) };
  }

  #pseudo(name: string, path: Path): string {
    const given = this.#passed.get(name);
    if (given !== undefined) return given;
    const region = this.#passed.get('AWS::Region');
    const isChina = region?.startsWith('cn-') ?? false;
    if (region !== undefined && name === 'AWS::Partition') {
      if (isChina) return 'aws-cn';
      return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
    }
    if (region !== undefined && name === 'AWS::URLSuffix') return isChina ? 'amazonaws.com.cn' : 'amazonaws.com';
    // These follow from the region; asked for by themselves, the region would be asked for next.
    const isOfRegion = name === 'AWS::Partition' || name === 'AWS::URLSuffix';
    return this.#ask(path, `The value of ${name}`, isOfRegion ? 'AWS::Region' : name);
  }

  #attribute(name: string, path: Path): string {
    const given = this.#passed.get(name);
    if (given !== undefined) return given;
    const [resource = '', ...attribute] = name.split('.');
    const form = resourceFormOf(this.#resourceType(resource));
    const pattern = form?.attributes.get(attribute.join('.'));
    const ownName = form === null ? undefined : this.#nameOf(resource, form.name, path);
    if (pattern === undefined || ownName === undefined) return this.#ask(path, `The value of ${name}`, name);
    return this.#fill(pattern, ownName, path);
  }

  #attributeName(argument: Placed): string {
    if (!isSeq(argument.node)) return this.#literal(argument);
    return itemsOf(argument, this.#source.document)
      .map((item) => this.text(item))
      .join('.');
  }

  #fill(pattern: string, name: string, path: Path): string {
    return pattern.replace(/\{([^}]+)\}/g, (_, part: string) => (part === 'name' ? name : this.#pseudo(part, path)));
  }

  /** The name that the template gives a resource; undefined where it leaves that to CloudFormation. */
  #nameOf(resource: string, property: string, path: Path): string | undefined {
    const known = this.#names.get(resource);
    if (known !== undefined) return known;
    const given = this.#member(['Resources', resource, 'Properties', property]);
    if (given === null) return undefined;
    const name = this.text(given);
    if (name === '') return undefined;
    if (name.length > TEXT_CHARACTERS_MAX) return this.#refuse(path, 'The text is longer than any rule may be.');
    this.#names.set(resource, name);
    return name;
  }

  /** `${Name}`, `${Name.Attribute}`; `${!…}` stands for `${…}`, which AWS IoT reads. */
  #substitute(argument: Placed): string {
    const parts = isSeq(argument.node) ? itemsOf(argument, this.#source.document) : [argument];
    const [text, variables] = parts;
    const { path } = argument;
    if (text === undefined || parts.length > 2)
      return this.#refuse(path, 'Fn::Sub takes a text, or a list of a text and a map.');
    // Each variable is evaluated once: nested twenty deep and named twice each, they would be a million.
    const values = new Map<string, string>();
    const result = this.#literal(text).replace(/\$\{([^}]*)\}/g, (whole, inner: string) => {
      if (inner.startsWith('!')) return `\${${inner.slice(1)}}`;
      const name = inner.trim();
      if (!/^[A-Za-z0-9:.]+$/.test(name)) {
        return this.#refuse(
          path,
          `${whole} names nothing in the template. For AWS IoT to read it, write \${!${inner}}.`,
        );
      }
      const known = values.get(name);
      if (known !== undefined) return known;
      const variable = memberOf(variables ?? null, name, this.#source.document);
      if (variable !== null) {
        const value = this.text(variable);
        values.set(name, value);
        return value;
      }
      return name.includes('.') ? this.#attribute(name, path) : this.#refText(name, path);
    });
    if (result.length > TEXT_CHARACTERS_MAX) return this.#refuse(path, 'The text is longer than any rule may be.');
    return result;
  }

  #refText(name: string, path: Path): string {
    const value = this.#ref(name, path);
    if (value.kind !== 'value') return '';
    return typeof value.value === 'string' ? value.value : value.value.join(',');
  }

  #findInMap(argument: Placed): Peeled {
    const keys = itemsOf(argument, this.#source.document).map((item) => this.text(item));
    const found = this.#member(['Mappings', ...keys.slice(0, 3)]);
    if (keys.length < 3 || found === null) {
      return this.#refuse(argument.path, `The template has no mapping ${keys.join(' › ')}.`);
    }
    return isSeq(found.node) ? { kind: 'value', value: this.#list(found) } : { kind: 'value', value: this.text(found) };
  }

  #isTrue(placed: Placed): boolean {
    const call = intrinsicCall(placed, this.#source.document);
    const { path } = placed;
    if (call === null) return this.#refuse(path, 'A condition function is expected here.');
    const { name, argument } = call;
    if (name === 'Condition') return this.#nested(path, () => this.isMet(this.#literal(argument), path));
    const parts = itemsOf(argument, this.#source.document);
    const [first, second] = parts;
    if (name === 'Fn::Equals' && first !== undefined && second !== undefined)
      return this.text(first) === this.text(second);
    return this.#nested(path, () => {
      if (name === 'Fn::Not' && first !== undefined) return !this.#isTrue(first);
      if (name === 'Fn::And' && first !== undefined) return parts.every((part) => this.#isTrue(part));
      if (name === 'Fn::Or' && first !== undefined) return parts.some((part) => this.#isTrue(part));
      return this.#refuse(path, `${name} is no condition that is understood here.`);
    });
  }

  #nested<T>(path: Path, run: () => T): T {
    this.#calls++;
    try {
      return this.#calls > CALLS_MAX ? this.#refuse(path, 'Conditions refer to one another without an end.') : run();
    } finally {
      this.#calls--;
    }
  }

  #list(placed: Placed): readonly string[] {
    const peeled = this.peel(placed);
    if (peeled.kind === 'absent') return [];
    if (peeled.kind === 'value' && typeof peeled.value !== 'string') return peeled.value;
    if (peeled.kind === 'value' || !isSeq(peeled.node)) return this.#refuse(placed.path, 'A list is expected here.');
    const items = itemsOf(peeled, this.#source.document);
    if (items.length > LIST_ITEMS_MAX) return this.#refuse(placed.path, `A list has at most ${LIST_ITEMS_MAX} items.`);
    return items.map((item) => this.#textOrNothing(item)).filter((item) => item !== null);
  }

  #arguments(argument: Placed, count: 2): readonly [Placed, Placed];
  #arguments(argument: Placed, count: 3): readonly [Placed, Placed, Placed];
  #arguments(argument: Placed, count: number): readonly Placed[] {
    const items = itemsOf(argument, this.#source.document);
    return items.length === count ? items : this.#refuse(argument.path, `A list of ${count} items is expected here.`);
  }

  /** A scalar that is the argument of a function: its tag is the function's. */
  #literal({ node, path }: Placed): string {
    return isScalar(node) ? scalarText(node) : this.#refuse(path, 'A text is expected here.');
  }

  #bounded(value: string, path: Path): Peeled {
    return value.length > TEXT_CHARACTERS_MAX
      ? this.#refuse(path, 'The text is longer than any rule may be.')
      : { kind: 'value', value };
  }

  #default(parameter: Placed | null): string | undefined {
    const given = memberOf(parameter, 'Default', this.#source.document);
    return given !== null && isScalar(given.node) ? scalarText(given.node) : undefined;
  }

  #resourceType(name: string): string {
    return this.#textAt(this.#member(['Resources', name]), 'Type');
  }

  #textAt(placed: Placed | null, key: string): string {
    const member = memberOf(placed, key, this.#source.document);
    return member !== null && isScalar(member.node) ? scalarText(member.node) : '';
  }

  #member(path: readonly string[]): Placed | null {
    const { contents } = this.#source.document;
    let placed: Placed | null = contents === null ? null : { node: contents, path: [] };
    for (const key of path) placed = memberOf(placed, key, this.#source.document);
    return placed;
  }

  #ask(path: Path, what: string, name: string): never {
    return this.#refuse(path, `${what} is not known here. Pass --parameter '${name}=VALUE'.`);
  }

  #refuse(path: Path, message: string): never {
    const finding = findingAt(this.#source, path, 'RULE_VALUE_UNRESOLVED', message);
    throw new CodedError('RULE_VALUE_UNRESOLVED', message, { findings: [finding] });
  }
}
