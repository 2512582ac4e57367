/** Checks rule documents one by one and gathers what is right into a rule set. Knows nothing of where documents come from. */
import { createHash } from 'node:crypto';
import { CodedError, type Finding } from './errors.ts';
import type { ExternalFunctionName } from './external-call.ts';
import type { LaneDescriptor, LaneRule, LaneSchema } from './lane-protocol.ts';
import type { ActionPlan } from './message.ts';
import { explainUnsupported } from './rule-documents/explain-unsupported.ts';
import { isPlainObject, ownValue } from './rule-documents/rule-object.ts';
import { unwrapRule } from './rule-documents/unwrap-rule.ts';
import { returnOf } from './rules/republish-loop.ts';
import { createRuleSchema, type RuleDocument, ruleDoubts } from './rules/rule.ts';
import type { Samples } from './rules/sql/analysis/samples.ts';
import { analyzeStatement, analyzeTemplate } from './rules/sql/analyze.ts';
import { compileStatement } from './rules/sql/statement.ts';
import { compileTemplate } from './rules/template.ts';
import { createActionSchema, sinkDefinitions } from './sinks/index.ts';
import type { AwsOptions, SinkOptions } from './sinks/sink.ts';
import { findingAt, type Path, scalarStart, validate, type YamlSource } from './yaml-document.ts';

/** AWS allows as many per account; the topic index and the metrics are sized for it. */
const RULES_MAX = 10_000;

export interface PlannedAction {
  readonly plan: ActionPlan;
  /** What delivery needs to open its sink. */
  readonly options: SinkOptions;
  /** Equal texts deliver in the same way to the same place. */
  readonly fingerprint: string;
}

export interface RuleSet {
  /** Enabled rules; `actions` index into `planned`. */
  readonly rules: readonly LaneRule[];
  readonly planned: readonly PlannedAction[];
  readonly schemas: readonly LaneSchema[];
  /** Topic filter of each rule, by rule index; null = reached by Basic Ingest alone. */
  readonly topicFilters: readonly (string | null)[];
  /** 32 hex digits; changes when anything above does. Stands in the journal's segments. */
  readonly hash: string;
  /** The documents that it was built from, as `loadStoredRuleSet` reads them. */
  readonly text: string;
}

/** A rule document of the right shape, enabled or not, once it was checked. */
export interface CheckedRule {
  readonly document: RuleDocument;
  /** `awsIotSqlVersion`, or what its absence means. */
  readonly version: string;
  readonly file: string;
  readonly line: number;
  /** False: its SQL or one of its actions has mistakes, or its name is not its own. */
  readonly isSound: boolean;
  /** null: it cannot be carried out; a finding says why. */
  readonly actions: readonly (PlannedAction | null)[];
  readonly errorAction: PlannedAction | null;
}

/** What rules are judged by, besides their own text. */
export interface RuleSetContext {
  readonly aws?: AwsOptions | undefined;
  /** False while the configuration itself has mistakes: then a missing `aws` is not worth a finding of its own. */
  readonly isAwsKnown: boolean;
  /** False where nobody has shown the configuration: then the schemas that actions name are taken to be there. */
  readonly areSchemasKnown?: boolean;
  /** Called with each rule, in their order. */
  readonly inspect?: ((rule: CheckedRule) => void) | undefined;
  /** False: nobody asks what statements may have meant. A check does; a start has better things to do. */
  readonly isAnalysed?: boolean | undefined;
  /** What rules are to be checked against, besides; fields that no sample has are warned of. */
  readonly samples?: Samples | undefined;
  /** SQL functions that have a connector. Absent: unknown, and every function passes. */
  readonly available?: ReadonlySet<ExternalFunctionName> | undefined;
  readonly descriptors?: readonly LaneDescriptor[] | undefined;
  /** Whatever else makes equal rules behave differently, as text: the connectors. */
  readonly circumstances?: string | undefined;
}

export class RuleSetBuilder {
  readonly #schema = createRuleSchema(createActionSchema());
  readonly #definitions = new Map(sinkDefinitions.map((definition) => [definition.type, definition]));
  readonly #names = new Map<string, string>();
  readonly #rules: LaneRule[] = [];
  readonly #planned: PlannedAction[] = [];
  readonly #topicFilters: (string | null)[] = [];
  readonly #context: RuleSetContext;
  readonly #documents: unknown[] = [];
  readonly #schemas: readonly LaneSchema[];
  readonly #findings: Finding[];

  constructor(context: RuleSetContext, schemas: readonly LaneSchema[], findings: Finding[]) {
    this.#context = context;
    this.#schemas = schemas;
    this.#findings = findings;
  }

  /** Checks one rule document and, when it has no mistakes and is enabled, takes it in. */
  add(source: YamlSource, data: unknown, path: Path): void {
    // As a tool of AWS wrote it, the rule stands in a wrapper.
    const unwrapped = unwrapRule(data);
    const at = [...path, ...(unwrapped?.at ?? [])];
    const parsed = validate(source, unwrapped?.fields ?? data, this.#schema, { at, code: 'RULE_INVALID' });
    this.#findings.push(...explainUnsupported(parsed.findings));
    const rule = parsed.value;
    if (rule === null) return;
    const before = this.#errorCount();
    const previous = this.#names.get(rule.ruleName);
    if (previous !== undefined) {
      this.#report(
        source,
        [...at, 'ruleName'],
        'CONFIG_DUPLICATE',
        `The rule "${rule.ruleName}" also stands in ${previous}. Rename one.`,
      );
    }
    this.#names.set(rule.ruleName, source.file);
    for (const { path, code, message } of ruleDoubts(rule)) {
      this.#report(source, [...at, ...path], code, message, 'warning');
    }
    const version = rule.awsIotSqlVersion ?? '2015-10-08';
    const topicFilter = this.#checkSql(source, rule, version, at);
    const actions = rule.actions.map((action, index) =>
      this.#plan(source, rule, action, `${rule.ruleName}/${index}`, version, [...at, 'actions', index]),
    );
    const errorAction =
      rule.errorAction === undefined
        ? null
        : this.#plan(source, rule, rule.errorAction, `${rule.ruleName}/error`, version, [...at, 'errorAction']);
    for (const planned of [...actions, errorAction]) this.#warnOfReturn(source, rule, planned, topicFilter, at);
    const isSound = this.#errorCount() === before;
    const { line } = findingAt(source, at, 'RULE_INVALID', '');
    this.#context.inspect?.({ document: rule, version, file: source.file, line, isSound, actions, errorAction });
    if (!isSound || rule.ruleDisabled) return;
    if (this.#rules.length >= RULES_MAX) {
      this.#report(source, at, 'RULE_INVALID', `More than ${RULES_MAX} rules are enabled. Disable or merge some.`);
      return;
    }
    this.#rules.push({
      name: rule.ruleName,
      sql: rule.sql,
      awsIotSqlVersion: version,
      actions: actions.flatMap((planned) => this.#index(planned)),
      errorAction: this.#index(errorAction)[0] ?? null,
    });
    this.#topicFilters.push(topicFilter);
    this.#documents.push(data);
  }

  build(): RuleSet {
    const plans = this.#planned.map((planned) => planned.plan);
    const fingerprints = this.#planned.map((planned) => planned.fingerprint);
    const { circumstances, descriptors } = this.#context;
    const messageTypes = (descriptors ?? []).map(({ bytes, ...name }) => [name, Buffer.from(bytes).toString('base64')]);
    const identity = JSON.stringify([this.#rules, plans, this.#schemas, fingerprints, circumstances, messageTypes]);
    return {
      rules: this.#rules,
      planned: this.#planned,
      schemas: this.#schemas,
      topicFilters: this.#topicFilters,
      hash: createHash('sha256').update(identity).digest('hex').slice(0, 32),
      text: JSON.stringify({ rules: this.#documents, schemas: this.#schemas }),
    };
  }

  #checkSql(source: YamlSource, rule: RuleDocument, version: string, at: Path): string | null {
    const start = scalarStart(source, [...at, 'sql']);
    const place = { version, ...this.#known, file: source.file, line: start.line, column: start.column };
    try {
      const statement = compileStatement(rule.sql, place);
      const usedElsewhere = JSON.stringify([rule.actions, rule.errorAction]);
      const { samples } = this.#context;
      this.#findings.push(...statement.warnings);
      if (this.#isAnalysed) this.#findings.push(...analyzeStatement(rule.sql, { ...place, samples, usedElsewhere }));
      return statement.topicFilter;
    } catch (error) {
      this.#catch(error, source, [...at, 'sql']);
      return null;
    }
  }

  #plan(
    source: YamlSource,
    rule: RuleDocument,
    action: RuleDocument['actions'][number],
    id: string,
    version: string,
    at: Path,
  ): PlannedAction | null {
    const { delivery, ...fields } = action as Readonly<Record<string, unknown>>;
    const type = Object.keys(fields)[0] ?? '';
    const definition = this.#definitions.get(type);
    if (definition === undefined) return null;
    const result = definition.plan(fields[type], delivery ?? {}, {
      aws: this.#context.aws ?? null,
      isAwsKnown: this.#context.isAwsKnown,
      schemaNames: this.#schemaNames(delivery),
      isErrorAction: id === `${rule.ruleName}/error`,
    });
    for (const problem of result.problems) {
      this.#report(source, [...at, ...problem.path], problem.code, problem.message, problem.severity ?? 'error');
    }
    if (result.plan === null) return null;
    for (const [field, text] of Object.entries(result.plan.destination)) {
      const start = scalarStart(source, [...at, type, field]);
      const where = { file: source.file, line: start.line, column: start.column };
      const kind = result.plan.templateKinds?.[field] ?? 'text';
      const place = { version, ...this.#known, sql: rule.sql, kind, ...where };
      try {
        this.#findings.push(...compileTemplate(text, place).warnings);
        if (this.#isAnalysed)
          this.#findings.push(...analyzeTemplate(text, { ...place, samples: this.#context.samples }));
      } catch (error) {
        this.#catch(error, source, [...at, type, field]);
      }
    }
    const fingerprint = JSON.stringify([fields, delivery ?? {}, this.#context.aws ?? null]);
    const hasErrorAction = rule.errorAction !== undefined && id !== `${rule.ruleName}/error`;
    const isObjects = result.options.assembly.kind === 'objects';
    if (hasErrorAction && isObjects) {
      const why =
        'An object that its destination refuses goes to the dead letters, whole: errorAction is not told of it.';
      this.#report(source, [...at, type], 'CONFIG_UNSUPPORTED', why, 'warning');
    }
    const plan = { ...result.plan, id, ruleName: rule.ruleName, keepsOriginals: hasErrorAction && !isObjects };
    return { plan, options: result.options, fingerprint };
  }

  /** Certain only: what a template makes of a topic is not known here. */
  #warnOfReturn(
    source: YamlSource,
    rule: RuleDocument,
    planned: PlannedAction | null,
    topicFilter: string | null,
    at: Path,
  ): void {
    const topic = planned?.plan.destination['topic'];
    if (planned?.plan.type !== 'republish' || topic === undefined) return;
    if (returnOf(topic, rule.ruleName, topicFilter) !== 'always') return;
    const ordinal = planned.plan.id.slice(rule.ruleName.length + 1);
    const path = ordinal === 'error' ? ['errorAction'] : ['actions', Number(ordinal)];
    const why = `The rule gets what it republishes to "${topic}", and again, until the loop guard ends it. Republish to a topic that FROM does not match, or let WHERE tell the two apart.`;
    this.#report(source, [...at, ...path, 'republish', 'topic'], 'REPUBLISH_LOOP', why, 'warning');
  }

  #schemaNames(delivery: unknown): readonly string[] {
    const known = this.#schemas.map((schema) => schema.name);
    if (this.#context.areSchemasKnown !== false) return known;
    const named = isPlainObject(delivery) ? ownValue(delivery, 'schema') : undefined;
    return typeof named === 'string' ? [...known, named] : known;
  }

  #index(planned: PlannedAction | null): number[] {
    if (planned === null) return [];
    this.#planned.push(planned);
    return [this.#planned.length - 1];
  }

  get #isAnalysed(): boolean {
    return this.#context.isAnalysed !== false;
  }

  /** What statements and templates may call. */
  get #known() {
    const { available, descriptors } = this.#context;
    return { ...(available === undefined ? {} : { available }), ...(descriptors === undefined ? {} : { descriptors }) };
  }

  #catch(error: unknown, source: YamlSource, path: Path): void {
    if (!(error instanceof CodedError)) throw error;
    for (const finding of error.findings) this.#findings.push({ ...finding, path: path.map(String).join('.') });
    if (error.findings.length === 0) this.#report(source, path, error.code, error.message);
  }

  #report(
    source: YamlSource,
    path: Path,
    code: Finding['code'],
    message: string,
    severity: Finding['severity'] = 'error',
  ): void {
    this.#findings.push(findingAt(source, path, code, message, severity));
  }

  #errorCount(): number {
    return this.#findings.filter((finding) => finding.severity === 'error').length;
  }
}
