import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExternalCall, ExternalFunctionName } from '../../src/external-call.ts';
import type { Slab, Spool } from '../../src/spool/api.ts';
import { nodeFiles } from '../../src/spool/files.ts';
import { folderOf } from '../support/folder.ts';
import {
  CountingWaiter,
  emptyResult,
  eventually,
  openTestSpool,
  packetOf,
  sender,
} from './support/spool-under-test.ts';

function callOf(parameters: string, name: ExternalFunctionName = 'aws_lambda'): ExternalCall {
  return { function: name, parameters };
}

/** Appends messages and hands each slab to `onSlab`; resolves with the sequence of the first. */
async function append(spool: Spool, count: number, onSlab: (slab: Slab) => void): Promise<number> {
  const slabs: Slab[] = [];
  spool.startFeeds({
    evaluate: async (_lane, task) => emptyResult(task),
    async onResult(_lane, slab) {
      spool.progress.evaluated(slab, new Map([['', 1]]));
      slabs.push(slab);
      onSlab(slab);
      return 'done';
    },
    onPoisoned() {},
    onRuleSet: async () => {},
  });
  const waiter = new CountingWaiter();
  for (let i = 0; i < count; i++) {
    const packet = packetOf(String(i), 500);
    spool.journal('normal').append(0, sender, 0, 1, packet, 0, packet.length, waiter.expect(String(i)));
  }
  await eventually(() => slabs.reduce((sum, { messageCount }) => sum + messageCount, 0) === count);
  return Math.min(...slabs.map(({ first }) => first));
}

function bytesIn(dir: string): string {
  const folder = join(dir, 'answers');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');
}

describe('recorded answers', () => {
  it('are found by the next run, for messages that are not settled', async () => {
    const dir = folderOf();
    const first = (await openTestSpool(dir, nodeFiles())).spool;
    const sequence = await append(first, 2, () => {});
    const answer = { isOk: true, text: '{"serial":9007199254740993,"ü":"…"}' } as const;
    await first.answers.put([
      { sequence, call: callOf('["f",1]'), answer },
      { sequence: sequence + 1, call: callOf('["f",1]'), answer: { isOk: true, text: '' } },
    ]);
    expect(first.answers.find({ sequence, call: callOf('["f",1]') })).toBeNull();
    await first.close();
    const { spool } = await openTestSpool(dir, nodeFiles());
    expect(spool.answers.find({ sequence, call: callOf('["f",1]') })).toEqual(answer);
    expect(spool.answers.find({ sequence: sequence + 1, call: callOf('["f",1]') })).toEqual({ isOk: true, text: '' });
    expect(spool.answers.find({ sequence, call: callOf('["f",2]') })).toBeNull();
    expect(spool.answers.find({ sequence, call: callOf('["f",1]', 'get_dynamodb') })).toBeNull();
    expect(spool.answers.find({ sequence: sequence + 2, call: callOf('["f",1]') })).toBeNull();
    await spool.close();
  });

  it('never hold a secret or a failure', async () => {
    const dir = folderOf();
    const { spool } = await openTestSpool(dir, nodeFiles());
    await spool.answers.put([
      { sequence: 1, call: callOf('["s"]', 'get_secret'), answer: { isOk: true, text: '"hunter2"' } },
      { sequence: 1, call: callOf('["x"]'), answer: { isOk: false, reason: 'timed out' } },
      { sequence: 1, call: callOf('["y"]'), answer: { isOk: true, text: '"kept"' } },
    ]);
    await spool.close();
    expect(bytesIn(dir)).toContain('kept');
    expect(bytesIn(dir)).not.toMatch(/hunter2|timed out/);
  });

  it('go when their messages are settled', async () => {
    const dir = folderOf();
    const { spool } = await openTestSpool(dir, nodeFiles());
    const slabs: Slab[] = [];
    const sequence = await append(spool, 1, (slab) => slabs.push(slab));
    const text = JSON.stringify('x'.repeat(20_000));
    for (let i = 0; i < 12; i++) {
      await spool.answers.put([{ sequence, call: callOf(`[${i}]`), answer: { isOk: true, text } }]);
    }
    const count = () => readdirSync(join(dir, 'answers')).length;
    const before = count();
    expect(before).toBeGreaterThan(2);
    await append(spool, 400, (slab) => spool.progress.settled(slab, ''));
    await spool.progress.flush();
    expect(count()).toBeGreaterThanOrEqual(before);
    for (const slab of slabs) spool.progress.settled(slab, '');
    await spool.progress.flush();
    await spool.progress.flush();
    expect(count()).toBeLessThan(before);
    await spool.close();
  });
});
