/**
 * `headgate vectors FILE`: runs conformance cases against the SQL engine.
 *
 * One JSON object per line: `id`, `sql`, `awsIotSqlVersion` (null = absent), `topic`, `payload` (a JSON value, or `{"base64": …}` for
 * raw bytes), `expect` (`{match: true, output}`, `{match: true, rendered}` for a `template`, `{match: false}`, `{error}`), and
 * optionally `clientId` (null = not over MQTT), `timestamp`, `accountId`, `principal`, `sourceIp`, `traceId`, `ruleName` (Basic
 * Ingest), `mqtt5`, `template`, `tolerance` (relative), `altErrors`. An output without a key expects Undefined there.
 */
import { open } from 'node:fs/promises';
import { asError, CodedError } from '../errors.ts';
import type { EvaluationContext, MessageProperties } from '../rules/context.ts';
import { serializeValue } from '../rules/serialize.ts';
import { type CompiledStatement, compileStatement, firstVersion } from '../rules/sql/statement.ts';
import { compileTemplate } from '../rules/template.ts';
import type { Value } from '../rules/value.ts';
import { evaluateRun, failureOf, type GivenMessage, outputBytes, startRun } from './run-statement.ts';

export interface VectorCase {
  readonly id: string;
  readonly sql: string;
  readonly awsIotSqlVersion: string | null;
  readonly topic: string;
  readonly payload: unknown;
  readonly expect: {
    readonly match?: boolean;
    readonly output?: unknown;
    readonly rendered?: string;
    readonly error?: string;
  };
  readonly altErrors?: readonly string[];
  readonly clientId?: string | null;
  readonly timestamp?: number;
  readonly accountId?: string;
  readonly principal?: string;
  readonly sourceIp?: string;
  readonly traceId?: string;
  readonly ruleName?: string;
  readonly mqtt5?: {
    readonly contentType?: string;
    readonly payloadFormatIndicator?: string;
    readonly responseTopic?: string;
    readonly correlationData?: string;
    readonly userProperties?: readonly (readonly [string, string])[];
  };
  readonly template?: string;
  readonly tolerance?: number;
}

type Got =
  | { readonly kind: 'noMatch' }
  | { readonly kind: 'error'; readonly error: string; readonly message: string }
  | { readonly kind: 'rendered'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Value };

/**
 * Prints a line per failed case and a last line with the counts. Gives the exit code: 0 when all passed. A file that cannot be read is a
 * CodedError.
 */
export async function runVectors(file: string, print: (line: string) => void): Promise<number> {
  let passed = 0;
  let failed = 0;
  for await (const line of linesOf(file)) {
    if (line.trim() === '') continue;
    const problem = runLine(line);
    if (problem === null) passed++;
    else failed++;
    if (problem !== null) print(problem);
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    const handle = await open(file);
    yield* handle.readLines();
  } catch (error) {
    throw new CodedError('CONFIG_FILE_UNREADABLE', asError(error).message, { cause: error });
  }
}

function runLine(line: string): string | null {
  let vector: VectorCase;
  try {
    vector = JSON.parse(line) as VectorCase;
  } catch (error) {
    return `FAIL (not a case): ${asError(error).message}`;
  }
  const problem = runVector(vector);
  return problem === null ? null : `FAIL ${vector.id}: ${problem}`;
}

/** null when the case passes, else what was expected and what came. */
export function runVector(vector: VectorCase): string | null {
  const got = evaluate(vector);
  if (isExpected(vector, got)) return null;
  return `expected ${JSON.stringify(vector.expect)}, got ${describe(got)}`;
}

function evaluate(vector: VectorCase): Got {
  const version = vector.awsIotSqlVersion ?? firstVersion;
  let statement: CompiledStatement;
  let render: ((context: EvaluationContext) => string) | null = null;
  try {
    statement = compileStatement(vector.sql, { version });
    if (vector.template !== undefined) {
      render = compileTemplate(vector.template, { version, sql: vector.sql }).render;
    }
  } catch (error) {
    if (error instanceof CodedError) return { kind: 'error', error: 'parse', message: error.message };
    return { kind: 'error', error: 'bug', message: asError(error).message };
  }
  return run(vector, statement, render, version);
}

function run(
  vector: VectorCase,
  statement: CompiledStatement,
  render: ((context: EvaluationContext) => string) | null,
  version: string,
): Got {
  const options = { ruleName: vector.ruleName ?? 'rule', version, isStrict: false };
  const started = startRun(messageOf(vector), options, true, statement.topicFilter);
  const result = evaluateRun(started, statement, options);
  if (result.kind === 'error') return { kind: 'error', error: 'eval', message: result.message };
  if (result.kind === 'noMatch') return { kind: 'noMatch' };
  try {
    return render === null ? result : { kind: 'rendered', text: render(started.context) };
  } catch (error) {
    return { kind: 'error', error: 'eval', message: failureOf(error).message };
  }
}

const TIMESTAMP_DEFAULT = 1_500_000_000_000;

function messageOf(vector: VectorCase): GivenMessage {
  const sender = {
    clientId: vector.clientId === null ? 'n/a' : (vector.clientId ?? 'client-1'),
    principal: vector.principal ?? 'principal-1',
    address: vector.sourceIp ?? '127.0.0.1',
    protocolVersion: 5,
  } as const;
  return {
    topic: vector.topic,
    payload: payloadOf(vector.payload),
    timestamp: vector.timestamp ?? TIMESTAMP_DEFAULT,
    sequence: 1,
    accountId: vector.accountId ?? '123456789012',
    // Other protocols have no client id and no trace id, but a sender.
    ...(vector.clientId === null ? { traceId: '' } : vector.traceId === undefined ? {} : { traceId: vector.traceId }),
    sender,
    properties: propertiesOf(vector),
    answerOf: () => ({ isOk: false, reason: 'No connector is there to ask.' }),
  };
}

function payloadOf(payload: unknown): Buffer {
  const raw = rawBytesOf(payload);
  return raw ?? Buffer.from(JSON.stringify(payload) ?? '');
}

/** The bytes of exactly `{"base64": "…"}`. */
function rawBytesOf(value: unknown): Buffer | null {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return null;
  const { base64 } = value as { base64?: unknown };
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null;
}

function propertiesOf({ mqtt5 }: VectorCase): MessageProperties | null {
  if (mqtt5 === undefined) return null;
  const { payloadFormatIndicator, ...rest } = mqtt5;
  return { ...rest, isUtf8: payloadFormatIndicator === 'UTF8_DATA' };
}

function isExpected({ expect, altErrors, tolerance }: VectorCase, got: Got): boolean {
  switch (got.kind) {
    case 'error':
      return got.error === expect.error || altErrors?.includes(got.error) === true;
    case 'noMatch':
      return expect.match === false;
    case 'rendered':
      return expect.rendered === got.text;
    case 'output':
      return expect.match === true && 'output' in expect && isSameOutput(expect.output, got.value, tolerance ?? 0);
  }
}

function isSameOutput(expected: unknown, value: Value, tolerance: number): boolean {
  const raw = rawBytesOf(expected);
  if (raw !== null) {
    return outputBytes(value).equals(raw);
  }
  const text = serializeValue(value);
  return isSameJson(expected, text === '' ? undefined : JSON.parse(text), tolerance);
}

function isSameJson(expected: unknown, got: unknown, tolerance: number): boolean {
  if (typeof expected === 'number' && typeof got === 'number') {
    return expected === got || Math.abs(expected - got) <= tolerance * Math.abs(expected);
  }
  if (typeof expected !== 'object' || typeof got !== 'object' || expected === null || got === null) {
    return expected === got;
  }
  if (Array.isArray(expected) !== Array.isArray(got)) return false;
  const left = Object.entries(expected);
  if (left.length !== Object.keys(got).length) return false;
  return left.every(
    ([key, member]) => Object.hasOwn(got, key) && isSameJson(member, (got as Record<string, unknown>)[key], tolerance),
  );
}

function describe(got: Got): string {
  switch (got.kind) {
    case 'error':
      return `error ${got.error}: ${got.message}`;
    case 'noMatch':
      return 'no match';
    case 'rendered':
      return JSON.stringify(got.text);
    case 'output':
      return got.value instanceof Uint8Array
        ? `bytes ${Buffer.from(got.value).toString('base64')}`
        : serializeValue(got.value) || 'Undefined';
  }
}
