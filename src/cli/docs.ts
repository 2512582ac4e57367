/** The reference pages, from the code's own declarations. A test fails when the committed files differ. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { usersFileSchema } from '../broker/config.ts';
import { createMetrics } from '../metrics.ts';
import { sinkDefinitions } from '../sinks/index.ts';
import { fixtureJsonSchema } from './fixtures/fixture-schema.ts';
import { actionsPage } from './pages/actions-page.ts';
import { configurationPage } from './pages/configuration-page.ts';
import { errorsPage } from './pages/errors-page.ts';
import type { JsonSchema } from './pages/json-schema.ts';
import { metricsPage } from './pages/metrics-page.ts';
import { sqlPage } from './pages/sql-page.ts';
import { rulesJsonSchema } from './rules-schema.ts';
import { configJsonSchema } from './schema.ts';

/** File name → text. */
export async function renderDocs(): Promise<ReadonlyMap<string, string>> {
  const config = configJsonSchema();
  const users = z.toJSONSchema(usersFileSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return new Map([
    ['configuration.md', configurationPage(config as JsonSchema, users)],
    ['actions.md', actionsPage(sinkDefinitions)],
    ['sql.md', sqlPage()],
    ['metrics.md', await metricsPage(createMetrics())],
    ['errors.md', errorsPage()],
    ['headgate.schema.json', jsonFile(config)],
    ['rules.schema.json', jsonFile(rulesJsonSchema())],
    ['fixtures.schema.json', jsonFile(fixtureJsonSchema())],
  ]);
}

function jsonFile(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Writes them all; resolves with the paths. */
export async function writeDocs(dir: string): Promise<readonly string[]> {
  await mkdir(dir, { recursive: true });
  const paths: string[] = [];
  for (const [name, text] of await renderDocs()) {
    const path = join(dir, name);
    await writeFile(path, text);
    paths.push(path);
  }
  return paths;
}
