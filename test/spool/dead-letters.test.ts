import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listDeadLetters, showDeadLetter } from '../../src/cli/dlq.ts';
import type { DeadLetter } from '../../src/message.ts';
import { readDeadLetters } from '../../src/spool/dead-letter-reader.ts';
import { nodeFiles } from '../../src/spool/files.ts';
import { errno, SimulatedDisk } from './support/simulated-disk.ts';
import { hastyClock, openTestSpool } from './support/spool-under-test.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-dlq-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

function letter(topic: string, body: string | Uint8Array = '{"t":1'): DeadLetter {
  return {
    code: 'MESSAGE_NOT_JSON',
    reason: 'Unexpected end',
    ruleName: 'temps',
    action: '',
    topic,
    clientId: 'press-1',
    receivedAt: Date.UTC(2026, 0, 2),
    first: 7,
    last: 7,
    messageCount: 1,
    content: 'message',
    destination: {},
    body: Buffer.from(body),
  };
}

describe('dead letters', () => {
  it('are readable beside the running spool, and after restarts, in order', async () => {
    const first = await openTestSpool(join(dir, 'spool'), nodeFiles());
    await Promise.all([
      first.spool.deadLetters.put([letter('a'), letter('b')]),
      first.spool.deadLetters.put([letter('c')]),
    ]);
    const printed: string[] = [];
    expect(await listDeadLetters(dir, (line) => void printed.push(line))).toBe(0);
    expect(printed).toHaveLength(4);
    expect(printed[0]).toBe('1  2026-01-02T00:00:00.000Z  MESSAGE_NOT_JSON  temps  a  Unexpected end');
    expect(printed[3]).toBe('3 dead letters');
    await first.spool.close();
    const second = await openTestSpool(join(dir, 'spool'), nodeFiles());
    await second.spool.deadLetters.put([letter('d', Buffer.alloc(2_000_000, 1))]);
    await second.spool.close();
    const topics: string[] = [];
    const numbers: number[] = [];
    for await (const stored of readDeadLetters(nodeFiles(), join(dir, 'spool'))) {
      topics.push(stored.letter.topic);
      numbers.push(stored.sequence);
    }
    expect(topics).toEqual(['a', 'b', 'c', 'd']);
    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('shows one letter with its body, without what would steer a terminal', async () => {
    const { spool } = await openTestSpool(join(dir, 'spool'), nodeFiles());
    await spool.deadLetters.put([letter('a', 'x\u001b[2J'), letter('b', Uint8Array.of(0xff, 0xfe))]);
    await spool.close();
    const printed: string[] = [];
    expect(await showDeadLetter(dir, 1, (line) => void printed.push(line))).toBe(0);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ sequence: 1, topic: 'a', clientId: 'press-1' });
    expect(printed[1]).toBe('x\ufffd[2J');
    await showDeadLetter(dir, 2, (line) => void printed.push(line));
    expect(printed[3]).toBe('base64 //4=');
    expect(await showDeadLetter(dir, 99, (line) => void printed.push(line))).toBe(1);
    expect(await listDeadLetters(join(dir, 'nowhere'), (line) => void printed.push(line))).toBe(1);
  });

  it('go to a new segment when a sync fails, and are refused when that fails too', async () => {
    const disk = new SimulatedDisk();
    const { spool } = await openTestSpool('/spool', disk, { clock: hastyClock });
    let failures = 1;
    disk.fault = (operation, path) => {
      if (operation === 'datasync' && path.includes('/dlq/') && failures-- > 0) throw errno('EIO');
      return undefined;
    };
    await spool.deadLetters.put([letter('a')]);
    failures = 1000;
    await expect(spool.deadLetters.put([letter('b')])).rejects.toThrow('EIO');
    failures = 0;
    await spool.deadLetters.put([letter('c')]);
    disk.operationsLeft = 0;
    const topics: string[] = [];
    for await (const stored of readDeadLetters(
      disk.afterPowerLoss(() => 0),
      '/spool',
    ))
      topics.push(stored.letter.topic);
    expect(topics).toEqual(['a', 'c']);
  });
});
