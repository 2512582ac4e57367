import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../../dist/main.js');
let cwd = '';

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** The real command in an empty folder, with its output through a pipe. `stopOn`: Ctrl-C as soon as this is printed. */
async function demo(
  args: readonly string[],
  stopOn?: RegExp,
): Promise<{ readonly code: number | null; readonly output: string; readonly complaints: string }> {
  const child = spawn(process.execPath, [main, 'demo', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let isStopped = false;
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (!isStopped && stopOn?.test(output)) isStopped = child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaints };
}

describe('headgate demo', () => {
  it('accounts for every acknowledged message in files that it reads back', { timeout: 60_000 }, async () => {
    const { code, output, complaints } = await demo(['--seconds', '3']);
    expect(complaints).toBe('');
    const verdict = /Accounted for: ([\d,]+) acknowledged at QoS 1 and 2 = ([\d,]+) found/.exec(output);
    expect(verdict, output).not.toBeNull();
    expect(Number(verdict?.[1]?.replaceAll(',', ''))).toBeGreaterThan(500);
    expect(output).toMatch(/ 2 s {2}in [\d,]+ {2}matched/);
    for (const rule of ['readings', 'press_strokes', 'vibration_high', 'energy', 'alarms', 'all']) {
      expect(output).toMatch(new RegExp(`^${rule} +\\d+ +[\\d,]+ +[\\d.]+ \\w+ `, 'm'));
    }
    expect(code).toBe(0);
    expect(await readdir(join(cwd, 'demo-data'))).toEqual(
      expect.arrayContaining(['data', 'headgate.log', 'headgate.yaml', 'lake', 'metrics.txt', 'rules', 'schemas']),
    );
    const metrics = await readFile(join(cwd, 'demo-data', 'metrics.txt'), 'utf8');
    expect(metrics).toContain('headgate_action_delivered_total{action="readings/0"}');
  });

  it('ends early, in order, when it is interrupted', { timeout: 60_000 }, async () => {
    const { code, output } = await demo(['--seconds', '600'], / 2 s /);
    expect(output).toContain('Accounted for:');
    expect(code).toBe(0);
  });

  it('refuses a time that makes no sense', async () => {
    const { code, complaints } = await demo(['--seconds', 'soon']);
    expect(complaints).toContain('--seconds takes a number from 1 to');
    expect(code).not.toBe(0);
  });
});
