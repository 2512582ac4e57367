/** JSON Schema of rule files, for editors: a rule or a list of rules, every action with its fields and what `delivery` takes beside it. */
import { z } from 'zod';
import { createRuleSchema } from '../rules/rule.ts';
import { sinkDefinitions } from '../sinks/index.ts';
import type { AnySinkDefinition } from '../sinks/sink.ts';

type Json = Readonly<Record<string, unknown>>;

const actionReference = '#/definitions/action';

/** Draft 7, which every version of VS Code's YAML extension knows. */
export function rulesJsonSchema(): Json {
  const rule = jsonOf(createRuleSchema(z.unknown().meta({ $ref: actionReference })));
  const ruleReference = { $ref: '#/definitions/rule' };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Headgate rules',
    description: 'A rule, or a list of rules. See docs/reference/actions.md and docs/reference/sql.md.',
    anyOf: [ruleReference, { type: 'array', items: ruleReference }],
    definitions: {
      rule,
      action: {
        description: 'One action: its key with its fields, and beside it, optionally, delivery.',
        anyOf: sinkDefinitions.map(actionOf),
      },
    },
  };
}

/** Exactly this action key, and what `delivery` means beside it. */
function actionOf({ type, summary, action, delivery, templates }: AnySinkDefinition): Json {
  const fields = templates.map(({ field }) => field);
  return {
    title: type,
    description: summary,
    type: 'object',
    properties: {
      [type]: { description: summary, ...withTemplates(jsonOf(action), fields) },
      delivery: { description: `How ${type} delivers; none of it is AWS's.`, ...jsonOf(delivery) },
    },
    required: [type],
    additionalProperties: false,
  };
}

/** Says of each field that takes `${…}` that it does. */
function withTemplates(schema: Json, fields: readonly string[]): Json {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([name, property]) => {
    if (!fields.includes(name)) return [name, property] as const;
    const description =
      `${String(property['description'] ?? '')} Takes templates: \${…} with any SQL expression.`.trim();
    return [name, { ...property, description }] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function jsonOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  });
  return rest;
}
