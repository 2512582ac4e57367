import { z } from 'zod';
import { createRuleSchema } from '../../rules/rule.ts';
import { type AnySinkDefinition, isTemplate } from '../../sinks/sink.ts';
import { rowsTable } from './configuration-page.ts';
import { type JsonSchema, schemaRows } from './json-schema.ts';
import { code, fenced, page, table } from './markdown.ts';

/** docs/reference/actions.md: the rule document, then its actions in the order of the list of sinks. */
export function actionsPage(definitions: readonly AnySinkDefinition[]): string {
  const introduction = [
    "A rule is AWS's `TopicRulePayload` with a `ruleName`; a file holds one, a list of them, or several documents.",
    '',
    'What stands under `actions:` (and `errorAction:`) of a rule: one action key with its fields, spelled as AWS spells them, and beside it `delivery:` with what AWS',
    'does not have. Fields marked as templates take `${…}` with any SQL expression; they see the message as it came, not what SELECT made of it.',
  ].join('\n');
  return page('Rules and actions', introduction, [ruleSection(), ...definitions.map(actionSection)]);
}

function ruleSection(): string {
  const action = z.unknown().meta({ title: 'action' });
  return ['## The rule document', rowsTable(schemaRows(jsonSchema(createRuleSchema(action))))].join('\n\n');
}

function actionSection({ type, summary, action, delivery, templates, limits, example }: AnySinkDefinition): string {
  const fields = schemaRows(jsonSchema(action)).map((row) =>
    isTemplate(row.path, templates) ? { ...row, description: `${row.description} Template.`.trim() } : row,
  );
  const wishes = schemaRows(jsonSchema(delivery)).map((row) => ({ ...row, path: `delivery.${row.path}` }));
  const bounds = Object.entries(limits).map(([name, value]) => [code(name), String(value)]);
  return [
    `## \`${type}\``,
    summary,
    fenced('yaml', example),
    fields.length === 0 ? 'No fields.' : rowsTable(fields),
    rowsTable(wishes),
    ...(bounds.length === 0 ? [] : ['Limits:', table(['limit', 'value'], bounds)]),
  ].join('\n\n');
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}
