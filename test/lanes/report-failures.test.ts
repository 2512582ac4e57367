import { describe, expect, it } from 'vitest';
import { BlockReader, blockAt } from '../../src/block.ts';
import type { FailuresTask, LaneRule } from '../../src/lane-protocol.ts';
import { createLane } from '../../src/lanes/evaluate.ts';
import type { ActionPlan, Part } from '../../src/message.ts';
import { container, entriesOf, plan, RECEIVED_AT, rule, setup, slab } from './lane-scene.ts';

const everything = "SELECT * FROM 'plant/#'";
const kept = (more: Partial<ActionPlan> = {}) => plan({ keepsOriginals: true, ...more });
const withErrorAction = (more: Partial<LaneRule> = {}) => rule(everything, { errorAction: 1, ...more });
const errorPlan = plan({ id: 'r/error', type: 'republish', destination: { topic: 'errors/${topic()}/${id}' } });

/** `[sequence, messages]` of the blocks behind each end of a part. */
function originalsOf(part: Part | undefined): (readonly (readonly [number, number])[])[] {
  const { bytes, ends } = part?.originals ?? { bytes: new Uint8Array(0), ends: [] };
  const buffer = Buffer.from(bytes);
  return ends.map((end, index) => {
    const blocks: (readonly [number, number])[] = [];
    for (let at = ends[index - 1] ?? 0; at < end; ) {
      const block = blockAt(buffer, at);
      blocks.push([block.firstSequence, block.messageCount]);
      at = block.next;
    }
    return blocks;
  });
}

function taskOf(originals: Uint8Array, more: Partial<FailuresTask> = {}): FailuresTask {
  const failure = {
    code: 'ENTRY_REJECTED',
    reason: 'no such stream',
    action: 'r/0',
    failedAction: 'FirehoseAction',
    failedResource: 'telemetry',
  } as const;
  const bytes = new Uint8Array(originals).buffer;
  return { kind: 'failures', ruleName: 'r', bytes, byteLength: bytes.byteLength, failure, ...more };
}

describe('the originals beside what an action emits', () => {
  it('are the messages as they were published, one block each, in the order of the entries', () => {
    const lane = createLane(setup([withErrorAction()], [kept({ destination: { topic: 'to/${n}' } }), errorPlan]));
    const task = slab(
      [{ payload: { n: 1 } }, { payload: { n: 2 }, clientId: 'press-2', hops: 3 }, { payload: { n: 2 } }],
      41,
    );
    const slabBytes = Buffer.from(task.bytes.slice(0));
    const { parts } = lane.run(task);
    expect(parts.map(originalsOf)).toEqual([[[[41, 1]]], [[[42, 1]], [[43, 1]]]]);
    const second = new BlockReader(Buffer.from(parts[1]?.originals?.bytes ?? []));
    const inSlab = new BlockReader(slabBytes);
    inSlab.next();
    inSlab.next();
    second.next();
    expect(second).toMatchObject({ sequence: 42, hops: 3, receivedAt: RECEIVED_AT + 1 });
    expect(second.sender()).toEqual(inSlab.sender());
    const packet = (reader: BlockReader) => reader.bytes.subarray(reader.packetStart, reader.packetEnd).toString('hex');
    expect(packet(second)).toBe(packet(inSlab));
  });

  it('are kept by each action that wants them, and by no other, from slab to slab', () => {
    const actions = [kept(), plan(), kept({ form: 'lines' }), errorPlan];
    const lane = createLane(setup([withErrorAction({ actions: [0, 1, 2], errorAction: 3 })], actions));
    for (const first of [1, 100]) {
      const { parts } = lane.run(slab([{ payload: { n: 1 } }, { payload: { n: 2 } }], first));
      const blocks = [[[first, 1]], [[first + 1, 1]]];
      expect(parts.map((part) => [part.action, part.originals === null ? null : originalsOf(part)])).toEqual([
        [0, blocks],
        [1, null],
        [2, blocks],
      ]);
    }
  });

  it('are parted like the gzip members and the lines that are left over', () => {
    const lane = createLane(setup([withErrorAction()], [kept({ form: 'lines', codec: 'gzip' }), errorPlan]));
    const text = 'x'.repeat(30_000);
    const { parts } = lane.run(
      slab([1, 2, 3, 4].map((n) => ({ payload: { n, text } })).concat({ payload: { n: 5, text: '' } }), 1),
    );
    expect(parts.map(({ packing, messageCount }) => [packing, messageCount])).toEqual([['packed', 5]]);
    expect(parts.map(originalsOf)).toEqual([
      [
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
        [
          [4, 1],
          [5, 1],
        ],
      ],
    ]);
    const few = lane.run(
      slab([1, 2, 3].map((n) => ({ payload: { n, text } })).concat({ payload: { n: 4, text: '' } }), 1),
    );
    expect(few.parts.map(originalsOf)).toEqual([
      [
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
      ],
      [[[4, 1]]],
    ]);
  });

  it('are emptied of messages that the error action was told of already', () => {
    const actions = [kept(), container({ id: 'r/1' }), errorPlan];
    const lane = createLane(setup([withErrorAction({ actions: [0, 1], errorAction: 2 })], actions));
    const readings = [1, 'hot', 2].map((temperature) => ({ payload: { id: 1, temperature } }));
    const { parts } = lane.run(slab(readings, 7));
    expect(parts.map(({ action }) => action)).toContain(2);
    expect(originalsOf(parts[0])).toEqual([[[7, 1]], [[8, 0]], [[9, 1]]]);
  });
});

describe('an error action that is told of a refusal', () => {
  const emitted = (messages: Parameters<typeof slab>[0], actions: readonly ActionPlan[] = [kept(), errorPlan]) => {
    const lane = createLane(setup([withErrorAction()], actions));
    const originals = lane.run(slab(messages, 5)).parts[0]?.originals?.bytes ?? new Uint8Array(0);
    return { lane, originals };
  };

  it("gets AWS's document for every message, and renders its own destination from the message", () => {
    const { lane, originals } = emitted([
      { topic: 'plant/a', payload: '{"id":1}' },
      { topic: '$aws/rules/r/plant/b', payload: '{"id":2}', clientId: 'press-2' },
    ]);
    const result = lane.report(taskOf(originals));
    expect(result).toMatchObject({ evaluated: 0, rules: [], deadLetters: [], inferred: [] });
    expect(
      result.parts.map(({ destination, first, last, action, originals: none }) => [
        destination,
        first,
        last,
        action,
        none,
      ]),
    ).toEqual([
      ['{"topic":"errors/plant/a/1"}', 5, 5, 1, null],
      ['{"topic":"errors/plant/b/2"}', 6, 6, 1, null],
    ]);
    const documents = result.parts.flatMap(entriesOf).map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(documents[1]).toEqual({
      ruleName: 'r',
      topic: '$aws/rules/r/plant/b',
      cloudwatchTraceId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      clientId: 'press-2',
      sourceIp: '10.0.0.7',
      base64OriginalPayload: Buffer.from('{"id":2}').toString('base64'),
      failures: [
        { failedAction: 'FirehoseAction', failedResource: 'telemetry', errorMessage: 'ENTRY_REJECTED: no such stream' },
      ],
    });
    // The slabs' own bytes go on as before.
    expect(lane.run(slab([{ payload: {} }], 9)).parts).toHaveLength(1);
  });

  it('has the trace id that the rule itself sees', () => {
    const traced = rule("SELECT traceid() AS id FROM 'plant/#'", { errorAction: 1 });
    const lane = createLane(setup([traced], [kept(), plan({ id: 'r/error' })]));
    const [part] = lane.run(slab([{ payload: {} }], 5)).parts;
    const [document] = lane.report(taskOf(part?.originals?.bytes ?? new Uint8Array(0))).parts.flatMap(entriesOf);
    expect(JSON.parse(document ?? '')).toMatchObject({
      cloudwatchTraceId: (JSON.parse(entriesOf(part)[0] ?? '') as { id: string }).id,
    });
  });

  it('is told although a replay has just left out its messages', () => {
    const { lane, originals } = emitted([{ payload: { id: 1 } }]);
    lane.run({ ...slab([], 5), isReplay: true, doneByAction: [{ action: 1, ranges: [{ first: 1, last: 99 }] }] });
    expect(lane.report(taskOf(originals)).parts).toHaveLength(1);
  });

  it('leaves a dead letter of its own where it cannot encode its document, and goes on with the next message', () => {
    const fields = [{ name: 'clientId', type: { type: 'enum', name: 'Id', symbols: ['press2'] } }];
    const schemas = [{ name: 'strict', text: JSON.stringify({ type: 'record', name: 'Document', fields }) }];
    const actions = [kept(), container({ id: 'r/error', schema: 'strict' })];
    const lane = createLane(setup([withErrorAction()], actions, schemas));
    const { originals } = emitted([{ payload: 'no list' }, { payload: 'x', clientId: 'press2' }]);
    const result = lane.report(taskOf(originals));
    expect(
      result.deadLetters.map(({ action, code, first, body }) => [action, code, first, Buffer.from(body).toString()]),
    ).toEqual([['r/error', 'MESSAGE_SCHEMA_MISMATCH', 5, 'no list']]);
    expect(result.parts.map(({ first }) => first)).toEqual([6]);
  });

  it.each([
    ['rule', { ruleName: 'gone' }, 1],
    ['error action', {}, null],
  ])('is nothing where the %s is gone', (_, more, errorAction) => {
    const { originals } = emitted([{ payload: { id: 1 } }]);
    const lane = createLane(setup([withErrorAction({ errorAction })], [kept(), errorPlan]));
    expect(lane.report(taskOf(originals, more))).toMatchObject({ parts: [], deadLetters: [], inferred: [] });
  });

  it('has its schema inferred first where it has none', () => {
    const { originals } = emitted([{ payload: { id: 1 } }]);
    const setupOf = (schema: string | null, schemas: { name: string; text: string }[]) =>
      setup([withErrorAction()], [kept(), container({ id: 'r/error', schema })], schemas);
    const { inferred, parts } = createLane(setupOf(null, [])).report(taskOf(originals));
    expect([inferred.map(({ action }) => action), parts]).toEqual([[1], []]);
    const lane = createLane(setupOf('r', [{ name: 'r', text: inferred[0]?.text ?? '' }]));
    expect(lane.report(taskOf(originals))).toMatchObject({ inferred: [], parts: [{ action: 1, messageCount: 1 }] });
  });
});
