import { describe, expect, it } from 'vitest';
import { BlockWriter } from '../src/block.ts';
import type { ExternalAnswer } from '../src/external-call.ts';
import { ExternalStage, type ExternalStageOptions } from '../src/external-stage.ts';
import type { PendingCall, SlabResult, SlabTask } from '../src/lane-protocol.ts';
import { writePublish } from '../src/publish-packet.ts';
import type { Slab } from '../src/spool/api.ts';
import { until } from './support/until.ts';

function slabOf(first: number, last: number): Slab {
  return { first, last, ranges: [{ first, last }], class: 'normal', messageCount: last - first + 1, isReplay: false };
}

const TASK: SlabTask = {
  kind: 'slab',
  bytes: new ArrayBuffer(0),
  byteLength: 16,
  isReplay: false,
  done: [],
  doneByAction: [],
};

function resultOf(deferred: SlabResult['deferred'], bytes = 16): SlabResult {
  return {
    bytes: new ArrayBuffer(bytes),
    byteLength: bytes,
    evaluated: 0,
    rules: [],
    parts: [],
    deadLetters: [],
    inferred: [],
    deferred,
    fieldsUnknown: [],
    busyMs: 0,
  };
}

function callOf(sequence: number, parameters = '[1]'): PendingCall {
  return { sequence, call: { function: 'aws_lambda', parameters } };
}

const ok = (text: string): ExternalAnswer => ({ isOk: true, text });

function rig(overrides: Partial<ExternalStageOptions> = {}) {
  const log: string[] = [];
  const stage = new ExternalStage({
    laneCount: 2,
    run: async (_lane, task) => {
      log.push(`run ${(task.answers ?? []).map(({ sequence, answer }) => `${sequence}:${answer.isOk}`).join(' ')}`);
      return resultOf(null);
    },
    connectors: () => ({ answer: async () => ok('7'), concurrencyOf: () => 2 }),
    recorded: { find: () => null, put: async (answered) => void log.push(`recorded ${answered.length}`) },
    onResult: async (slab) => {
      log.push(`result ${slab.first}`);
      return 'done';
    },
    onPoisoned: async (_slab, letter) => void log.push(`poisoned ${letter.first}`),
    onFinished: (slab) => void log.push(`finished ${slab.first}`),
    events: { spoolStepFailed: (step) => void log.push(`failed ${step}`) },
    sleep: async () => void log.push('sleep'),
    ...overrides,
  });
  return { stage, log };
}

describe('ExternalStage', () => {
  it('records what was answered before the rules are evaluated with it', async () => {
    const { stage, log } = rig();
    stage.defer(0, slabOf(10, 12), TASK, resultOf([callOf(10), callOf(11)]));
    expect(stage.isIdle).toBe(false);
    await stage.idle();
    expect(log).toEqual(['recorded 2', 'run 10:true 11:true', 'result 10', 'finished 10']);
    expect(stage.isIdle).toBe(true);
  });

  it('asks nobody for what an earlier run recorded', async () => {
    let asked = 0;
    const { stage, log } = rig({
      recorded: {
        find: ({ sequence }) => (sequence === 10 ? ok('1') : null),
        put: async () => void log.push('recorded'),
      },
      connectors: () => ({
        answer: async () => {
          asked++;
          return ok('2');
        },
        concurrencyOf: () => 2,
      }),
    });
    stage.defer(0, slabOf(10, 11), TASK, resultOf([callOf(10), callOf(11)]));
    await stage.idle();
    expect(asked).toBe(1);
  });

  it('asks in rounds for what depends on answers, and not for ever', async () => {
    let rounds = 0;
    let isLast = false;
    const { stage, log } = rig({
      run: async (_lane, task) => {
        rounds++;
        isLast = task.isLastRound === true;
        return resultOf(isLast ? null : [callOf(10, `[${rounds}]`)]);
      },
    });
    stage.defer(0, slabOf(10, 10), TASK, resultOf([callOf(10)]));
    await stage.idle();
    expect(isLast).toBe(true);
    expect(rounds).toBe(16);
    expect(log.at(-1)).toBe('finished 10');
  });

  it('keeps the order of slabs of a lane, whatever is answered first, and lets other lanes pass', async () => {
    const waiting = new Map<number, (answer: ExternalAnswer) => void>();
    let next = 0;
    const { stage, log } = rig({
      connectors: () => ({
        answer: () => new Promise((resolve) => waiting.set(next++, resolve)),
        concurrencyOf: () => 8,
      }),
    });
    stage.defer(0, slabOf(10, 10), TASK, resultOf([callOf(10)]));
    stage.defer(0, slabOf(20, 20), TASK, resultOf([callOf(20)]));
    stage.defer(1, slabOf(30, 30), TASK, resultOf([callOf(30)]));
    await until('all are asked', () => waiting.size === 3);
    waiting.get(1)?.(ok('2'));
    waiting.get(2)?.(ok('3'));
    await until('the other lane is through', () => log.includes('finished 30'));
    expect(log).not.toContain('finished 20');
    waiting.get(0)?.(ok('1'));
    await stage.idle();
    expect(log.filter((line) => line.startsWith('finished'))).toEqual(['finished 30', 'finished 10', 'finished 20']);
  });

  it('makes no more calls of a function at once than its connector takes', async () => {
    let running = 0;
    let most = 0;
    const { stage } = rig({
      connectors: () => ({
        answer: async () => {
          running++;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          return ok('1');
        },
        concurrencyOf: () => 3,
      }),
    });
    stage.defer(0, slabOf(1, 40), TASK, resultOf(Array.from({ length: 40 }, (_, i) => callOf(i + 1))));
    stage.defer(1, slabOf(50, 60), TASK, resultOf(Array.from({ length: 10 }, (_, i) => callOf(i + 50))));
    await stage.idle();
    expect(most).toBe(3);
  });

  it('makes no more calls that fail one like the other while everything else waits for them', async () => {
    const asked: string[] = [];
    let isUp = false;
    const { stage, log } = rig({
      connectors: () => ({
        answer: async ({ parameters }) => {
          asked.push(parameters);
          await new Promise((resolve) => setTimeout(resolve, 1));
          return isUp ? ok('7') : { isOk: false, reason: 'It did not answer.' };
        },
        concurrencyOf: () => 2,
      }),
    });
    const defer = (first: number) => {
      const calls = Array.from({ length: 20 }, (_, n) => callOf(first + n, `[${first + n}]`));
      stage.defer(0, slabOf(first, first + 19), TASK, resultOf(calls));
    };
    defer(0);
    await stage.idle();
    expect(asked).toHaveLength(20);
    for (let first = 20; first < 200; first += 20) defer(first);
    await stage.hurry();
    expect(asked.length).toBeLessThan(25);
    expect(log.filter((line) => line.startsWith('finished'))).toHaveLength(10);
    isUp = true;
    asked.length = 0;
    defer(200);
    await stage.idle();
    defer(220);
    await stage.hurry();
    expect(asked).toHaveLength(40);
  });

  it('waits for a disk that refuses to record, and has a lane wait for a slab too many', async () => {
    let failures = 2;
    let isFree = false;
    const { stage, log } = rig({
      recorded: {
        find: () => null,
        put: async () => {
          if (failures-- > 0) throw new Error('ENOSPC');
        },
      },
    });
    stage.defer(0, slabOf(10, 10), TASK, resultOf([callOf(10)], 9 * 1024 * 1024));
    void stage.whenRoom(0).then(() => {
      isFree = true;
    });
    await stage.whenRoom(1);
    expect(isFree).toBe(false);
    await stage.idle();
    expect(log.filter((line) => line === 'sleep')).toHaveLength(2);
    await until('the lane may go on', () => isFree);
  });

  it('evaluates one by one when workers die, and gives up only the message that is to blame', async () => {
    const { stage, log } = rig({
      run: async (_lane, task) => {
        const isLeftOut = task.done.some(({ first, last }) => first <= 11 && 11 <= last);
        if (!isLeftOut) throw new Error('the worker died');
        return resultOf(null);
      },
    });
    const sender = { clientId: 'c', principal: '', address: '', protocolVersion: 4 } as const;
    const writer = new BlockWriter(Buffer.alloc(4096), 0);
    for (let i = 0; i < 3; i++) writer.message(sender, 1, 0, writePublish('t', Buffer.from('{}'), 1, false, 1));
    const { length: byteLength } = writer.seal(10, 9, 0);
    const bytes = writer.bytes.buffer as ArrayBuffer;
    stage.defer(0, slabOf(10, 12), { ...TASK, byteLength }, { ...resultOf([]), bytes, byteLength });
    await stage.idle();
    expect(log).toEqual(['result 10', 'poisoned 11', 'result 10', 'finished 10']);
  });

  it('leaves what it has when the gateway stops: it is not settled, and comes again', async () => {
    let answer = (_answer: ExternalAnswer) => {};
    const { stage, log } = rig({
      connectors: () => ({
        answer: () =>
          new Promise((resolve) => {
            answer = resolve;
          }),
        concurrencyOf: () => 1,
      }),
    });
    stage.defer(0, slabOf(10, 10), TASK, resultOf([callOf(10)]));
    const stopped = stage.stop();
    answer({ isOk: false, reason: 'The gateway is stopping.' });
    await stopped;
    expect(log).toEqual([]);
  });
});
