/**
 * Compiles a schema into closures that write one SQL value straight into the block buffer: no intermediate object, no clone, no
 * second pass.
 *
 * Why not avsc's own encoder: it takes 0.20 µs where this takes 0.29 µs (9 fields, 63 bytes), but loses the last bit of longs beyond
 * ±2^52, has no word for fields that the schema does not have, takes no Decimals, and does not say which field does not fit.
 */
import { Decimal } from '../../decimal.ts';
import type { Output } from '../output.ts';
import { decimalBytes, encodeTimestampMicros, encodeTimestampMillis } from './logical-types.ts';
import { mismatch, SchemaMismatch, within } from './mismatch.ts';
import * as primitives from './primitives.ts';
import type { ResolvedField, ResolvedRecord, ResolvedType } from './resolved-type.ts';
import type { AvroSchema } from './schema.ts';

/** Appends one value. Throws `SchemaMismatch`, possibly after a part was written. `undefined` stands for a missing value. */
type Encode = (output: Output, value: unknown) => void;

type Fields = Readonly<Record<string, unknown>>;

export interface RecordEncoder {
  /**
   * Appends one record. `overlay` holds values for the `overlayNames` given at compilation, in their order; they win over fields of
   * `value`. Returns how many fields of `value` the schema does not have. Throws `SchemaMismatch`, leaving `output` as it was.
   */
  encode(output: Output, value: unknown, overlay: readonly unknown[]): number;
}

export interface RecordEncoderOptions {
  /** Fields whose values come beside the value: `delivery.fields`. */
  readonly overlayNames: readonly string[];
  /** JSON text of a value, for fields of mixed type and for the catch-all of inferred schemas. */
  readonly jsonText: (value: unknown) => string;
}

export function compileRecordEncoder(schema: AvroSchema, options: RecordEncoderOptions): RecordEncoder {
  const compiler = new Compiler(options.jsonText);
  const { overlayNames } = options;
  const encode = compiler.record(schema.record, overlayNames);
  return {
    encode(output, value, overlay) {
      const start = output.position;
      compiler.unknownCount = 0;
      compiler.overlay = overlay;
      try {
        encode(output, value);
      } catch (thrown) {
        output.position = start;
        throw thrown;
      }
      return compiler.unknownCount;
    },
  };
}

interface CompiledField {
  readonly name: string;
  readonly encode: Encode;
  readonly encodeMissing: Encode;
  /** Index into the overlay; -1 = from the value. */
  readonly overlayIndex: number;
  /** The name exists on every object (`constructor`): only an own property counts. */
  readonly isInherited: boolean;
}

class Compiler {
  unknownCount = 0;
  overlay: readonly unknown[] = [];
  readonly #jsonText: (value: unknown) => string;
  readonly #records = new Map<ResolvedRecord, Encode>();

  constructor(jsonText: (value: unknown) => string) {
    this.#jsonText = jsonText;
  }

  type(type: ResolvedType): Encode {
    switch (type.kind) {
      case 'null':
        return primitives.encodeNull;
      case 'boolean':
        return primitives.encodeBoolean;
      case 'int':
        return primitives.encodeInt;
      case 'long':
        if (type.logicalType === 'timestamp-millis') return encodeTimestampMillis;
        return type.logicalType === 'timestamp-micros' ? encodeTimestampMicros : primitives.encodeLong;
      case 'float':
        return primitives.encodeFloat;
      case 'double':
        return primitives.encodeDouble;
      case 'bytes':
        return type.logicalType === 'decimal' ? decimal(type.precision, type.scale, 0) : primitives.encodeBytes;
      case 'string':
        return type.isJsonText ? jsonString(this.#jsonText) : primitives.encodeString;
      case 'enum':
        return enumeration(type.symbols);
      case 'fixed':
        return type.logicalType === 'decimal' ? decimal(type.precision, type.scale, type.size) : fixed(type.size);
      case 'array':
        return array(this.type(type.items));
      case 'map':
        return map(this.type(type.values));
      case 'union':
        return union(
          type.branches,
          type.branches.map((branch) => this.type(branch)),
        );
      case 'record':
        return this.#recordReference(type);
    }
  }

  record(type: ResolvedRecord, overlayNames: readonly string[]): Encode {
    const fields = type.fields.map((field) => this.#field(field, overlayNames));
    const known = new Set(type.fields.filter((field) => !field.isExtra).map((field) => field.source));
    const extraIndex = type.fields.findIndex((field) => field.isExtra);
    return (output, value) => {
      const members = fieldsOf(value);
      let present = 0;
      let index = 0;
      try {
        for (; index < fields.length; index++) {
          if (index === extraIndex) {
            writeExtra(output, members, known, this.#jsonText);
            continue;
          }
          const field = fields[index] as CompiledField;
          const member = field.isInherited && !Object.hasOwn(members, field.name) ? undefined : members[field.name];
          if (member !== undefined) present++;
          const source = field.overlayIndex < 0 ? member : this.overlay[field.overlayIndex];
          if (source === undefined) field.encodeMissing(output, undefined);
          else field.encode(output, source);
        }
      } catch (thrown) {
        throw within(fields[index]?.name ?? '', thrown);
      }
      if (extraIndex < 0 && keyCount(members) !== present) this.unknownCount += definedCount(members) - present;
    };
  }

  #field(field: ResolvedField, overlayNames: readonly string[]): CompiledField {
    const encode = this.type(field.type);
    return {
      name: field.source,
      encode,
      encodeMissing: missing(field, encode),
      overlayIndex: overlayNames.indexOf(field.name),
      isInherited: field.source in Object.prototype,
    };
  }

  /** A record may name itself: the reference is looked up when it is first used. */
  #recordReference(type: ResolvedRecord): Encode {
    const compiled = this.#records.get(type);
    if (compiled !== undefined) return compiled;
    let target: Encode = () => undefined;
    this.#records.set(type, (output, value) => target(output, value));
    target = this.record(type, []);
    this.#records.set(type, target);
    return target;
  }
}

function fieldsOf(value: unknown): Fields {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Uint8Array ||
    value instanceof Decimal
  )
    throw mismatch('an object', value);
  return value as Fields;
}

function keyCount(members: Fields): number {
  let count = 0;
  for (const _ in members) count++;
  return count;
}

/** Without keys whose value is Undefined: they were never there. */
function definedCount(members: Fields): number {
  let count = 0;
  for (const key in members) if (members[key] !== undefined) count++;
  return count;
}

function writeExtra(output: Output, members: Fields, known: ReadonlySet<string>, jsonText: (value: unknown) => string) {
  const names = Object.keys(members).filter((name) => !known.has(name) && members[name] !== undefined);
  if (names.length === 0) {
    primitives.writeLong(output, 0);
    return;
  }
  primitives.writeLong(output, 1);
  primitives.writeLong(output, names.length);
  for (const name of names) {
    primitives.writeText(output, name);
    primitives.writeText(output, jsonText(members[name]));
  }
  primitives.writeLong(output, 0);
}

/** Missing: the default; without one null where the type allows it; otherwise a mismatch. */
function missing(field: ResolvedField, encode: Encode): Encode {
  if (field.hasDefault) {
    const value = defaultValue(field.type, field.default);
    return (output) => encode(output, value);
  }
  if (isNullable(field.type)) return encode;
  return () => {
    throw new SchemaMismatch('', 'it is missing and has no default');
  };
}

/** A schema writes bytes as text, also those of a decimal, where the encoder would take a text for the number itself. */
function defaultValue(type: ResolvedType, value: unknown): unknown {
  const own = type.kind === 'union' ? type.branches[0] : type;
  const isBytes = own?.kind === 'bytes' || own?.kind === 'fixed';
  return isBytes && typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
}

function isNullable(type: ResolvedType): boolean {
  return type.kind === 'null' || (type.kind === 'union' && type.branches.some((branch) => branch.kind === 'null'));
}

function union(branches: readonly ResolvedType[], encoders: readonly Encode[]): Encode {
  const nullIndex = branches.findIndex((branch) => branch.kind === 'null');
  const others = encoders
    .map((encode, index) => ({ encode, prefix: index }))
    .filter(({ prefix }) => prefix !== nullIndex);
  const only = others[0];
  if (others.length === 1 && only !== undefined && nullIndex >= 0) return nullable(nullIndex, only.prefix, only.encode);
  return (output, value) => {
    if (nullIndex >= 0 && (value === null || value === undefined)) {
      primitives.writeLong(output, nullIndex);
      return;
    }
    const start = output.position;
    const reasons: string[] = [];
    for (const { encode, prefix } of others) {
      try {
        primitives.writeLong(output, prefix);
        encode(output, value);
        return;
      } catch (thrown) {
        if (!(thrown instanceof SchemaMismatch)) throw thrown;
        output.position = start;
        reasons.push(thrown.message);
      }
    }
    throw new SchemaMismatch('', `no branch of the union fits: ${reasons.join('; ')}`);
  };
}

function nullable(nullIndex: number, otherIndex: number, encode: Encode): Encode {
  const nullByte = nullIndex << 1;
  const otherByte = otherIndex << 1;
  return (output, value) => {
    output.ensure(1);
    if (value === null || value === undefined) {
      output.bytes[output.position++] = nullByte;
      return;
    }
    output.bytes[output.position++] = otherByte;
    encode(output, value);
  };
}

function array(encodeItem: Encode): Encode {
  return (output, value) => {
    if (!Array.isArray(value)) throw mismatch('an array', value);
    if (value.length > 0) primitives.writeLong(output, value.length);
    let index = 0;
    try {
      for (; index < value.length; index++) encodeItem(output, value[index]);
    } catch (thrown) {
      throw within(`[${index}]`, thrown);
    }
    primitives.writeLong(output, 0);
  };
}

function map(encodeValue: Encode): Encode {
  return (output, value) => {
    const members = fieldsOf(value);
    const names = Object.keys(members).filter((name) => members[name] !== undefined);
    if (names.length > 0) primitives.writeLong(output, names.length);
    for (const name of names) {
      primitives.writeText(output, name);
      try {
        encodeValue(output, members[name]);
      } catch (thrown) {
        throw within(name, thrown);
      }
    }
    primitives.writeLong(output, 0);
  };
}

function enumeration(symbols: readonly string[]): Encode {
  const indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
  return (output, value) => {
    const index = typeof value === 'string' ? indexes.get(value) : undefined;
    if (index === undefined) throw mismatch(`one of ${symbols.join(', ')}`, value);
    primitives.writeLong(output, index);
  };
}

function fixed(size: number): Encode {
  return (output, value) => {
    const bytes = primitives.bytesFrom(value);
    if (bytes.length !== size) throw mismatch(`${size} bytes`, value);
    output.append(bytes);
  };
}

function decimal(precision: number, scale: number, size: number): Encode {
  return (output, value) => {
    // Raw bytes are the unscaled value already.
    const bytes = value instanceof Uint8Array ? value : decimalBytes(value, precision, scale, size);
    if (size === 0) primitives.writeLong(output, bytes.length);
    else if (bytes.length !== size) throw mismatch(`${size} bytes`, value);
    output.append(bytes);
  };
}

function jsonString(jsonText: (value: unknown) => string): Encode {
  return (output, value) => primitives.writeText(output, jsonText(value));
}
