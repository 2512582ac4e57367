/** `headgate rules eval`: one statement on one message, from the command line. Asks nobody: what services answer is given as well. */
import { readFile } from 'node:fs/promises';
import { asError, CodedError, formatFinding } from '../errors.ts';
import { type ExternalCall, externalFunctionNames } from '../external-call.ts';
import { decodeJson } from '../json.ts';
import { analyzeStatement, analyzeTemplate } from '../rules/sql/analyze.ts';
import { compileStatement } from '../rules/sql/statement.ts';
import { compileTemplate } from '../rules/template.ts';
import type { Host } from './host.ts';
import { prettyJson } from './pretty-json.ts';
import { evaluateRun, failureOf, type GivenMessage, outputBytes, startRun } from './run-statement.ts';
import { whyNoMatch } from './why-no-match.ts';

export interface RulesEvalOptions {
  readonly sql: string;
  readonly topic: string;
  readonly payload?: string;
  /** `-` is standard input. */
  readonly payloadFile?: string;
  /** `awsIotSqlVersion`. */
  readonly version: string;
  readonly clientId: string;
  readonly principal: string;
  /** Epoch ms, or a time as text. */
  readonly timestamp?: string;
  /** Printed instead of the output. */
  readonly template?: string;
  /** `function=JSON`. */
  readonly answer: readonly string[];
}

const evalExitCodes = { match: 0, error: 1, noMatch: 3 } as const;

/** As large as the largest MQTT packet. */
const PAYLOAD_BYTES_MAX = 268_435_455;

/** Prints the output, or why there is none. Resolves with one of `evalExitCodes`. @throws CodedError for options that make no sense */
export async function evalRule(
  options: RulesEvalOptions,
  host: Host,
  now: () => number = () => Date.now(),
): Promise<number> {
  const { sql, version, template } = options;
  const given = await givenBy(options, host, now);
  const statement = compileStatement(sql, { version, file: '--sql' });
  const place = { version, sql, file: '--template' };
  const rendered = template === undefined ? null : compileTemplate(template, place);
  const warnings = [
    ...statement.warnings,
    ...analyzeStatement(sql, { version, file: '--sql', usedElsewhere: template ?? '' }),
    ...(rendered?.warnings ?? []),
    ...(template === undefined ? [] : analyzeTemplate(template, place)),
  ];
  for (const warning of warnings) host.complain(formatFinding(warning));
  const settings = { ruleName: 'rule', version, isStrict: true };
  const wantsDocument = statement.needsDocument || rendered?.needsDocument === true;
  const run = startRun(given, settings, wantsDocument, statement.topicFilter);
  const result = evaluateRun(run, statement, settings);
  switch (result.kind) {
    case 'error':
      host.complain(`${result.message} [${result.code}]`);
      return evalExitCodes.error;
    case 'noMatch': {
      const filter = `FROM '${statement.topicFilter}' does not match ${options.topic}.`;
      const byName = 'There is no FROM: only $aws/rules/rule/… reaches it.';
      const why = statement.topicFilter === null ? byName : filter;
      host.print(`no match: ${result.clause === 'topic' ? why : whyNoMatch(sql, { version }, run.context)}`);
      return evalExitCodes.noMatch;
    }
    case 'output':
      break;
  }
  if (rendered === null) {
    printOutput(outputBytes(result.value, run.context), host);
    return evalExitCodes.match;
  }
  try {
    host.print(rendered.render(run.context));
    return evalExitCodes.match;
  } catch (thrown) {
    const { code, message } = failureOf(thrown);
    host.complain(`${message} [${code}]`);
    return evalExitCodes.error;
  }
}

/** On a terminal indented; else in one line, and payloads that are passed on byte for byte. */
function printOutput(bytes: Buffer, host: Host): void {
  const decoded = decodeJson(bytes, 0, bytes.length, true);
  if (bytes.length === 0) host.complain('The output is Undefined: an empty payload.');
  else if (decoded.status !== 'json' && !bytes.equals(Buffer.from(bytes.toString()))) {
    host.print(bytes.toString('base64'));
    host.complain(`The output is ${bytes.length} bytes that are no text; printed as base64.`);
  } else if (decoded.status === 'json' && host.isTerminal) host.print(prettyJson(decoded.document));
  else host.print(bytes.toString());
}

async function givenBy(options: RulesEvalOptions, host: Host, now: () => number): Promise<GivenMessage> {
  const { topic, clientId, principal, timestamp } = options;
  return {
    topic,
    payload: await payloadOf(options, host),
    timestamp: timestamp === undefined ? now() : instantOf(timestamp),
    sequence: 1,
    sender: { clientId, principal, address: '127.0.0.1', protocolVersion: 5 },
    properties: null,
    accountId: '',
    answerOf: answersOf(options.answer),
  };
}

async function payloadOf({ payload, payloadFile }: RulesEvalOptions, host: Host): Promise<Buffer> {
  if (payload !== undefined && payloadFile !== undefined) {
    throw new CodedError('USAGE', 'Give --payload or --payload-file, not both.');
  }
  if (payloadFile === undefined) return Buffer.from(payload ?? '');
  if (payloadFile === '-') return Buffer.from(await host.readBytes(PAYLOAD_BYTES_MAX));
  try {
    return await readFile(payloadFile);
  } catch (error) {
    throw new CodedError('CONFIG_FILE_UNREADABLE', asError(error).message, { cause: error });
  }
}

function instantOf(text: string): number {
  const instant = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(instant) && instant >= 0) return instant;
  throw new CodedError('USAGE', '--timestamp is milliseconds since 1970, or a time such as 2026-01-31T06:00:00Z.');
}

/** The last answer of a function counts, whatever it is asked. */
function answersOf(pairs: readonly string[]): GivenMessage['answerOf'] {
  const answers = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).toLowerCase();
    const text = Buffer.from(pair.slice(equals + 1));
    const isKnown = externalFunctionNames.some((known) => known === name);
    if (!isKnown || decodeJson(text, 0, text.length, false).status !== 'json') {
      const known = externalFunctionNames.join(', ');
      throw new CodedError('USAGE', `--answer is FUNCTION=JSON, such as get_secret='"s3cret"'. Functions: ${known}.`);
    }
    answers.set(name, text.toString());
  }
  return (call: ExternalCall) => {
    const text = answers.get(call.function);
    return text === undefined ? null : { isOk: true, text };
  };
}
