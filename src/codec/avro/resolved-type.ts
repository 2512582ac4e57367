/** Avro schemas with every name resolved, as the encoder compiles them. The text was validated before (see schema.ts). */

type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export type ResolvedType =
  | {
      readonly kind: PrimitiveKind;
      readonly logicalType: string;
      /** `decimal` only. */
      readonly precision: number;
      readonly scale: number;
      /** `string` only: whatever the value is, its JSON text is written (see infer.ts). */
      readonly isJsonText: boolean;
    }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | {
      readonly kind: 'fixed';
      readonly name: string;
      readonly size: number;
      readonly logicalType: string;
      readonly precision: number;
      readonly scale: number;
    }
  | { readonly kind: 'array'; readonly items: ResolvedType }
  | { readonly kind: 'map'; readonly values: ResolvedType }
  | { readonly kind: 'union'; readonly branches: readonly ResolvedType[] }
  | ResolvedRecord;

export interface ResolvedRecord {
  readonly kind: 'record';
  readonly name: string;
  /** Filled while the record is resolved, as its fields may name the record itself. */
  readonly fields: ResolvedField[];
}

export interface ResolvedField {
  readonly name: string;
  readonly type: ResolvedType;
  readonly hasDefault: boolean;
  readonly default: unknown;
  /** The catch-all of an inferred schema: fields that the record does not have, as JSON texts. */
  readonly isExtra: boolean;
  /** Name in the payload where it differs from the Avro name; `name` otherwise. */
  readonly source: string;
}

/** Attributes of ours in inferred schemas. Avro readers ignore attributes that they do not know. */
export const EXTRA_ATTRIBUTE = 'headgate.extra';
export const JSON_TEXT_ATTRIBUTE = 'headgate.json';
export const SOURCE_ATTRIBUTE = 'headgate.source';

interface Attributes {
  readonly [name: string]: unknown;
  readonly type?: unknown;
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly fields?: unknown;
  readonly symbols?: unknown;
  readonly size?: unknown;
  readonly items?: unknown;
  readonly values?: unknown;
  readonly default?: unknown;
  readonly logicalType?: unknown;
  readonly precision?: unknown;
  readonly scale?: unknown;
}

const PRIMITIVES: readonly string[] = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'];

/** `schema` is parsed JSON that an Avro library has accepted. */
export function resolveType(schema: unknown): ResolvedType {
  return resolve(schema, '', new Map());
}

function resolve(schema: unknown, namespace: string, named: Map<string, ResolvedType>): ResolvedType {
  if (typeof schema === 'string') return reference(schema, namespace, named);
  if (Array.isArray(schema))
    return { kind: 'union', branches: schema.map((branch) => resolve(branch, namespace, named)) };
  const attributes = schema as Attributes;
  const type = attributes.type;
  if (typeof type !== 'string') return resolve(type, namespace, named);
  switch (type) {
    case 'record':
    case 'error':
      return record(attributes, namespace, named);
    case 'enum': {
      const name = fullName(attributes, namespace);
      return define(named, name, { kind: 'enum', name, symbols: attributes.symbols as readonly string[] });
    }
    case 'fixed': {
      const name = fullName(attributes, namespace);
      const size = Number(attributes.size);
      return define(named, name, { kind: 'fixed', name, size, ...logical(attributes) });
    }
    case 'array':
      return { kind: 'array', items: resolve(attributes.items, namespace, named) };
    case 'map':
      return { kind: 'map', values: resolve(attributes.values, namespace, named) };
    default:
      return PRIMITIVES.includes(type) ? primitive(type, attributes) : reference(type, namespace, named);
  }
}

function record(attributes: Attributes, namespace: string, named: Map<string, ResolvedType>): ResolvedRecord {
  const name = fullName(attributes, namespace);
  const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
  const fields: ResolvedField[] = [];
  const resolved: ResolvedRecord = { kind: 'record', name, fields };
  named.set(name, resolved);
  for (const field of attributes.fields as readonly Attributes[]) {
    const source = field[SOURCE_ATTRIBUTE];
    fields.push({
      name: String(field.name),
      type: resolve(field.type, inner, named),
      hasDefault: Object.hasOwn(field, 'default'),
      default: field.default,
      isExtra: field[EXTRA_ATTRIBUTE] === true,
      source: typeof source === 'string' ? source : String(field.name),
    });
  }
  return resolved;
}

function primitive(kind: string, attributes: Attributes): ResolvedType {
  return {
    kind: kind as PrimitiveKind,
    ...logical(attributes),
    isJsonText: kind === 'string' && attributes[JSON_TEXT_ATTRIBUTE] === true,
  };
}

function logical(attributes: Attributes): { logicalType: string; precision: number; scale: number } {
  const { logicalType, precision, scale } = attributes;
  return {
    logicalType: typeof logicalType === 'string' ? logicalType : '',
    precision: typeof precision === 'number' ? precision : 0,
    scale: typeof scale === 'number' ? scale : 0,
  };
}

function reference(name: string, namespace: string, named: ReadonlyMap<string, ResolvedType>): ResolvedType {
  if (PRIMITIVES.includes(name)) return primitive(name, {});
  const found = named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? named.get(name);
  if (found === undefined) throw new Error(`type '${name}' is not defined before it is used`);
  return found;
}

function define(named: Map<string, ResolvedType>, name: string, type: ResolvedType): ResolvedType {
  named.set(name, type);
  return type;
}

/** Avro 1.11 specification, "Names". */
function fullName(attributes: Attributes, enclosing: string): string {
  const name = String(attributes.name);
  if (name.includes('.')) return name;
  const own = attributes.namespace;
  const namespace = typeof own === 'string' ? own : enclosing;
  return namespace === '' ? name : `${namespace}.${name}`;
}
