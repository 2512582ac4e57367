/** What devices send cannot lead out of the lake, and costs no message. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { recordsIn } from '../support/avro-records.ts';
import { connect, sceneOf, start } from './scene.ts';

it('keeps every message below the root of the lake, wherever its values point', async () => {
  const scene = sceneOf({
    'rules/readings.yaml': `ruleName: readings
sql: SELECT id FROM 'in'
awsIotSqlVersion: '2016-03-23'
actions: [ { file: { path: 'by-id/\${id}' } } ]
`,
  });
  const gateway = await start(scene);
  const client = await connect(gateway);
  const ids = [
    '../../../up',
    '/etc',
    '..',
    '.',
    '',
    '_',
    'a\\b',
    'a\0b',
    '50%',
    'x'.repeat(300),
    'y/'.repeat(700),
    '\ud800',
    'a/b',
  ];
  for (const id of ids) await client.publishAsync('in', JSON.stringify({ id }), { qos: 1 });
  expect(await gateway.stop()).toBe(0);
  const records = await recordsIn<{ id: string }>(scene.lakeDir);
  expect(records.map(({ id }) => id).sort()).toEqual(ids.map((id) => Buffer.from(id).toString()).sort());
  expect(readdirSync(scene.lakeDir)).toEqual(['by-id']);
  expect(existsSync(join(dirname(scene.lakeDir), 'up'))).toBe(false);
  const folders = readdirSync(join(scene.lakeDir, 'by-id'));
  expect(folders).toEqual(expect.arrayContaining(['%2E%2E', '%2E', '_', '%5F', 'a%5Cb', 'a%00b', '50%25', 'a']));
});
