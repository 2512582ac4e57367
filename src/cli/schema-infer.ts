/** `headgate schema infer FILE…`: reads JSON or JSON-lines samples and prints the Avro schema they have in common. */
import { readFile } from 'node:fs/promises';
import { inferSchema } from '../codec/avro/infer.ts';
import { asError } from '../errors.ts';

export interface SchemaInferOptions {
  /** Name of the record. */
  readonly name: string;
}

/** Resolves with the exit code. Nothing but the schema is printed when all is well. */
export async function inferSchemaFiles(
  files: readonly string[],
  options: SchemaInferOptions,
  print: (text: string) => void,
): Promise<number> {
  const samples: unknown[] = [];
  for (const file of files) {
    try {
      samples.push(...parseSamples(await readFile(file, 'utf8')));
    } catch (thrown) {
      print(`${file}: ${asError(thrown).message}`);
      return 1;
    }
  }
  const text = inferSchema(samples, { name: options.name, smallIntegers: 'long' });
  if (text === null) {
    print('No sample is a JSON object; a record schema needs at least one.');
    return 1;
  }
  print(text.trimEnd());
  return 0;
}

/** One JSON document (an array holds one sample per item), or one document per line. */
function parseSamples(text: string): readonly unknown[] {
  try {
    const document: unknown = JSON.parse(text);
    return Array.isArray(document) ? document : [document];
  } catch (whole) {
    const lines = text.split('\n');
    if (lines.filter((line) => line.trim() !== '').length < 2) throw whole;
    return lines.flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 1)]));
  }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    throw new Error(`line ${number}: ${asError(thrown).message}`, { cause: thrown });
  }
}
