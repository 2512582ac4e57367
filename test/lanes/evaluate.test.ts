import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createLane } from '../../src/lanes/evaluate.ts';
import {
  blockCountsOf,
  blocksOf,
  container,
  entriesOf,
  entryBytesOf,
  plan,
  RECEIVED_AT,
  readingSchema,
  recordsOf,
  replay,
  rule,
  setup,
  slab,
} from './lane-scene.ts';

const everything = "SELECT * FROM 'plant/#'";
const reading = (id: number, temperature: unknown = 20.5) => ({ payload: { id, temperature } });

describe('lane, form each', () => {
  it('passes on what the device sent, byte for byte, when everything is selected', () => {
    const lane = createLane(setup([rule(everything)], [plan()]));
    const payloads = ['{ "a" : 1.0 }', 'not json', '[1,\n2]', ''];
    const result = lane.run(slab(payloads.map((payload) => ({ payload }))));
    expect(result.parts).toHaveLength(1);
    expect(entriesOf(result.parts[0])).toEqual(payloads);
    expect(result.deadLetters).toEqual([]);
    expect(result.rules).toEqual([{ rule: 0, matched: 4, notTrue: 0, failed: 0 }]);
  });

  it('writes what was selected, and tells what is in the part', () => {
    const sql = "SELECT id * 2 AS twice, topic(2) AS place FROM 'plant/+' WHERE id > 1";
    const lane = createLane(setup([rule(sql)], [plan()]));
    const result = lane.run(slab([reading(1), reading(2), { ...reading(3), hops: 2 }], 40));
    expect(entriesOf(result.parts[0])).toEqual(['{"twice":4,"place":"a"}', '{"twice":6,"place":"a"}']);
    expect(result.parts[0]).toMatchObject({
      action: 0,
      destination: '{"path":"lake"}',
      schemaId: '',
      messageCount: 2,
      rawBytes: 54,
      encodedBytes: 46,
      first: 41,
      last: 42,
      receivedAt: RECEIVED_AT + 1,
      hops: 2,
    });
    expect(result.evaluated).toBe(3);
    expect(result.rules).toEqual([{ rule: 0, matched: 2, notTrue: 1, failed: 0 }]);
  });

  it('keeps the order of messages whose destinations differ, neighbours in one part', () => {
    const action = plan({
      type: 'republish',
      destination: { topic: '$$aws/out/${line}', qos: '1' },
      templateKinds: { topic: 'topic' },
    });
    const lane = createLane(setup([rule(everything)], [action]));
    const result = lane.run(slab(['x', 'x', 'y', 'x'].map((line, n) => ({ payload: { line, n } }))));
    expect(result.parts.map((part) => [JSON.parse(part.destination), entriesOf(part).length])).toEqual([
      [{ topic: '$aws/out/x', qos: '1' }, 2],
      [{ topic: '$aws/out/y', qos: '1' }, 1],
      [{ topic: '$aws/out/x', qos: '1' }, 1],
    ]);
    expect(new Set(result.parts.map((part) => part.bytes.buffer)).size).toBe(1);
  });

  it('adds what the gateway knows of the message', () => {
    const fields = {
      at: 'receiveTime',
      when: 'sourceTime',
      gw: 'gatewayId',
      n: 'sequence',
      who: 'clientId',
      from: 'topic',
    } as const;
    const lane = createLane(setup([rule("SELECT id FROM 'plant/#'")], [plan({ fields, sourceTimePath: 'meta.ts' })]));
    const result = lane.run(slab([{ payload: { id: 1, meta: { ts: 5 } } }, { payload: { id: 2 } }], 9));
    const known = { gw: 'gateway-1', who: 'press-1', from: 'plant/a' };
    expect(entriesOf(result.parts[0]).map((text) => JSON.parse(text) as unknown)).toEqual([
      { id: 1, at: RECEIVED_AT, when: 5, n: 9, ...known },
      { id: 2, at: RECEIVED_AT + 1, n: 10, ...known },
    ]);
  });
});

describe('lane, what statements see', () => {
  it('leaves out accountid(): a gateway belongs to no AWS account', () => {
    const lane = createLane(setup([rule("SELECT id, accountid() AS account FROM 'plant/#'")], [plan()]));
    expect(entriesOf(lane.run(slab([{ payload: { id: 1 } }])).parts[0])).toEqual(['{"id":1}']);
  });
});

describe('lane, form lines', () => {
  it('gathers lines by destination and never lets one message take two lines', () => {
    const action = plan({ form: 'lines', destination: { stream: '${line}' } });
    const lane = createLane(setup([rule(everything)], [action]));
    const payloads = ['{"line":"x",\n"n":1}', '{"line":"y"}', '{"line":"x",\r"n":2}', '{ "line":"x"}'];
    const result = lane.run(slab(payloads.map((payload) => ({ payload }))));
    const x = ['{"line":"x","n":1}\n', '{"line":"x","n":2}\n', '{ "line":"x"}\n'];
    expect(result.parts.map(entriesOf)).toEqual([x, ['{"line":"y"}\n']]);
  });

  it('makes gzip members of many lines, which can be cut apart, and hands the rest over as lines', () => {
    const lane = createLane(setup([rule(everything)], [plan({ form: 'lines', codec: 'gzip' })]));
    const sent = Array.from({ length: 4_600 }, (_, id) => reading(id));
    const [packed, rest, ...more] = lane.run(slab(sent)).parts;
    if (packed === undefined || rest === undefined) throw new Error('Two parts are needed.');
    expect(more).toEqual([]);
    expect([packed.packing, packed.ends?.length, packed.first, packed.last]).toEqual(['packed', 2, 1, rest.first - 1]);
    expect([rest.packing, rest.ends?.length, rest.last]).toEqual(['records', rest.messageCount, 4_600]);
    const members = entryBytesOf(packed).map((member) => gunzipSync(member).toString());
    for (const member of members) expect(member.length).toBeGreaterThanOrEqual(65_536);
    expect(packed.encodedBytes).toBe(members.join('').length);
    expect(packed.messageCount + rest.messageCount).toBe(4_600);
    expect(packed.rawBytes + rest.rawBytes + 4_600).toBe(packed.encodedBytes + rest.encodedBytes);
    expect(rest.encodedBytes).toBe(rest.bytes.length);
    const lines = (members.join('') + entriesOf(rest).join('')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(sent.map(({ payload }) => payload));
  });

  it('hands over few lines as they are and a slab of some as one member', () => {
    const lane = createLane(setup([rule(everything)], [plan({ form: 'lines', codec: 'gzip' })]));
    const few = lane.run(slab([reading(1), reading(2)])).parts;
    expect(few.map(({ packing }) => packing)).toEqual(['records']);
    expect(few.map(entriesOf)).toEqual([['{"id":1,"temperature":20.5}\n', '{"id":2,"temperature":20.5}\n']]);
    const some = lane.run(slab(Array.from({ length: 700 }, (_, id) => reading(id)))).parts;
    expect(some.map(({ packing, ends }) => [packing, ends?.length])).toEqual([['packed', 1]]);
  });
});

describe('lane, form container', () => {
  it('writes blocks that any header of the schema and codec can stand before', async () => {
    const lane = createLane(setup([rule(everything)], [container()]));
    const sent = Array.from({ length: 9000 }, (_, id) => reading(id, id / 4));
    const [first] = lane.run(slab(sent)).parts;
    const [second] = lane.run(slab([reading(5000, 0)], 9001)).parts;
    expect(first?.schemaId).toBe(second?.schemaId);
    expect(first).toMatchObject({ messageCount: 9000, first: 1, last: 9000 });
    expect(second).toMatchObject({ messageCount: 1, rawBytes: 27, first: 9001, last: 9001 });
    const counts = await blockCountsOf(first);
    expect(counts.length).toBe(1 + Math.floor((first?.encodedBytes ?? 0) / 65_536));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(9000);
    if (first === undefined || second === undefined) throw new Error('Two parts are needed.');
    const joined = { ...first, bytes: Buffer.concat([blocksOf(first), blocksOf(second)]) };
    expect(await recordsOf(joined)).toEqual([...sent, reading(5000, 0)].map(({ payload }) => payload));
  });

  it('hands over what is left of a slab as records: few make no block of their own', async () => {
    const lane = createLane(setup([rule(everything)], [container()]));
    const sent = Array.from({ length: 7_000 }, (_, id) => reading(id, id / 4));
    const [packed, rest, ...more] = lane.run(slab(sent)).parts;
    if (packed === undefined || rest === undefined) throw new Error('Two parts are needed.');
    expect(more).toEqual([]);
    expect([packed.packing, rest.packing]).toEqual(['packed', 'records']);
    expect(await blockCountsOf(packed)).toEqual([packed.messageCount]);
    expect(packed.encodedBytes).toBeGreaterThanOrEqual(65_536);
    expect(rest.encodedBytes).toBe(rest.bytes.length);
    expect([packed.first, packed.last, rest.first, rest.last]).toEqual([1, rest.first - 1, rest.first, 7_000]);
    expect(packed.messageCount + rest.messageCount).toBe(7_000);
    expect([packed.receivedAt, rest.receivedAt]).toEqual([RECEIVED_AT, RECEIVED_AT + rest.first - 1]);
    const payloads = sent.map(({ payload }) => payload);
    expect([...(await recordsOf(packed)), ...(await recordsOf(rest))]).toEqual(payloads);
    expect(await recordsOf(lane.run(slab([reading(1)])).parts[0])).toEqual([reading(1).payload]);
  });

  it('sends a value that does not fit to the dead letters with its path, and goes on', async () => {
    const lane = createLane(setup([rule(everything)], [container()]));
    const result = lane.run(slab([reading(1), { topic: 'plant/b', ...reading(2, 'hot') }, reading(3)], 100));
    expect(await recordsOf(result.parts[0])).toEqual([
      { id: 1, temperature: 20.5 },
      { id: 3, temperature: 20.5 },
    ]);
    expect(result.deadLetters).toHaveLength(1);
    const [letter] = result.deadLetters;
    expect({ ...letter, body: Buffer.from(letter?.body ?? []).toString() }).toEqual({
      code: 'MESSAGE_SCHEMA_MISMATCH',
      reason: 'field \'temperature\': the string "hot" is not a number',
      ruleName: 'r',
      action: 'r/0',
      topic: 'plant/b',
      clientId: 'press-1',
      receivedAt: RECEIVED_AT + 1,
      first: 101,
      last: 101,
      messageCount: 1,
      content: 'message',
      destination: {},
      body: '{"id":2,"temperature":"hot"}',
    });
    expect(result.rules).toEqual([{ rule: 0, matched: 3, notTrue: 0, failed: 1 }]);
  });

  it('counts fields that the schema does not have', () => {
    const lane = createLane(setup([rule(everything)], [container()]));
    const result = lane.run(slab([{ payload: '{"id":1,"temperature":2,"colour":"red","__proto__":1}' }]));
    expect(result.fieldsUnknown).toEqual([{ action: 0, count: 2 }]);
    expect(lane.run(slab([reading(1)])).fieldsUnknown).toEqual([]);
  });

  it('refuses what is not JSON, what nests 100,000 deep, and takes __proto__ as a name', async () => {
    const lane = createLane(setup([rule(everything)], [container()]));
    const sent = [
      { payload: 'temperature=5' },
      { payload: `${'['.repeat(100_000)}${']'.repeat(100_000)}` },
      { payload: '{"id":1,"temperature":2,"__proto__":{"id":9,"polluted":true}}' },
      { payload: Buffer.from([0xff, 0xfe]) },
    ];
    const result = lane.run(slab(sent));
    expect(result.deadLetters.map((letter) => [letter.code, letter.first])).toEqual([
      ['MESSAGE_NOT_JSON', 1],
      ['MESSAGE_TOO_DEEP', 2],
      ['MESSAGE_NOT_JSON', 4],
    ]);
    expect(await recordsOf(result.parts[0])).toEqual([{ id: 1, temperature: 2 }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('lane, rules', () => {
  it('asks for JSON only where a rule reads fields', () => {
    const lane = createLane(setup([rule("SELECT id FROM 'plant/#'")], [plan()]));
    const result = lane.run(slab([{ payload: 'no' }]));
    expect(result.deadLetters[0]).toMatchObject({ code: 'MESSAGE_NOT_JSON', action: '', ruleName: 'r' });
    expect(result.rules).toEqual([{ rule: 0, matched: 0, notTrue: 0, failed: 1 }]);
    const other = createLane(setup([rule("SELECT topic() AS t, encode(*, 'base64') AS raw FROM 'plant/#'")], [plan()]));
    expect(entriesOf(other.run(slab([{ payload: 'no' }])).parts[0])).toEqual(['{"t":"plant/a","raw":"bm8="}']);
  });

  it('gives a message to every rule that its topic matches, and to no other', () => {
    const rules = [
      rule("SELECT id FROM 'plant/+'", { name: 'one' }),
      rule("SELECT id FROM 'plant/a'", { name: 'two', actions: [1] }),
      rule("SELECT id FROM 'yard/#'", { name: 'three', actions: [2] }),
    ];
    const actions = ['one', 'two', 'three'].map((ruleName) => plan({ ruleName }));
    const result = createLane(setup(rules, actions)).run(slab([reading(1), { topic: 'plant/b', ...reading(2) }]));
    expect(result.parts.map((part) => [part.action, part.messageCount])).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  it('addresses one rule by a topic of Basic Ingest, which topic() does not see', () => {
    const rules = [
      rule("SELECT topic() AS t FROM 'nowhere'", { name: 'one' }),
      rule("SELECT topic() AS t FROM '#'", { name: 'two', actions: [1] }),
    ];
    const lane = createLane(setup(rules, [plan({ ruleName: 'one' }), plan({ ruleName: 'two' })]));
    const result = lane.run(
      slab([
        { topic: '$aws/rules/one/hall/3', payload: {} },
        { topic: '$aws/rules/gone/x', payload: {} },
      ]),
    );
    expect(result.parts.map((part) => [part.action, entriesOf(part)])).toEqual([[0, ['{"t":"hall/3"}']]]);
  });

  it('gives the error action the failure document, once per message and rule, and writes no dead letter then', () => {
    const actions = [
      container(),
      container({ id: 'r/1', type: 's3', destination: { bucket: 'b', key: 'k' } }),
      plan({ id: 'r/error' }),
    ];
    const failing = rule(everything, { actions: [0, 1], errorAction: 2 });
    const result = createLane(setup([failing], actions)).run(slab([reading(1, 'hot'), reading(2)]));
    expect(result.deadLetters).toEqual([]);
    const [text] = entriesOf(result.parts.find((part) => part.action === 2));
    const document = JSON.parse(text ?? '') as { cloudwatchTraceId: string };
    expect(document).toEqual({
      ruleName: 'r',
      topic: 'plant/a',
      cloudwatchTraceId: document.cloudwatchTraceId,
      clientId: 'press-1',
      sourceIp: '10.0.0.7',
      base64OriginalPayload: Buffer.from('{"id":1,"temperature":"hot"}').toString('base64'),
      failures: [
        {
          failedAction: 'FileAction',
          failedResource: 'lake',
          errorMessage: expect.stringContaining('temperature') as string,
        },
        {
          failedAction: 'S3Action',
          failedResource: 'b',
          errorMessage: expect.stringContaining('temperature') as string,
        },
      ],
    });
    expect(document.cloudwatchTraceId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('writes dead letters after all when the error action cannot take the failure', () => {
    const failing = rule(everything, { errorAction: 1 });
    const result = createLane(setup([failing], [container(), container({ id: 'r/error' })])).run(
      slab([reading(1, 'hot')]),
    );
    expect(result.deadLetters.map(({ action, code }) => [action, code])).toEqual([
      ['r/0', 'MESSAGE_SCHEMA_MISMATCH'],
      ['r/error', 'MESSAGE_SCHEMA_MISMATCH'],
    ]);
  });

  it('lets each rule see numbers as its awsIotSqlVersion does', () => {
    const rules = [
      rule("SELECT a FROM 'plant/#'", { name: 'new' }),
      rule("SELECT a FROM 'plant/#'", { name: 'old', actions: [1], awsIotSqlVersion: '2015-10-08' }),
      rule("SELECT a FROM 'plant/#'", { name: 'newer', actions: [2] }),
    ];
    const lane = createLane(
      setup(
        rules,
        ['new', 'old', 'newer'].map((ruleName) => plan({ ruleName })),
      ),
    );
    const [first, second, third] = lane
      .run(slab([{ payload: '{"a":10.0}' }, { payload: '{"a":7}' }]))
      .parts.map(entriesOf);
    expect(first).toEqual(['{"a":10}', '{"a":7}']);
    expect(second).toEqual(['{"a":10.0}', '{"a":7}']);
    expect(third).toEqual(first);
  });

  it('evaluates again to the same bytes, times and random values included', () => {
    const sql = "SELECT newuuid() AS id, timestamp() AS at, traceid() AS trace FROM 'plant/#'";
    const lane = createLane(setup([rule(sql)], [plan()]));
    const [first] = lane.run(slab([reading(1), reading(2)], 77)).parts;
    const [second] = lane.run(slab([reading(1), reading(2)], 77)).parts;
    expect(second?.bytes).toEqual(first?.bytes);
    expect(new Set(entriesOf(first)).size).toBe(2);
  });

  it('takes a new rule set from the next slab on', () => {
    const lane = createLane(setup([rule("SELECT id FROM 'plant/#'")], [plan()]));
    lane.configure(setup([rule("SELECT id + 1 AS next FROM 'plant/#'")], [plan()]));
    expect(entriesOf(lane.run(slab([reading(1)])).parts[0])).toEqual(['{"next":2}']);
  });
});

describe('lane, replay', () => {
  it('leaves out what is done, for all actions or for one', () => {
    const rules = [rule("SELECT id FROM 'plant/#'", { actions: [0, 1] })];
    const lane = createLane(setup(rules, [plan(), plan({ id: 'r/1' })]));
    const task = slab(
      [1, 2, 3, 4, 5].map((id) => reading(id)),
      10,
    );
    const result = lane.run(
      replay(
        task,
        [
          { first: 1, last: 10 },
          { first: 14, last: 20 },
        ],
        [{ first: 12, last: 12 }],
      ),
    );
    expect(result.evaluated).toBe(3);
    expect(result.parts.map((part) => [part.action, entriesOf(part).join()])).toEqual([
      [0, '{"id":2},{"id":4}'],
      [1, '{"id":2},{"id":3},{"id":4}'],
    ]);
    expect(result.parts[0]).toMatchObject({ first: 11, last: 13 });
  });

  it('forgets what was done when the next slab is live', () => {
    const lane = createLane(setup([rule(everything)], [plan()]));
    lane.run(replay(slab([reading(1)], 1), [], [{ first: 1, last: 1 }]));
    expect(lane.run(slab([reading(1)], 1)).parts).toHaveLength(1);
  });
});

describe('lane, schema inference', () => {
  const noSchema = container({ schema: null, fields: { n: 'sequence' } });

  it('evaluates nothing until the schema that it inferred is known, then everything', async () => {
    const lane = createLane(setup([rule(everything)], [noSchema]));
    const task = slab([reading(1), { payload: 'no json' }, { payload: { id: 2, colour: 'red' } }]);
    const asked = lane.run(task);
    expect(asked.inferred.map(({ action }) => action)).toEqual([0]);
    expect([asked.evaluated, asked.parts, asked.deadLetters, asked.rules]).toEqual([0, [], [], []]);
    const schema = { name: 'r/0', text: asked.inferred[0]?.text ?? '' };
    lane.configure(setup([rule(everything)], [noSchema], [readingSchema, schema]));
    const result = lane.run({ ...task, bytes: asked.bytes });
    expect(result.inferred).toEqual([]);
    expect(await recordsOf(result.parts[0], schema)).toEqual([
      { id: 1, temperature: 20.5, colour: null, n: 1, extra: null },
      { id: 2, temperature: null, colour: 'red', n: 3, extra: null },
    ]);
    expect(result.deadLetters.map(({ code }) => code)).toEqual(['MESSAGE_NOT_JSON']);
  });

  it('asks for nothing while no message matches, and dead-letters outputs that no record can hold', () => {
    const lane = createLane(setup([rule(everything)], [noSchema]));
    expect(lane.run(slab([{ topic: 'yard/x', payload: {} }])).inferred).toEqual([]);
    const result = lane.run(slab([{ payload: '[1]' }]));
    expect(result.inferred).toEqual([]);
    expect(result.deadLetters.map(({ code }) => code)).toEqual(['MESSAGE_SCHEMA_MISMATCH']);
  });

  it('knows the schema of an error action before anything has failed', () => {
    const failing = rule(everything, { errorAction: 1 });
    const lane = createLane(setup([failing], [plan(), container({ id: 'r/error', schema: null })]));
    const { inferred } = lane.run(slab([reading(1)]));
    expect(inferred.map(({ action }) => action)).toEqual([1]);
    expect(inferred[0]?.text).toContain('base64OriginalPayload');
  });
});
