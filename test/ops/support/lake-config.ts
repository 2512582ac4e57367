/** The files of a gateway on loopback that writes the id of every message below `load/` to its Avro lake. */
export function lakeFiles(
  options: { readonly dataDir?: string; readonly port?: number; readonly adminPort?: number } = {},
) {
  const { dataDir = './data', port = 0, adminPort = 0 } = options;
  return {
    'headgate.yaml': `gateway: { id: oracle, dataDir: ${dataDir} }
listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }]
auth: { anonymous: true }
rules: [./rules.yaml]
schemas: [./id.avsc]
admin: { host: 127.0.0.1, port: ${adminPort} }
`,
    'rules.yaml': `ruleName: ids
awsIotSqlVersion: '2016-03-23'
sql: SELECT id FROM 'load/#'
actions:
  - file: { path: ids }
    delivery: { format: avro-container, schema: id, batch: { seconds: 1 } }
`,
    'id.avsc': JSON.stringify({ type: 'record', name: 'Id', fields: [{ name: 'id', type: 'string' }] }),
  } as const;
}
