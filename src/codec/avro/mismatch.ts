/** A value that does not fit the schema: where, and why. Caught per message; the rest of the batch goes on. */
export class SchemaMismatch extends Error {
  /** `location.readings[2]`; '' for the record itself. */
  readonly path: string;
  readonly why: string;

  constructor(path: string, why: string) {
    super(path === '' ? why : `field '${path}': ${why}`);
    this.name = 'SchemaMismatch';
    this.path = path;
    this.why = why;
  }
}

/** What was thrown under `step` (a field name or `[index]`), with the step put in front of its path. */
export function within(step: string, thrown: unknown): unknown {
  if (!(thrown instanceof SchemaMismatch)) return thrown;
  const separator = thrown.path === '' || thrown.path.startsWith('[') ? '' : '.';
  return new SchemaMismatch(`${step}${separator}${thrown.path}`, thrown.why);
}

/** `expected`: what the schema wants, with its article. */
export function mismatch(expected: string, value: unknown): SchemaMismatch {
  return new SchemaMismatch('', `${describe(value)} is not ${expected}`);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `${value.length} raw bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${String(value)}`;
  return value.constructor?.name === 'Decimal' ? `the number ${String(value)}` : 'an object';
}
