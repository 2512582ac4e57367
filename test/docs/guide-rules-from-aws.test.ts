import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { table } from '../../src/cli/pages/markdown.ts';
import { createProgram } from '../../src/cli/program.ts';
import { awsActions } from '../../src/rule-documents/aws-actions.ts';
import { fillBlock } from './block.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/guide-rules-from-aws.md');

const CONFIG = `gateway: { id: factory }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
aws: { region: eu-west-1 }
rules: [ ./rules/* ]
`;

const before = process.cwd();
const dir = mkdtempSync(join(tmpdir(), 'headgate-guide-'));

beforeAll(() => {
  process.chdir(dir);
  writeFileSync('headgate.yaml', CONFIG);
  writeFileSync('oven_alarm.json', read('test/rule-documents/fixtures/get-topic-rule.json'));
  writeFileSync('template.yaml', read('test/rule-documents/fixtures/template.yaml'));
});
afterAll(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});

/** What a command prints, on whichever stream, and its exit code. `> file` is done as the shell does it. */
async function run(command: string): Promise<{ readonly printed: string; readonly exitCode: number }> {
  const [words = '', target] = command.split(' > ');
  const lines: string[] = [];
  const toFile: string[] = [];
  let exitCode = -1;
  // What these commands need of a process.
  const host: Partial<Host> = {
    env: {},
    version: '0',
    process,
    print: (line) => void (target === undefined ? lines : toFile).push(line),
    complain: (line) => void lines.push(line),
  };
  await createProgram(host as Host, (code) => {
    exitCode = code;
  }).parseAsync(words.split(' '), { from: 'user' });
  if (target !== undefined) writeFileSync(target, toFile.join('\n'));
  return { printed: lines.join('\n'), exitCode };
}

const block = (language: string, text: string) => `\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n\n`;

describe('the guide to rules from AWS', () => {
  /** Stale? `npx vitest run test/docs/guide-rules-from-aws --update` writes it anew. */
  it('shows what its commands print, in their order, and the actions as the code knows them', async () => {
    const commands = [...page.matchAll(/^headgate (.*)$/gm)].map((match) => match[1] ?? '');
    expect(commands).toHaveLength(6);
    const [refused, partial, check, unresolved, template, exported] = await commands.reduce<
      Promise<readonly { printed: string; exitCode: number }[]>
    >(async (done, command) => [...(await done), await run(command)], Promise.resolve([]));
    expect([refused, partial, check, unresolved, template, exported].map((result) => result?.exitCode)).toEqual([
      1, 0, 0, 1, 0, 0,
    ]);
    let filled = page;
    for (const [name, result] of Object.entries({ refused, partial, check, unresolved, template })) {
      filled = fillBlock(filled, name, block('text', result?.printed ?? ''));
    }
    filled = fillBlock(filled, 'rule', block('yaml', readFileSync('rules/oven_alarm.yaml', 'utf8')));
    const rows = awsActions.map(({ key, support, how }) => [
      `\`${key}\``,
      support === 'unsupported' ? 'not supported' : support,
      how,
    ]);
    filled = fillBlock(filled, 'actions', `\n${table(['Action', 'Here', 'How, or what to do instead'], rows)}\n\n`);
    await expect(filled).toMatchFileSnapshot('../../docs/guide-rules-from-aws.md');
  });

  it('ends with the document that AWS takes', () => {
    const gotten = JSON.parse(read('test/rule-documents/fixtures/get-topic-rule.json')) as { rule: object };
    const { createdAt: _, ruleName, ...topicRulePayload } = gotten.rule as { createdAt: string; ruleName: string };
    expect(JSON.parse(readFileSync(join(dir, 'oven_alarm.json'), 'utf8'))).toEqual({ ruleName, topicRulePayload });
  });
});
