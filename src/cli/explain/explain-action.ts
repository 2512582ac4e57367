/** An action in plain words: where to, as what, packed where, within which bounds. */

import { UNPACKED_BYTES_MAX } from '../../lanes/action-output.ts';
import type { ActionPlan } from '../../message.ts';
import type { PlannedAction } from '../../rule-set.ts';
import { returnOf } from '../../rules/republish-loop.ts';
import type { Expression } from '../../rules/sql/ast.ts';
import { Parser } from '../../rules/sql/parser.ts';
import { printExpression } from '../../rules/sql/print.ts';
import { sourceOf } from '../../rules/sql/source.ts';
import { firstVersion } from '../../rules/sql/statement.ts';
import { compileTemplate } from '../../rules/template.ts';
import type { Assembly } from '../../sinks/sink.ts';
import type { ActionExplanation } from './explanation.ts';

/** The rule around an action. */
export interface RuleAround {
  readonly ruleName: string;
  readonly sql: string;
  readonly version: string;
  readonly topicFilter: string | null;
}

/** `type`: as the document names it. */
export function explainAction(
  id: string,
  type: string,
  planned: PlannedAction | null,
  around: RuleAround,
): ActionExplanation {
  if (planned === null) {
    const unknown = { destination: null, format: '', packing: '', entry: '', calls: '', class: '', addedFields: [] };
    return { id, type, ...unknown, loop: '' };
  }
  const { plan, options } = planned;
  const { limits, assembly } = options;
  const order = limits.isOutboxFirst ? '; through the outbox, so that a restart sends the same object' : '';
  return {
    id,
    type,
    destination: Object.entries(plan.destination).map(([field, template]) => ({
      field,
      template,
      dynamic: dynamicParts(template, around),
    })),
    format: formatOf(plan),
    packing: packingOf(plan),
    entry: entryOf(assembly),
    calls: `${callsOf(limits.batchCountMax, limits.batchBytesMax)}${order}`,
    class: plan.class,
    addedFields: Object.entries(plan.fields).map(([field, source]) =>
      source === 'sourceTime' ? `${field} = sourceTime (${plan.sourceTimePath})` : `${field} = ${source}`,
    ),
    loop: loopOf(plan, around),
  };
}

/** The expressions of a template. It has been compiled before. */
export function templateExpressions(template: string, version: string): readonly Expression[] {
  const source = sourceOf(template, {});
  const found: Expression[] = [];
  let position = 0;
  for (let open = template.indexOf('${'); open >= 0; open = template.indexOf('${', position)) {
    const { expression, end } = new Parser(source, version === firstVersion, open + 2).template();
    found.push(expression);
    position = end;
  }
  return found;
}

function dynamicParts(template: string, { version, sql }: RuleAround): readonly string[] {
  return templateExpressions(template, version)
    .map(printExpression)
    .filter((text) => !compileTemplate(`\${${text}}`, { version, sql }).isConstant);
}

function formatOf({ form, codec, separator, schema }: ActionPlan): string {
  switch (form) {
    case 'each':
      return 'each message by itself: the output as JSON, or its bytes';
    case 'lines': {
      const after = separator === '' ? '' : `, ${JSON.stringify(separator)} after each`;
      return `JSON lines${after}${codec === 'gzip' ? ', in gzip members' : ''}`;
    }
    case 'container': {
      const shape = schema === null ? 'schema inferred from the first messages, then frozen' : `schema ${schema}`;
      return `Avro container, codec ${codec}, ${shape}`;
    }
  }
}

function packingOf({ form, codec }: ActionPlan): string {
  if (form === 'each') return 'nothing to pack: encoded in the lane';
  if (form === 'lines' && codec !== 'gzip') return 'lines are made in the lane, and joined on the main thread';
  const what = form === 'container' ? 'Avro blocks' : 'gzip members';
  return `${what} are made in the lane; less than ${UNPACKED_BYTES_MAX / 1024} KiB that a slab leaves over, on the main thread`;
}

function entryOf(assembly: Assembly): string {
  switch (assembly.kind) {
    case 'each':
      return 'one message';
    case 'lines': {
      const { recordBytesMax, latencyMs, countMax } = assembly;
      return `a record, until ${shownBytes(recordBytesMax)}, ${shown(latencyMs)} ms or ${shown(countMax)} messages`;
    }
    case 'objects': {
      const { objectBytesMax, objectSecondsMax, partitionsMax } = assembly;
      return `an object per destination, until ${shownBytes(objectBytesMax)} or ${shown(objectSecondsMax)} s; at most ${shown(partitionsMax)} open at once`;
    }
  }
}

function callsOf(count: number, bytes: number): string {
  if (count === 1) return 'one entry per call';
  return bytes === Number.MAX_SAFE_INTEGER
    ? `up to ${shown(count)} entries at a time`
    : `up to ${shown(count)} entries or ${shownBytes(bytes)} at a time`;
}

function loopOf({ type, destination }: ActionPlan, { ruleName, topicFilter }: RuleAround): string {
  const topic = destination['topic'];
  if (type !== 'republish' || topic === undefined) return '';
  switch (returnOf(topic, ruleName, topicFilter)) {
    case 'always':
      return 'The rule gets these messages itself, until the loop guard ends it, unless WHERE tells them apart.';
    case 'maybe':
      return 'Some of these topics may match FROM: then the rule gets its own messages, until the loop guard ends it.';
    case 'never':
      return '';
  }
}

function shown(count: number): string {
  return count.toLocaleString('en');
}

function shownBytes(bytes: number): string {
  return bytes % 1_048_576 === 0 ? `${shown(bytes / 1_048_576)} MiB` : `${shown(bytes)} bytes`;
}
