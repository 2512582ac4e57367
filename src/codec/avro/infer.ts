/**
 * Infers an Avro record schema from sample values, so that a rule can write Avro before anybody has written a schema.
 *
 * Nothing is lost under an inferred schema (but digits of fractions that a double does not hold): every field is nullable with default null; values of mixed types become their JSON text
 * (`headgate.json`); fields that the samples did not show land in the `extra` map as JSON texts (`headgate.extra`); names that Avro
 * does not allow are replaced and remember their original (`headgate.source`). A value that later does not fit its field's type is a
 * mismatch like any other: the message goes to the dead letters.
 */
import { Decimal } from '../../decimal.ts';
import { EXTRA_ATTRIBUTE, JSON_TEXT_ATTRIBUTE, SOURCE_ATTRIBUTE } from './resolved-type.ts';

/** Fields past this many per record, or levels past this depth, are left to `extra` and to JSON texts. */
const FIELD_COUNT_MAX = 512;
const DEPTH_MAX = 16;
/** Whole numbers that all lie beyond this are ids or epoch milliseconds; smaller ones may be measurements that happened to be whole. */
const SMALL_INTEGER_MAX = 0x7fff_ffff;
const LONG_MAX = '9223372036854775807';

export interface InferOptions {
  /** Name of the record; made a legal Avro name. */
  readonly name: string;
  /**
   * What a field becomes whose samples are all whole and small. `long` where a person reviews the result; `double` where it is frozen
   * after a few samples: 20 is followed by 20.5, and a double holds both.
   */
  readonly smallIntegers: 'long' | 'double';
}

/** Schema as JSON text, indented. Samples that are not objects are skipped; null if none is left. */
export function inferSchema(samples: Iterable<unknown>, options: InferOptions): string | null {
  const shape = new Shape();
  let count = 0;
  for (const sample of samples) {
    if (!isObject(sample)) continue;
    shape.add(sample, 0);
    count++;
  }
  if (count === 0) return null;
  return `${JSON.stringify(recordSchema(shape, avroName(options.name), options.smallIntegers, new Set()), null, 2)}\n`;
}

/** What the samples showed at one place. */
class Shape {
  readonly fields = new Map<string, Shape>();
  items: Shape | null = null;
  isBoolean = false;
  isString = false;
  isBytes = false;
  isObject = false;
  isNumber = false;
  isFraction = false;
  isSmall = false;
  /** Nests too deep, or is a whole number beyond long that no double holds. */
  isTextOnly = false;

  add(value: unknown, depth: number): void {
    if (value === null || value === undefined) return;
    if (typeof value === 'boolean') this.isBoolean = true;
    else if (typeof value === 'string') this.isString = true;
    else if (typeof value === 'number' || value instanceof Decimal) this.#addNumber(new Decimal(value));
    else if (value instanceof Uint8Array) this.isBytes = true;
    else if (depth >= DEPTH_MAX) this.isTextOnly = true;
    else if (Array.isArray(value)) {
      this.items ??= new Shape();
      for (const item of value) this.items.add(item, depth + 1);
    } else this.#addObject(value as Readonly<Record<string, unknown>>, depth);
  }

  /** How many of Avro's types it would take to hold all samples. */
  get kindCount(): number {
    const kinds = [this.isBoolean, this.isString, this.isBytes, this.isObject, this.isNumber, this.isTextOnly];
    return kinds.filter(Boolean).length + (this.items === null ? 0 : 1);
  }

  #addNumber(number: Decimal): void {
    this.isNumber = true;
    if (!number.isInteger()) {
      // A quotient has 34 digits and a measurement seldom 15: what a double rounds off a fraction tells nobody anything.
      this.isFraction = true;
    } else if (number.abs().lte(SMALL_INTEGER_MAX)) {
      this.isSmall = true;
    } else if (number.abs().gt(LONG_MAX)) {
      this.isFraction = true;
      // Ids and counters: every digit counts.
      if (!new Decimal(number.toNumber()).eq(number)) this.isTextOnly = true;
    }
  }

  #addObject(value: Readonly<Record<string, unknown>>, depth: number): void {
    this.isObject = true;
    for (const key of Object.keys(value)) {
      let field = this.fields.get(key);
      if (field === undefined) {
        if (this.fields.size >= FIELD_COUNT_MAX) continue;
        field = new Shape();
        this.fields.set(key, field);
      }
      field.add(value[key], depth + 1);
    }
  }
}

type SmallIntegers = InferOptions['smallIntegers'];

function recordSchema(shape: Shape, name: string, smallIntegers: SmallIntegers, names: Set<string>): object {
  const recordName = unused(name, names);
  const taken = new Set<string>();
  const fields: object[] = [];
  for (const [key, field] of shape.fields) {
    // Only nulls so far: nothing is known of its type, and `extra` holds whatever it will be.
    if (field.kindCount === 0) continue;
    const fieldName = unused(avroName(key), taken);
    const source =
      fieldName === key ? {} : { doc: `Field ${JSON.stringify(key)} of the payload.`, [SOURCE_ATTRIBUTE]: key };
    const type = ['null', typeSchema(field, `${recordName}_${fieldName}`, smallIntegers, names)];
    fields.push({ name: fieldName, type, default: null, ...source });
  }
  fields.push({
    name: unused('extra', taken),
    type: ['null', { type: 'map', values: 'string' }],
    default: null,
    doc: 'Fields that this schema does not have, as JSON texts.',
    [EXTRA_ATTRIBUTE]: true,
  });
  return { type: 'record', name: recordName, fields };
}

function typeSchema(shape: Shape, name: string, smallIntegers: SmallIntegers, names: Set<string>): unknown {
  const jsonText = { type: 'string', [JSON_TEXT_ATTRIBUTE]: true };
  if (shape.kindCount !== 1 || shape.isTextOnly) return jsonText;
  if (shape.isBoolean) return 'boolean';
  if (shape.isString) return 'string';
  if (shape.isBytes) return 'bytes';
  if (shape.isNumber) {
    if (shape.isFraction) return 'double';
    return shape.isSmall ? smallIntegers : 'long';
  }
  if (shape.items !== null) {
    // An item may be null; an array that was always empty tells nothing of its items.
    if (shape.items.kindCount === 0) return { type: 'array', items: ['null', jsonText] };
    return { type: 'array', items: ['null', typeSchema(shape.items, `${name}_item`, smallIntegers, names)] };
  }
  return recordSchema(shape, name, smallIntegers, names);
}

function isObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Decimal)
  );
}

/** Avro 1.11 specification, "Names": [A-Za-z_][A-Za-z0-9_]*. `__proto__` would be legal, but readers in JavaScript lose it. */
function avroName(text: string): string {
  if (text === '__proto__') return '_proto_';
  const name = text.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

function unused(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let i = 2; taken.has(candidate); i++) candidate = `${name}_${i}`;
  taken.add(candidate);
  return candidate;
}
