import { type JsonSchema, type SchemaRow, schemaRows } from './json-schema.ts';
import { code, page, table } from './markdown.ts';

/** docs/reference/configuration.md. `users`: of one users file. */
export function configurationPage(config: JsonSchema, users: JsonSchema): string {
  const sections = Object.entries(config.properties ?? {}).map(([name, schema]) => {
    const isRequired = config.required?.includes(name) === true;
    const head = `## \`${name}\`${isRequired ? '' : ' (optional)'}`;
    const rows = schemaRows(schema, name).filter((row) => row.path !== name);
    const own = schemaRows(schema, name)[0];
    const type = rows.length === 0 && own !== undefined ? `Type: ${own.type}.` : '';
    return [head, schema.description ?? '', type, rows.length === 0 ? '' : rowsTable(rows)]
      .filter(Boolean)
      .join('\n\n');
  });
  const introduction = [
    'What `headgate.yaml` may hold. Unknown keys are refused. Paths are relative to the file that names them. Any string may contain',
    '`${env:NAME}` or `${file:/run/secrets/name}`; what these stand for is never printed. `headgate check --config FILE` names everything that is wrong at once;',
    '`headgate schema` prints the JSON Schema for editors, which also stands beside this page as `headgate.schema.json`.',
  ].join('\n');
  const usersSection = [
    '## The users file',
    'A list; each entry is one user. What is not listed is not allowed. `headgate passwd NAME` and `headgate token NAME` print entries.',
    rowsTable(schemaRows(users.items ?? users)),
  ].join('\n\n');
  return page('Configuration', introduction, [...sections, usersSection]);
}

export function rowsTable(rows: readonly SchemaRow[]): string {
  return table(
    ['key', 'type', 'default', 'meaning'],
    rows.map((row) => [code(row.path), row.type, row.presence, row.description]),
  );
}
