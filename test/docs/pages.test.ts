import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { actionsPage } from '../../src/cli/pages/actions-page.ts';
import { configurationPage } from '../../src/cli/pages/configuration-page.ts';
import { errorsPage } from '../../src/cli/pages/errors-page.ts';
import { type JsonSchema, schemaRows } from '../../src/cli/pages/json-schema.ts';
import { table } from '../../src/cli/pages/markdown.ts';
import { metricsPage } from '../../src/cli/pages/metrics-page.ts';
import { errorRows } from '../../src/errors.ts';
import { createMetrics } from '../../src/metrics.ts';
import { sinkDefinitions } from '../../src/sinks/index.ts';

const json = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

describe('schemaRows', () => {
  it('lists every value under its dotted path, with type, bounds and default', () => {
    const schema = z.strictObject({
      port: z.int().min(0).max(65_535).default(9464).describe('Port.'),
      level: z.enum(['info', 'debug']).describe('Level.'),
      inner: z.strictObject({ ratio: z.number().min(0).optional().describe('Ratio.') }).prefault({}),
    });
    expect(schemaRows(json(schema)).map((row) => [row.path, row.type, row.presence])).toEqual([
      ['port', 'integer 0 to 65535', '`9464`'],
      ['level', '`info`, `debug`', 'required'],
      ['inner', 'object', ''],
      ['inner.ratio', 'number from 0', ''],
    ]);
  });

  it('lists what variants have in common once', () => {
    const common = { host: z.string().describe('Host.') };
    const schema = z.array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('tcp'), ...common }),
        z.strictObject({ type: z.literal('tls'), ...common, cert: z.string().describe('Certificate.') }),
      ]),
    );
    const rows = schemaRows(json(schema), 'listeners').filter((row) => row.path !== 'listeners');
    expect(rows.map((row) => [row.path, row.type, row.presence])).toEqual([
      ['listeners[].type', '`tcp` or `tls`', 'required'],
      ['listeners[].host', 'string', 'required'],
      ['listeners[].cert', 'string', 'required (`tls`)'],
    ]);
  });

  it('shows keys of the operator’s choice as <name>', () => {
    const schema = z.strictObject({ classes: z.record(z.string(), z.array(z.string()).describe('Topic filters.')) });
    expect(schemaRows(json(schema)).map((row) => row.path)).toContain('classes.<name>');
  });
});

describe('the reference pages', () => {
  it('do not let a bar end a cell', () => {
    expect(table(['a'], [['x | y']])).toContain('| x \\| y |');
  });

  it('name every metric with its type and labels', async () => {
    const metrics = createMetrics();
    const text = await metricsPage(metrics);
    for (const { name, type } of await metrics.registry.getMetricsAsJSON()) {
      expect(text).toContain(`| \`${name}\` | ${String(type)} |`);
    }
    expect(text).toContain('| `headgate_action_attempts_total` | counter | `action`, `outcome` |');
  });

  it('name every error code', () => {
    for (const name of Object.keys(errorRows)) expect(errorsPage()).toContain(`| \`${name}\` |`);
  });

  it('have a section per part of the configuration, and one for users', () => {
    const config = json(z.strictObject({ rules: z.array(z.string()).default([]).describe('Rule files.') }));
    const users = json(z.array(z.strictObject({ name: z.string().describe('User name.') })));
    const text = configurationPage(config, users);
    expect(text).toContain('## `rules` (optional)\n\nRule files.\n\nType: list of string.');
    expect(text).toContain('| `name` | string | required | User name. |');
  });
});

describe('the page of actions', () => {
  const text = actionsPage(sinkDefinitions);

  it('has every action of the list with its example', () => {
    for (const { type, summary, example } of sinkDefinitions) {
      expect(text).toContain(`## \`${type}\`\n\n${summary}\n\n\`\`\`yaml\n${example.trimEnd()}`);
    }
  });

  it('says of every template that it is one', () => {
    for (const { templates } of sinkDefinitions) {
      for (const { field } of templates) {
        const rows = text.split('\n').filter((row) => row.startsWith(`| \`${field}\` `));
        expect(rows.some((row) => row.includes('Template.'))).toBe(true);
      }
    }
  });
});
