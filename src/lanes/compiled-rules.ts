/** A rule set as a lane runs it: everything compiled once. */
import { BASIC_INGEST_PREFIX, readBasicIngest } from '../basic-ingest.ts';
import { type AvroSchema, loadSchema } from '../codec/avro/schema.ts';
import { invariant } from '../errors.ts';
import type { LaneRule, LaneSetup } from '../lane-protocol.ts';
import type { ActionPlan, SequenceRange } from '../message.ts';
import { compileStatement } from '../rules/sql/statement.ts';
import { TopicIndex } from '../rules/topic-index.ts';
import type { ActionOutput } from './action-output.ts';
import { ContainerOutput } from './container-output.ts';
import { compileDestination, type Destination } from './destination.ts';
import { EachOutput } from './each-output.ts';
import { LinesOutput } from './lines-output.ts';
import { compileMetadata, type Metadata } from './metadata.ts';
import { KeptOriginals } from './originals.ts';
import type { TopicEntry } from './topic-cache.ts';

export interface CompiledAction {
  readonly index: number;
  readonly plan: ActionPlan;
  readonly destination: Destination;
  readonly metadata: Metadata;
  /** null: there is no schema yet. */
  readonly output: ActionOutput | null;
  /** The payload has to be decoded for it, even if the statement reads none of it. */
  readonly needsDocument: boolean;
  /** What this action already delivered, while a replay runs. */
  done: readonly SequenceRange[];
}

export interface CompiledRule {
  readonly index: number;
  readonly name: string;
  readonly awsIotSqlVersion: string;
  readonly statement: ReturnType<typeof compileStatement>;
  readonly actions: readonly CompiledAction[];
  readonly errorAction: CompiledAction | null;
  /** It asks services, and is evaluated once they have answered. */
  readonly isExternal: boolean;
  /** The payload is decoded where it can be: for the statement, for templates, or for the device's time. */
  readonly wantsDocument: boolean;
  matched: number;
  notTrue: number;
  failed: number;
}

export interface CompiledRules {
  readonly rules: readonly CompiledRule[];
  readonly actions: readonly CompiledAction[];
  match(topic: string): TopicEntry;
}

export function compileRules(setup: LaneSetup): CompiledRules {
  const actions: CompiledAction[] = [];
  // Parsed once, however many actions encode with it.
  const schemas = new Map(setup.schemas.map(({ name, text }) => [name, loadSchema(text, name)]));
  const rules = setup.rules.map((rule, index) => compileRule(rule, index, { setup, schemas, actions }));
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const rows = rules.flatMap((rule) => {
    const filter = rule.statement.topicFilter;
    return filter === null ? [] : [{ filter, value: rule }];
  });
  // The lane's own cache stands in front of it.
  const index = new TopicIndex(rows, { cacheEntriesMax: 0 });
  return {
    rules,
    actions,
    match(topic) {
      if (!topic.startsWith(BASIC_INGEST_PREFIX)) return { topic, ruleTopic: topic, rules: index.match(topic) };
      const address = readBasicIngest(topic);
      const rule = address === null ? undefined : byName.get(address.ruleName);
      return { topic, ruleTopic: address?.rest ?? '', rules: rule === undefined ? [] : [rule] };
    },
  };
}

interface Compilation {
  readonly setup: LaneSetup;
  readonly schemas: ReadonlyMap<string, AvroSchema>;
  /** Every action compiled so far. */
  readonly actions: CompiledAction[];
}

function compileRule(rule: LaneRule, index: number, compilation: Compilation): CompiledRule {
  const { descriptors } = compilation.setup;
  const statement = compileStatement(rule.sql, { version: rule.awsIotSqlVersion, descriptors });
  const compile = (action: number) => compileAction(action, rule, compilation);
  const actions = rule.actions.map(compile);
  const errorAction = rule.errorAction === null ? null : compile(rule.errorAction);
  const emitting = errorAction === null ? actions : [...actions, errorAction];
  const isExternal = statement.callsExternal || actions.some(({ destination }) => destination.callsExternal);
  return {
    index,
    name: rule.name,
    awsIotSqlVersion: rule.awsIotSqlVersion,
    statement,
    actions,
    errorAction,
    isExternal,
    wantsDocument: statement.needsDocument || emitting.some((action) => action.needsDocument),
    matched: 0,
    notTrue: 0,
    failed: 0,
  };
}

function compileAction(index: number, rule: LaneRule, compilation: Compilation): CompiledAction {
  const { setup, actions } = compilation;
  const plan = setup.actions[index];
  invariant(plan !== undefined, `rule ${rule.name} has action ${index}, which does not exist`);
  const metadata = compileMetadata(plan, setup.gatewayId);
  const destination = compileDestination(plan, rule, setup.descriptors);
  const output = createOutput(index, plan, destination, metadata, compilation);
  // `SELECT *` alone passes on what the device sent, whatever it is; every other form needs to know its fields.
  const needsDocument = plan.form !== 'each' || metadata.names.length > 0 || destination.needsDocument;
  const action = { index, plan, destination, metadata, output, needsDocument, done: [] };
  actions.push(action);
  return action;
}

function createOutput(
  index: number,
  plan: ActionPlan,
  destination: Destination,
  metadata: Metadata,
  { schemas }: Compilation,
): ActionOutput | null {
  switch (plan.form) {
    case 'each':
      return new EachOutput(index, destination, metadata, plan.keepsOriginals ? new KeptOriginals() : null);
    case 'lines':
      return new LinesOutput(index, plan, destination, metadata);
    case 'container': {
      // An inferred schema is frozen under the action's id.
      const name = plan.schema ?? plan.id;
      const schema = schemas.get(name);
      invariant(
        schema !== undefined || plan.schema === null,
        `schema ${name} of action ${plan.id} is not in the setup`,
      );
      return schema === undefined ? null : new ContainerOutput(index, plan, destination, metadata, schema);
    }
  }
}
