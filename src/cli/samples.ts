/**
 * Sample messages from files: JSON lines, a JSON array, or one JSON value. Each is a payload, or an object with `topic` (a String) and
 * `payload`: then it stands for messages on that topic alone.
 */
import { readFileSync, statSync } from 'node:fs';
import { asError, CodedError } from '../errors.ts';
import { decodeJson, JSON_DEPTH_MAX } from '../json.ts';
import { isArray, isObject } from '../rules/object.ts';
import { type Sample, Samples } from '../rules/sql/analysis/samples.ts';
import type { Value } from '../rules/value.ts';

/** Of all files together; what comes later is not read. */
const SAMPLES_MAX = 10_000;
const SAMPLE_BYTES_MAX = 64 * 1024 * 1024;

/** Throws a CodedError that names the file, and the line where there are lines. */
export function readSamples(files: readonly string[]): Samples {
  const samples: Sample[] = [];
  let bytesLeft = SAMPLE_BYTES_MAX;
  for (const file of files) {
    const bytes = readBytes(file, bytesLeft);
    bytesLeft -= bytes.length;
    for (const value of valuesOf(file, bytes)) {
      if (samples.length >= SAMPLES_MAX) return new Samples(samples);
      samples.push(sampleOf(value));
    }
  }
  return new Samples(samples);
}

function readBytes(file: string, bytesMax: number): Buffer {
  try {
    if (statSync(file).size > bytesMax) throw new Error(`samples of more than ${SAMPLE_BYTES_MAX} bytes in all`);
    return readFileSync(file);
  } catch (error) {
    throw new CodedError('CONFIG_FILE_UNREADABLE', `${file}: ${asError(error).message}.`, { cause: error });
  }
}

function* valuesOf(file: string, bytes: Buffer): Generator<Value> {
  const whole = decodeJson(bytes, 0, bytes.length, false);
  if (whole.status === 'json') {
    const document: Value = whole.document;
    if (isArray(document)) yield* document;
    else yield document;
    return;
  }
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    number++;
    if (bytes.toString('latin1', start, end).trim() !== '') {
      const line = decodeJson(bytes, start, end, false);
      if (line.status !== 'json') {
        const why = line.status === 'tooDeep' ? `nests deeper than ${JSON_DEPTH_MAX} levels` : 'is not JSON';
        throw new CodedError('CONFIG_SYNTAX', `${file}:${number}: This sample ${why}.`);
      }
      yield line.document;
    }
    start = end + 1;
  }
}

function sampleOf(value: Value): Sample {
  if (isObject(value) && typeof value['topic'] === 'string' && Object.hasOwn(value, 'payload')) {
    return { topic: value['topic'], payload: value['payload'] };
  }
  return { topic: null, payload: value };
}
