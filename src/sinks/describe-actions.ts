/** docs/reference/actions.md: the list of sinks in words, from its declarations. */
import { z } from 'zod';
import { sinkDefinitions } from './index.ts';
import { isTemplate, type TemplateField } from './sink.ts';

export function describeActions(): string {
  const sections = sinkDefinitions.map((definition) => {
    const limits = Object.entries(definition.limits).map(
      ([name, value]) => `- \`${name}\`: ${value.toLocaleString('en')}`,
    );
    return [
      `## ${definition.type}`,
      definition.summary,
      '```yaml',
      definition.example.trimEnd(),
      '```',
      ...fieldTable('Fields', definition.action, definition.templates),
      ...fieldTable('Under `delivery:`', definition.delivery, []),
      ...(limits.length === 0 ? [] : ['Limits:', '', ...limits, '']),
    ].join('\n');
  });
  const intro =
    'What a rule can do with what it selects. An action has one of these keys, and beside it, optionally, `delivery`.';
  return `# Actions\n\n${intro}\n\n${sections.join('\n')}`;
}

interface JsonSchema {
  readonly type?: unknown;
  readonly description?: unknown;
  readonly default?: unknown;
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly anyOf?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly properties?: unknown;
  readonly required?: unknown;
}

function fieldTable(title: string, schema: z.ZodType, templates: readonly TemplateField[]): readonly string[] {
  const rows = fieldRows(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema, '', templates);
  if (rows.length === 0) return [`${title}: none.`, ''];
  return ['', `${title}:`, '', '| Field | Value | Default | Meaning |', '|---|---|---|---|', ...rows, ''];
}

function fieldRows(schema: JsonSchema, prefix: string, templates: readonly TemplateField[]): readonly string[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const rows: string[] = [];
  for (const [name, field] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
    const path = `${prefix}${name}`;
    const meaning = [field.description ?? '', isTemplate(path, templates) ? 'Takes `${}`.' : ''].filter(
      (text) => text !== '',
    );
    const isGroup = field.properties !== undefined;
    const fallback = isGroup || field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``;
    const mark = required.has(name) ? ' *' : '';
    rows.push(
      `| \`${path}\`${mark} | ${isGroup ? '' : shownValue(field)} | ${fallback} | ${meaning.join(' ').replaceAll('|', '\\|')} |`,
    );
    if (isGroup) rows.push(...fieldRows(field, `${path}.`, templates));
  }
  return rows;
}

function shownValue(field: JsonSchema): string {
  if (Array.isArray(field.enum)) return field.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' \\| ');
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (Array.isArray(field.anyOf)) return field.anyOf.map((choice: JsonSchema) => shownValue(choice)).join(' \\| ');
  const bounds =
    field.minimum !== undefined && field.maximum !== undefined ? ` ${field.minimum} to ${field.maximum}` : '';
  return `${String(field.type ?? 'any')}${bounds}`;
}
