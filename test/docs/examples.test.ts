import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadResult, loadConfig } from '../../src/config.ts';
import { formatFinding } from '../../src/errors.ts';
import { sinkDefinitions } from '../../src/sinks/index.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-examples-'));
  await cp(examples, dir, { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The findings as `headgate check` prints them, and the configuration. */
function check(file: string): { readonly lines: readonly string[]; readonly config: LoadResult['config'] } {
  const { config, findings } = loadConfig(join(dir, file), {});
  return { lines: findings.map(formatFinding), config };
}

/** Takes the comment mark off the lines of a file that match. */
async function uncomment(file: string, lines: RegExp): Promise<void> {
  const text = await readFile(join(dir, file), 'utf8');
  const changed = text.replaceAll(lines, '$1$2');
  expect(changed).not.toBe(text);
  await writeFile(join(dir, file), changed);
}

describe('the examples', () => {
  it('are accepted as they stand, without a warning', () => {
    expect(check('headgate.yaml').lines).toEqual([]);
  });

  it('are accepted with their TLS listeners once certificates are there', async () => {
    await uncomment('headgate.yaml', /^( +)# (- \{ type: (?:tls|wss).*)$/gm);
    expect(check('headgate.yaml').lines.join('\n')).toContain('gw.crt');
    for (const name of ['gw.crt', 'gw.key', 'devices-ca.crt']) await writeFile(join(dir, name), '');
    const { lines, config } = check('headgate.yaml');
    expect(lines).toEqual([]);
    expect(config?.listeners.map((listener) => listener.type)).toEqual(['tcp', 'tls', 'wss']);
  });

  it('have a rule for each type of action', async () => {
    const files = await readdir(join(dir, 'rules'));
    const text = (await Promise.all(files.map((file) => readFile(join(dir, 'rules', file), 'utf8')))).join('\n');
    const missing = sinkDefinitions.filter(({ type }) => !new RegExp(`^ +- ${type}:`, 'm').test(text));
    expect(missing.map(({ type }) => type)).toEqual([]);
  });

  it('let nobody in with a secret that is published: their hashes are of forgotten texts', () => {
    const users = check('headgate.yaml').config?.users ?? [];
    expect(users.map(({ name }) => name)).toEqual(['press-01', 'oven-01', 'operator']);
  });
});

describe('the configuration of the demo', () => {
  it('is accepted as it stands, without a warning', () => {
    expect(check('demo/headgate.yaml').lines).toEqual([]);
  });

  it('names a folder of the lake after each rule, by which the demo counts its files', () => {
    const actions = check('demo/headgate.yaml').config?.ruleSet.planned ?? [];
    const files = actions.filter(({ plan }) => plan.type === 'file');
    expect(files.length).toBeGreaterThan(3);
    for (const { plan } of files) expect(plan.destination['path']?.split('/')[0]).toBe(plan.ruleName);
  });
});
