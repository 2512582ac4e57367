import { describe, expect, it } from 'vitest';
import type { AnsweredCall, SlabResult, SlabTask } from '../../src/lane-protocol.ts';
import { createLane } from '../../src/lanes/evaluate.ts';
import { encoded, telemetry } from '../rules/protobuf/telemetry.ts';
import { entriesOf, plan, replay, rule, setup, slab } from './lane-scene.ts';

const SHADOW = "get_thing_shadow(thing, 'arn:aws:iam::1:role/r')";

/** Every call answered with its parameters, or refused. */
function answered(result: SlabResult, isOk = true): AnsweredCall[] {
  return (result.deferred ?? []).map(({ sequence, call }) => ({
    sequence,
    call,
    answer: isOk ? { isOk, text: call.parameters } : { isOk, reason: 'gone' },
  }));
}

function next(task: SlabTask, result: SlabResult, answers: readonly AnsweredCall[]): SlabTask {
  return { ...task, bytes: result.bytes, answers };
}

describe('lane, rules that ask services', () => {
  it('says what they ask and evaluates the others, then evaluates them alone with the answers', () => {
    const rules = [
      rule(`SELECT ${SHADOW} AS s FROM 'plant/#' WHERE id < 3`, { name: 'asks', actions: [0] }),
      rule("SELECT id FROM 'plant/#'", { name: 'plain', actions: [1] }),
    ];
    const lane = createLane(setup(rules, [plan(), plan({ id: 'plain/0', ruleName: 'plain' })]));
    const task = slab([1, 2, 3].map((id) => ({ payload: { id, thing: `t${id}` } })));
    const first = lane.run(task);
    expect(first.deferred?.map(({ sequence, call }) => [sequence, call.parameters])).toEqual([
      [1, '["t1"]'],
      [2, '["t2"]'],
    ]);
    expect(first.parts.map(({ action }) => action)).toEqual([1]);
    expect(first.evaluated).toBe(3);
    expect(first.rules).toEqual([{ rule: 1, matched: 3, notTrue: 0, failed: 0 }]);
    const second = lane.run(next(task, first, answered(first)));
    expect(second.deferred).toBeNull();
    expect(second.evaluated).toBe(0);
    expect(second.rules).toEqual([{ rule: 0, matched: 2, notTrue: 1, failed: 0 }]);
    expect(second.parts.map(({ action }) => action)).toEqual([0]);
    expect(entriesOf(second.parts[0])).toEqual(['{"s":["t1"]}', '{"s":["t2"]}']);
  });

  it('waits with a rule also where a message asks nothing, so that none overtakes another', () => {
    const sql = `SELECT id, CASE kind WHEN 'x' THEN ${SHADOW} ELSE 0 END AS s FROM 'plant/#'`;
    const lane = createLane(setup([rule(sql)], [plan()]));
    const task = slab([{ payload: { id: 1, kind: 'x', thing: 't' } }, { payload: { id: 2, kind: 'y' } }]);
    const first = lane.run(task);
    expect([first.parts, first.deferred?.length]).toEqual([[], 1]);
    const second = lane.run(next(task, first, answered(first)));
    expect(entriesOf(second.parts[0])).toEqual(['{"id":1,"s":["t"]}', '{"id":2,"s":0}']);
    const asksNothing = lane.run(slab([{ payload: { id: 2, kind: 'y' } }]));
    expect([asksNothing.parts, asksNothing.deferred]).toEqual([[], []]);
  });

  it('asks for destinations too, in further rounds where calls depend on answers, and never after the last', () => {
    const sql = `SET @s = ${SHADOW} SELECT id FROM 'plant/#'`;
    const path = "${aws_lambda('f', @s)}";
    const lane = createLane(setup([rule(sql)], [plan({ destination: { path } })]));
    const task = slab([{ payload: { id: 1, thing: 't' } }]);
    const first = lane.run(task);
    const second = lane.run(next(task, first, answered(first)));
    expect(second.deferred?.map(({ call }) => call.parameters)).toEqual(['["f",["t"]]']);
    expect([second.parts, second.rules]).toEqual([[], []]);
    const answers = [...answered(first), ...answered(second)];
    const third = lane.run(next(task, second, answers));
    expect(JSON.parse(third.parts[0]?.destination ?? '')).toEqual({ path: '["f",["t"]]' });
    const last = lane.run({ ...next(task, third, answered(first)), isLastRound: true });
    expect([last.deferred, last.parts]).toEqual([null, []]);
    expect(last.deadLetters).toMatchObject([{ code: 'MESSAGE_FUNCTION_FAILED', action: 'r/0' }]);
  });

  it('dead-letters the message where a service fails, and asks nothing for what is done', () => {
    const lane = createLane(setup([rule(`SELECT ${SHADOW} AS s FROM 'plant/#'`)], [plan()]));
    const task = slab([{ payload: { thing: 'a' } }, { payload: { thing: 'b' } }]);
    const replayTask = replay(task, [], [{ first: 1, last: 1 }]);
    const replayed = lane.run(replayTask);
    expect(replayed.deferred?.map(({ sequence }) => sequence)).toEqual([2]);
    const second = lane.run(next(replayTask, replayed, answered(replayed, false)));
    expect(second.parts).toEqual([]);
    expect(second.deadLetters).toMatchObject([{ code: 'MESSAGE_FUNCTION_FAILED', first: 2 }]);
  });

  it('bounds the calls of one message', () => {
    const lane = createLane(setup([rule(`SELECT (SELECT ${SHADOW} AS s FROM list) AS l FROM 'plant/#'`)], [plan()]));
    const list = Array.from({ length: 1_500 }, (_, i) => ({ thing: `t${i}` }));
    const task = slab([{ payload: { list } }, { payload: { list: list.slice(0, 2) } }]);
    const first = lane.run(task);
    expect(first.deferred).toHaveLength(1_002);
    const second = lane.run(next(task, first, answered(first)));
    expect(second.deadLetters.map(({ first: sequence, reason }) => [sequence, reason])).toEqual([
      [1, expect.stringContaining('1000 times')],
    ]);
    expect(entriesOf(second.parts[0])).toEqual(['{"l":[{"s":["t0"]},{"s":["t1"]}]}']);
  });

  it('decodes protobuf for statements and for the templates that use their variables', () => {
    const { bucket, key } = telemetry;
    const sql = `SET @r = decode(*, 'proto', '${bucket}', '${key}', 'plant/reading', 'Reading') SELECT @r.deviceId AS device FROM 'plant/#'`;
    const rules = [rule(sql)];
    const lane = createLane({
      ...setup(rules, [plan({ destination: { path: 'd=${@r.deviceId}' } })]),
      descriptors: [telemetry],
    });
    const result = lane.run(slab([{ payload: encoded({ deviceId: 'press-1' }) }, { payload: Buffer.from([0xff]) }]));
    expect(JSON.parse(result.parts[0]?.destination ?? '')).toEqual({ path: 'd=press-1' });
    expect(entriesOf(result.parts[0])).toEqual(['{"device":"press-1"}']);
    expect(result.deadLetters).toMatchObject([{ first: 2, code: 'MESSAGE_FUNCTION_FAILED' }]);
  });
});
