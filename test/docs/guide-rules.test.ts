import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRules } from '../cli/run-rules.ts';
import { fillBlock } from './block.ts';

const page = readFileSync(new URL('../../docs/guide-rules.md', import.meta.url), 'utf8');

const RULE = `# yaml-language-server: $schema=../rules.schema.json
ruleName: press_alarm
awsIotSqlVersion: '2016-03-23'
sql: >-
  SELECT sensor, force, topic(2) AS line, 'Force too high.' AS text
  FROM 'plant/+/press'
  WHERE force > 850
actions:
  - republish:
      topic: alarms/\${topic(2)}/\${sensor}
      qos: 1
    delivery: { class: alarm }
`;

const FIXTURE = `# yaml-language-server: $schema=../fixtures.schema.json
rules: [ press.yaml ]
cases:
  - name: too much force is an alarm on its line
    rule: press_alarm
    given:
      topic: plant/north/press
      payload: { sensor: p1, force: 912.5 }
    expect:
      output: { sensor: p1, force: 912.5, line: north, text: Force too high. }
      destinations: { "0": { topic: alarms/north/p1 } }

  - name: as much as is allowed is none
    rule: press_alarm
    given: { topic: plant/north/press, payload: { sensor: p1, force: 850 } }
    expect: { match: false, because: where }

  - name: what is not JSON fails
    rule: press_alarm
    given: { topic: plant/north/press, payloadText: "912,5" }
    expect: { error: MESSAGE_NOT_JSON }
`;

const SAMPLES = `{"topic": "plant/north/press", "payload": {"sensor": "p1", "forse": 912.5}}
`;

const before = process.cwd();
const dir = mkdtempSync(join(tmpdir(), 'headgate-guide-'));

beforeAll(() => {
  process.chdir(dir);
  mkdirSync('rules');
  writeFileSync('rules/press.yaml', RULE);
  writeFileSync('rules/press.test.yaml', FIXTURE);
  writeFileSync('messages.jsonl', SAMPLES);
});
afterAll(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});

/** The words of a command line; quotes are read as a shell does, and nothing else is. */
function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

const block = (language: string, text: string) => `\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n\n`;

describe('the guide to rules', () => {
  /** Stale? `npx vitest run test/docs/guide-rules.test.ts --update` writes it anew. */
  it('shows what its commands print', async () => {
    const commands = [...page.matchAll(/^headgate (.*)$/gm)].map((match) => wordsOf(match[1] ?? ''));
    expect(commands).toHaveLength(8);
    const names = ['rules', 'fixtures', 'explain', 'check', 'match', 'noMatch', 'passed', 'failed'];
    const codes: (number | null)[] = [];
    let filled = fillBlock(fillBlock(page, 'rule', block('yaml', RULE)), 'fixture', block('yaml', FIXTURE));
    for (const [index, words] of commands.entries()) {
      const name = names[index] ?? '';
      if (name === 'failed') writeFileSync('rules/press.yaml', RULE.replace('850', '950'));
      const target = words.indexOf('>');
      const { code, printed, complaints } = await runRules(target < 0 ? words : words.slice(0, target));
      codes.push(code);
      if (target >= 0) expect(Object.keys(JSON.parse(printed) as object)).toContain('$schema');
      else filled = fillBlock(filled, name, block('text', [complaints, printed].filter(Boolean).join('\n')));
    }
    expect(codes).toEqual([0, 0, 0, 0, 0, 3, 0, 1]);
    await expect(filled).toMatchFileSnapshot('../../docs/guide-rules.md');
  });
});
