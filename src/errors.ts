/**
 * Coded errors: what an operator wrote or must act on. One row per code; docs/reference/errors.md is generated from this table.
 *
 * Three kinds are never mixed: a bug fails an `invariant`; an operator's mistake is a `Finding` (all of them at once, each with its
 * place); what the world does is a value (an `Outcome`, a `DeadLetter` with one of these codes).
 */

export interface ErrorRow {
  readonly summary: string;
  /** What to do about it. */
  readonly remedy: string;
}

export const errorRows = {
  // Configuration
  CONFIG_FILE_UNREADABLE: {
    summary: 'A file that the configuration names cannot be read.',
    remedy: 'Correct the path or its permissions; paths are relative to the file that names them.',
  },
  CONFIG_SYNTAX: { summary: 'A file is not valid YAML or JSON.', remedy: 'Correct the text at the place named.' },
  CONFIG_KEY_UNKNOWN: {
    summary: 'A key is not known there.',
    remedy: 'Remove it or correct its spelling; `headgate schema` lists what is allowed.',
  },
  CONFIG_VALUE_INVALID: {
    summary: 'A value has the wrong type or lies outside its bounds.',
    remedy: 'Write a value as the message says.',
  },
  CONFIG_SECRET_MISSING: {
    summary: 'A `${env:…}` or `${file:…}` reference has no value.',
    remedy: 'Set the environment variable, or create the file.',
  },
  CONFIG_REFERENCE_UNKNOWN: {
    summary: 'A name refers to something that is not configured.',
    remedy: 'Define it or correct the name.',
  },
  CONFIG_DUPLICATE: { summary: 'Two things have the same name or the same address.', remedy: 'Rename one.' },
  CONFIG_UNSAFE: {
    summary: 'The combination would let anybody in, or lose data.',
    remedy: 'Write what the message asks for.',
  },
  CONFIG_UNREADABLE_OUTPUT: {
    summary: 'Nobody could read back what this format would leave at this destination.',
    remedy: 'Choose one of the formats that the message names.',
  },
  CONFIG_UNSUPPORTED: { summary: 'This is not available here.', remedy: 'Use what the message names.' },
  // Rules and SQL
  RULE_INVALID: {
    summary: 'A rule document does not have the shape of a TopicRulePayload.',
    remedy: 'Correct the field that the message names.',
  },
  RULE_ACTION_UNSUPPORTED: {
    summary: 'The gateway has no such action of AWS, or not with these fields.',
    remedy: 'Do what the message says; `headgate rules import --partial` writes the rule with its other actions.',
  },
  RULE_VALUE_UNRESOLVED: {
    summary: 'A value of a CloudFormation template cannot be known from the template.',
    remedy: 'Pass it with --parameter, or import the deployed rule: `aws iot get-topic-rule` has every value.',
  },
  RULE_FILE_EXISTS: {
    summary: 'A rule file of that name is there already, with another content.',
    remedy: 'Write to another folder with --out, or replace it with --force.',
  },
  SQL_SYNTAX: { summary: 'The SQL statement cannot be parsed.', remedy: 'Correct it at the caret.' },
  SQL_FUNCTION_UNKNOWN: {
    summary: 'A function of this name does not exist.',
    remedy: 'See the list of functions; the message names the nearest.',
  },
  SQL_VERSION: {
    summary: 'The statement uses what its awsIotSqlVersion does not have.',
    remedy: "Set awsIotSqlVersion to '2016-03-23'.",
  },
  SQL_ARGUMENTS: {
    summary: 'A function is called with arguments it can never accept.',
    remedy: 'See the function in the language reference.',
  },
  SQL_NEVER_TRUE: {
    summary: 'A condition can never be true, so the rule never does anything.',
    remedy: 'Correct the condition; the message says why it cannot hold.',
  },
  SQL_DOUBTFUL: {
    summary: 'A part of a statement means something else than it looks like.',
    remedy: 'Write what the message proposes.',
  },
  SQL_FIELD_UNSEEN: {
    summary: 'A rule reads a field that none of the sample payloads has.',
    remedy: 'Correct the name, or add a sample that has it.',
  },
  SCHEMA_INVALID: {
    summary: 'An Avro schema cannot be used.',
    remedy: 'Correct what the message names; `headgate schema infer` writes one from samples.',
  },
  // Messages: reasons of dead letters
  MESSAGE_NOT_JSON: {
    summary: 'The payload is not JSON, but the rule reads fields of it.',
    remedy: "Send JSON, or select with encode(*, 'base64').",
  },
  MESSAGE_TOO_DEEP: { summary: 'The payload nests deeper than the gateway accepts.', remedy: 'Send flatter JSON.' },
  MESSAGE_RULE_FAILED: {
    summary: 'A rule failed on this message.',
    remedy: 'Look at the reason; correct the rule and redrive.',
  },
  MESSAGE_FUNCTION_FAILED: {
    summary:
      'A function that a rule calls failed: the service behind it refused, did not answer in time, or cannot be reached.',
    remedy:
      'Repair what the reason names and redrive; wrap the call in get_or_default() where the rule can do without.',
  },
  MESSAGE_SCHEMA_MISMATCH: {
    summary: 'A value does not fit the Avro schema.',
    remedy: 'Correct the device or widen the schema, then redrive.',
  },
  MESSAGE_TEMPLATE_INVALID: {
    summary: 'A substitution template gave a destination that is not allowed.',
    remedy: 'Correct the template or the values it reads.',
  },
  MESSAGE_TOO_LARGE: {
    summary: 'What the rule emits is larger than the service accepts.',
    remedy: 'Select fewer fields.',
  },
  ENTRY_REJECTED: {
    summary: 'The service refused this entry for good.',
    remedy: 'Read its reason; correct the rule or the destination and redrive.',
  },
  REPUBLISH_LOOP: {
    summary: 'A message was republished from rule to rule too often.',
    remedy: 'Make sure that no rule matches the topic that it republishes to.',
  },
  // Running
  LISTEN_FAILED: { summary: 'A listener cannot open its address.', remedy: 'Free the port or configure another.' },
  SPOOL_LOCKED: {
    summary: 'Another gateway uses this data directory.',
    remedy: 'Stop it, or configure another `gateway.dataDir`.',
  },
  SPOOL_FORMAT_NEWER: {
    summary: 'The data directory was written by a newer version.',
    remedy: 'Start that version; nothing was touched.',
  },
  SPOOL_UNUSABLE: {
    summary: 'The data directory cannot be written.',
    remedy: 'Check that it exists, its permissions and the disk.',
  },
  USAGE: { summary: 'The command line is wrong.', remedy: 'See `headgate help`.' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorRows;

/** One thing that is wrong with what an operator wrote. Lines and columns count from 1; 0 = unknown. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the value, `listeners.0.port`; '' for a whole file. */
  readonly path: string;
  /** Why, and what to write instead. */
  readonly message: string;
  /** Lines to print below it: the source with a caret. */
  readonly excerpt?: string;
}

/** `file:line:col path: why, and what to write`, as every command prints it. */
export function formatFinding(finding: Finding): string {
  const place = finding.line > 0 ? `${finding.file}:${finding.line}:${finding.column}` : finding.file;
  const severity = finding.severity === 'warning' ? 'warning: ' : '';
  const path = finding.path === '' ? '' : ` ${finding.path}`;
  const excerpt = finding.excerpt === undefined ? '' : `\n${finding.excerpt}`;
  return `${place}${path}: ${severity}${finding.message} [${finding.code}]${excerpt}`;
}

/** An operator's mistake, with everything that was found. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly findings: readonly Finding[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly findings?: readonly Finding[] } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.findings = options.findings ?? [];
  }
}

/** A bug, never an operator's mistake: crashes. */
export function invariant(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`Invariant: ${why}`);
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
