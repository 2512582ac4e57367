/** A JSON Schema as rows of a table: one per value that can be written, under its dotted path. */
import { code } from './markdown.ts';

/** The part of JSON Schema (draft 2020-12) that zod writes. */
export interface JsonSchema {
  /** A list where several scalar types are allowed. */
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

export interface SchemaRow {
  /** `listeners[].port`; `<name>` stands for a key of the operator's choice. */
  readonly path: string;
  readonly type: string;
  /** `required`, or the default, or ''; with the variants that have it, where not all do. */
  readonly presence: string;
  readonly description: string;
}

export function schemaRows(schema: JsonSchema, path = '', presence = ''): readonly SchemaRow[] {
  const description = schema.description ?? '';
  const own: readonly SchemaRow[] = path === '' ? [] : [{ path, type: typeText(schema), presence, description }];
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants?.some((variant) => variant.properties !== undefined)) {
    return [...own, ...variantRows(variants, path)];
  }
  return [...own, ...childRows(schema, path)];
}

function childRows(schema: JsonSchema, path: string): readonly SchemaRow[] {
  const prefix = path === '' ? '' : `${path}.`;
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    schemaRows(property, `${prefix}${name}`, presenceText(schema, name, property)),
  );
  const items = schema.items === undefined ? [] : schemaRows(schema.items, `${path}[]`).filter(isTelling);
  const values = schema.additionalProperties;
  const free = typeof values === 'object' ? schemaRows(values, `${prefix}<name>`).filter(isTelling) : [];
  return [...named, ...items, ...free];
}

/** Elements without a description of their own are described with their list. */
function isTelling(row: SchemaRow): boolean {
  return row.description !== '' || !/(\[\]|<name>)$/.test(row.path);
}

function presenceText(parent: JsonSchema, name: string, property: JsonSchema): string {
  if (property.default !== undefined) {
    // A section that may be left out shows the defaults of its values, not all of them again.
    return property.type === 'object' || property.properties !== undefined
      ? ''
      : code(JSON.stringify(property.default));
  }
  return parent.required?.includes(name) === true ? 'required' : '';
}

function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return valueText(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(valueText).join(', ');
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) return [...new Set(variants.map(typeText))].join(' or ');
  if (schema.type === 'array') return schema.items === undefined ? 'list' : `list of ${typeText(schema.items)}`;
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${boundsText(schema)}`;
  if (schema.format === 'uri') return 'URL';
  const { type, title } = schema;
  return (typeof type === 'object' ? type.join(' or ') : type) ?? title ?? 'any';
}

/** zod bounds every integer by what a double holds; that says nothing to a reader. */
function boundsText({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${maximum === undefined ? '' : ` to ${maximum}`}`;
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? String(minimum) : '';
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? String(maximum) : '';
  if (low === '' && high === '') return '';
  if (high === '') return ` from ${low}`;
  return low === '' ? ` to ${high}` : ` ${low} to ${high}`;
}

/** Variants repeat what they have in common: one row for each path. */
function variantRows(variants: readonly JsonSchema[], path: string): readonly SchemaRow[] {
  const found = new Map<
    string,
    { readonly row: SchemaRow; readonly names: readonly string[]; readonly count: number }
  >();
  for (const variant of variants) {
    const name = String(variant.properties?.['type']?.const ?? '');
    for (const row of childRows(variant, path)) {
      const before = found.get(row.path);
      if (before === undefined) found.set(row.path, { row, names: [name], count: 1 });
      else {
        const type = before.row.type === row.type ? row.type : `${before.row.type} or ${row.type}`;
        found.set(row.path, { row: { ...before.row, type }, names: [...before.names, name], count: before.count + 1 });
      }
    }
  }
  return [...found.values()].map(({ row, names, count }) => {
    if (count === variants.length) return row;
    const where = names.filter(Boolean).map(code).join(', ');
    return { ...row, presence: where === '' ? '' : `${row.presence} (${where})`.trim() };
  });
}

/** Line breaks and tabs as they are written. */
function valueText(value: unknown): string {
  return code(typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value));
}
