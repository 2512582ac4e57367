import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Books } from '../src/books.ts';
import { createEvents } from '../src/events.ts';
import type { SlabResult, SlabTask } from '../src/lane-protocol.ts';
import type { DeadLetter, Part } from '../src/message.ts';
import { createMetrics } from '../src/metrics.ts';
import { Settlement, type SettlementOptions } from '../src/settlement.ts';
import type { Slab } from '../src/spool/api.ts';

const SLAB: Slab = {
  first: 100,
  last: 109,
  ranges: [{ first: 100, last: 109 }],
  class: 'normal',
  messageCount: 10,
  isReplay: false,
};
const TASK: SlabTask = {
  kind: 'slab',
  bytes: new ArrayBuffer(8),
  byteLength: 8,
  isReplay: false,
  done: [],
  doneByAction: [],
};
const LETTER: DeadLetter = {
  code: 'MESSAGE_NOT_JSON',
  reason: 'not JSON',
  ruleName: 'press',
  action: '',
  topic: 't',
  clientId: 'c',
  receivedAt: 1,
  first: 103,
  last: 103,
  messageCount: 1,
  content: 'message',
  destination: {},
  body: Buffer.from('x'),
};

function partOf(action: number): Part {
  return {
    action,
    destination: '{}',
    schemaId: '',
    packing: 'packed',
    bytes: new Uint8Array(3),
    ends: [3],
    originals: null,
    messageCount: 1,
    rawBytes: 3,
    encodedBytes: 3,
    first: 100,
    last: 100,
    receivedAt: 1,
    hops: 0,
  };
}

function resultOf(fields: Partial<SlabResult>): SlabResult {
  const base = {
    bytes: new ArrayBuffer(8),
    byteLength: 8,
    evaluated: 10,
    rules: [],
    parts: [],
    deadLetters: [],
    inferred: [],
    deferred: null,
    fieldsUnknown: [],
    busyMs: 1,
  };
  return { ...base, ...fields };
}

const TABLES = {
  actionIds: ['press/0', 'press/1'],
  progressKeys: ['press/0', 'press/1'],
  ruleNames: ['press'],
  errorActionOf: () => null,
};

function rig(overrides: Partial<SettlementOptions> = {}) {
  const metrics = createMetrics();
  const log: string[] = [];
  const settlements: (() => void)[] = [];
  const books = new Books(metrics);
  const settlement = new Settlement({
    tables: TABLES,
    defer: (lane, slab) => void log.push(`defer ${lane} ${slab.first}`),
    whenDeferredRoom: async (lane) => void log.push(`room to defer ${lane}`),
    firstSequence: 50,
    books,
    events: createEvents(pino({ level: 'silent' }), metrics),
    metrics,
    deadLetters: { put: async (letters) => void log.push(`dead letters ${letters.length}`) },
    progress: {
      evaluated: (slab, parts) => void log.push(`evaluated ${slab.first}-${slab.last} ${JSON.stringify([...parts])}`),
      settled: (slab, action) => void log.push(`settled ${slab.first} ${action}`),
      owes: (slab, parts) => void log.push(`owes ${slab.first} ${JSON.stringify([...parts])}`),
    },
    accept: (part, settled) => {
      log.push(`accept ${part.action}`);
      settlements.push(settled);
    },
    whenRoom: async (action) => void log.push(`room ${action}`),
    freeze: async (inferred) => void log.push(`freeze ${inferred.length}`),
    sleep: async () => void log.push('sleep'),
    ...overrides,
  });
  return { settlement, metrics, books, log, settlements };
}

describe('Settlement', () => {
  it('tells progress what each action owes before any delivery may settle it', async () => {
    const { settlement, log, settlements } = rig();
    expect(await settlement.onResult(0, SLAB, TASK, resultOf({ parts: [partOf(0), partOf(1), partOf(1)] }))).toBe(
      'done',
    );
    expect(log).toEqual([
      'evaluated 100-109 [["press/0",1],["press/1",2]]',
      'accept 0',
      'accept 1',
      'accept 1',
      'room 0',
      'room 1',
    ]);
    for (const settle of settlements) settle();
    expect(log.slice(6)).toEqual(['settled 100 press/0', 'settled 100 press/1', 'settled 100 press/1']);
  });

  it('counts no action of a rule as done while the error document of a failed one is on its way', async () => {
    const { settlement, log, settlements } = rig({
      tables: {
        ...TABLES,
        progressKeys: ['press/0', 'press/error', 'oven/0'],
        errorActionOf: (action) => (action === 0 ? 1 : null),
      },
    });
    await settlement.onResult(0, SLAB, TASK, resultOf({ parts: [partOf(0), partOf(1), partOf(2)] }));
    expect(log[0]).toBe('evaluated 100-109 [["press/error",2],["oven/0",1]]');
    for (const settle of settlements) settle();
    expect(log.slice(-3)).toEqual(['settled 100 press/error', 'settled 100 press/error', 'settled 100 oven/0']);
  });

  it('freezes a schema again while the disk refuses, and never rejects', async () => {
    let failures = 2;
    const { settlement, log } = rig({
      freeze: async () => {
        if (failures-- > 0) throw new Error('ENOSPC');
        log.push('frozen');
      },
    });
    expect(await settlement.onResult(0, SLAB, TASK, resultOf({ inferred: [{ action: 0, text: '{}' }] }))).toBe('again');
    expect(log).toEqual(['sleep', 'sleep', 'frozen']);
  });

  it('takes no further slab while a delivery has no room', async () => {
    let makeRoom = () => {};
    const room = new Promise<void>((resolve) => {
      makeRoom = resolve;
    });
    const { settlement } = rig({ whenRoom: () => room });
    let isDone = false;
    const done = settlement.onResult(0, SLAB, TASK, resultOf({ parts: [partOf(0)] })).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).toBe(false);
    makeRoom();
    await done;
  });

  it('makes dead letters durable before the slab counts as evaluated, waiting for a disk that fails', async () => {
    let failures = 2;
    const order: string[] = [];
    const { settlement, log, metrics } = rig({
      deadLetters: {
        put: async () => {
          if (failures-- > 0) throw new Error('EIO');
          order.push('durable');
        },
      },
      progress: { evaluated: () => void order.push('evaluated'), settled: () => undefined, owes: () => undefined },
    });
    await settlement.onResult(0, SLAB, TASK, resultOf({ deadLetters: [LETTER] }));
    expect(order).toEqual(['durable', 'evaluated']);
    expect(log).toEqual(['sleep', 'sleep']);
    expect((await metrics.journalFailures.get()).values).toEqual([{ labels: { class: 'dlq' }, value: 2 }]);
  });

  it('counts a dead letter of an action on both sides of its balance', async () => {
    const { settlement, metrics } = rig();
    await settlement.onResult(
      0,
      SLAB,
      TASK,
      resultOf({ deadLetters: [{ ...LETTER, action: 'press/0', code: 'MESSAGE_SCHEMA_MISMATCH' }] }),
    );
    expect((await metrics.actionEmitted.get()).values[0]).toMatchObject({ labels: { action: 'press/0' }, value: 1 });
    expect((await metrics.actionDeadLettered.get()).values[0]).toMatchObject({
      labels: { action: 'press/0' },
      value: 1,
    });
  });

  it('has the slab evaluated again once inferred schemas are frozen, and counts it once', async () => {
    const { settlement, log, books } = rig();
    expect(
      await settlement.onResult(0, SLAB, TASK, resultOf({ inferred: [{ action: 0, text: '{}' }], evaluated: 0 })),
    ).toBe('again');
    expect(log).toEqual(['freeze 1']);
    for (let i = 0; i < 10; i++) books.journaled();
    await settlement.onResult(0, SLAB, TASK, resultOf({}));
    expect(books.inFlight).toBe(0);
  });

  it('counts what was journaled before this start as a replay, outside the balance', async () => {
    const { settlement, metrics, books } = rig();
    await settlement.onResult(0, { ...SLAB, first: 40, last: 49 }, TASK, resultOf({}));
    books.carry();
    expect((await metrics.messagesReplayed.get()).values[0]?.value).toBe(10);
    expect((await metrics.messagesEvaluated.get()).values[0]?.value ?? 0).toBe(0);
  });

  it('keeps a slab open while rules that ask services are deferred, and owes what they emit', async () => {
    const { settlement, log, settlements } = rig();
    await settlement.onResult(2, SLAB, TASK, resultOf({ parts: [partOf(0)], deferred: [] }));
    expect(log).toEqual([
      'evaluated 100-109 [["press/0",1],["",1]]',
      'defer 2 100',
      'accept 0',
      'room 0',
      'room to defer 2',
    ]);
    log.length = 0;
    for (const settle of settlements.splice(0)) settle();
    await settlement.onDeferredResult(SLAB, resultOf({ evaluated: 0, parts: [partOf(1)] }));
    settlement.onDeferredFinished(SLAB);
    for (const settle of settlements) settle();
    expect(log).toEqual([
      'settled 100 press/0',
      'owes 100 [["press/1",1]]',
      'accept 1',
      'room 1',
      'settled 100 ',
      'settled 100 press/1',
    ]);
  });

  it('says once per rule set which actions leave out fields that their schema does not have', async () => {
    const logged: unknown[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line).action) });
    const { settlement } = rig({ events: createEvents(log, createMetrics()) });
    const leavingOut = () => settlement.onResult(0, SLAB, TASK, resultOf({ fieldsUnknown: [{ action: 1, count: 3 }] }));
    await leavingOut();
    await leavingOut();
    expect(logged).toEqual(['press/1']);
    settlement.use(TABLES);
    await leavingOut();
    expect(logged).toEqual(['press/1', 'press/1']);
  });

  it('counts results under the rule set that they come from', async () => {
    const { settlement, metrics } = rig();
    settlement.use({ ...TABLES, ruleNames: ['oven'] });
    await settlement.onResult(0, SLAB, TASK, resultOf({ rules: [{ rule: 0, matched: 3, notTrue: 0, failed: 0 }] }));
    expect((await metrics.ruleMatched.get()).values).toEqual([{ labels: { rule: 'oven' }, value: 3 }]);
  });
});
