/** Avro schema texts: parsed, checked with clear findings, identified. */
import { createHash } from 'node:crypto';
import avro from 'avsc';
import { asError, type Finding } from '../../errors.ts';
import { type ResolvedRecord, resolveType } from './resolved-type.ts';

export interface AvroSchema {
  /** Full name of the record. */
  readonly name: string;
  /** The schema as JSON without white space: what container headers carry. */
  readonly text: string;
  /**
   * 32 hex digits: the first half of the SHA-256 of `text`. Not the fingerprint of Avro's Parsing Canonical Form, which is equal for
   * schemas that differ in defaults, aliases and logical types: blocks under one id end up under one header.
   */
  readonly id: string;
  readonly record: ResolvedRecord;
}

/** All that is wrong, each with its place; `schema` is null if anything is. `file` only names the text in findings. */
export function parseSchema(
  text: string,
  file: string,
): { readonly schema: AvroSchema | null; readonly findings: readonly Finding[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    return refused(file, 'CONFIG_SYNTAX', asError(thrown).message, position(text, asError(thrown).message));
  }
  try {
    const type = avro.Type.forSchema(json as avro.Schema);
    const record = resolveType(json);
    if (record.kind !== 'record') {
      const message = `the schema is a ${type.typeName}; write a record, as a message has fields`;
      return refused(file, 'SCHEMA_INVALID', message, START);
    }
    const canonical = JSON.stringify(json);
    return { schema: { name: record.name, text: canonical, id: schemaId(canonical), record }, findings: [] };
  } catch (thrown) {
    return refused(file, 'SCHEMA_INVALID', `not an Avro schema: ${asError(thrown).message}`, START);
  }
}

/** For texts that were checked before: those of a `LaneSetup`. Throws if one is not valid after all. */
export function loadSchema(text: string, name: string): AvroSchema {
  const { schema, findings } = parseSchema(text, name);
  if (schema === null) throw new Error(`schema ${name}: ${findings[0]?.message ?? 'not valid'}`);
  return schema;
}

function schemaId(canonical: string): string {
  return createHash('sha256').update(canonical).digest('hex').slice(0, 32);
}

interface Place {
  readonly line: number;
  readonly column: number;
}

const START: Place = { line: 1, column: 1 };

function refused(file: string, code: Finding['code'], message: string, place: Place) {
  const findings: readonly Finding[] = [{ severity: 'error', code, file, ...place, path: '', message }];
  return { schema: null, findings };
}

/** V8 names the offset of a syntax error in its message only. */
function position(text: string, message: string): Place {
  const offset = /position (\d+)/.exec(message)?.[1];
  if (offset === undefined) return START;
  const before = text.slice(0, Number(offset)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
