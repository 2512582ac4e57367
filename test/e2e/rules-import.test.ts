import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderOf } from '../support/folder.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const gotten = readFileSync(new URL('../rule-documents/fixtures/get-topic-rule.json', import.meta.url), 'utf8');

it('imports a rule from standard input and exports it to standard output', () => {
  const cwd = folderOf();
  const headgate = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, [MAIN, 'rules', ...args], { cwd, input, encoding: 'utf8' });
  const imported = headgate(['import', '-', '--partial', '--out', 'rules'], gotten);
  expect(imported).toMatchObject({ status: 0, stderr: '' });
  expect(imported.stdout).toContain('oven_alarm is written to rules/oven_alarm.yaml.\n1 rule imported, 0 not.\n');
  const exported = headgate(['export', 'rules/oven_alarm.yaml', '--format', 'get-topic-rule']);
  expect(exported).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(exported.stdout)).toEqual(JSON.parse(gotten));
  expect(headgate(['import', '-'], 'x'.repeat(4 * 1024 * 1024))).toMatchObject({ status: 1 });
});
