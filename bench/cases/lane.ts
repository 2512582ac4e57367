import type { LaneSetup } from '../../src/lane-protocol.ts';
import { createLane } from '../../src/lanes/evaluate.ts';
import type { ActionPlan } from '../../src/message.ts';
import type { BenchCase } from '../case.ts';
import { OTHER_RULES } from '../gateway/path-run.ts';
import { ruleSql, SCHEMA_NAME, schemaText } from '../gateway/rule.ts';
import { benchPackets, benchSlabs } from '../load/slabs.ts';
import { measureLoop } from '../measure/loop.ts';

const MESSAGES = 20_000;

export const lane: BenchCase = {
  name: 'lane',
  question: 'What does a lane cost in one thread: blocks read, JSON decoded, one rule among 1,000, Avro and deflate?',
  async run(context) {
    const evaluator = createLane(setup());
    const slabs = benchSlabs(benchPackets(MESSAGES));
    let next = 0;
    let encodedBytes = 0;
    let deflatedBytes = 0;
    let emitted = 0;
    const measurement = measureLoop(context, () => {
      const slab = slabs[next++ % slabs.length];
      if (slab === undefined) return 0;
      const { bytes, byteLength } = slab;
      const result = evaluator.run({ kind: 'slab', bytes, byteLength, isReplay: false, done: [], doneByAction: [] });
      for (const part of result.parts) {
        emitted += part.messageCount;
        encodedBytes += part.encodedBytes;
        deflatedBytes += part.bytes.length;
      }
      if (result.deadLetters.length > 0) throw new Error(result.deadLetters[0]?.reason);
      return result.evaluated;
    });
    if (emitted < measurement.messages) throw new Error('Not every message came out.');
    return { ...measurement, extra: { encodedBytes: encodedBytes / emitted, deflatedBytes: deflatedBytes / emitted } };
  },
};

function setup(): LaneSetup {
  const actions = Array.from({ length: OTHER_RULES + 1 }, (_, index) => plan(index));
  const rules = actions.map((action, index) => ({
    name: action.ruleName,
    sql: index === OTHER_RULES ? ruleSql() : ruleSql(`plant/oven-${index}/+/telemetry`),
    awsIotSqlVersion: '2016-03-23',
    actions: [index],
    errorAction: null,
  }));
  return {
    gatewayId: 'bench',
    lane: 0,
    rules,
    actions,
    schemas: [{ name: SCHEMA_NAME, text: schemaText }],
    descriptors: [],
  };
}

function plan(index: number): ActionPlan {
  return {
    id: `rule${index}/0`,
    ruleName: `rule${index}`,
    type: 'file',
    form: 'container',
    codec: 'deflate',
    separator: '',
    schema: SCHEMA_NAME,
    destination: { path: 'telemetry' },
    fields: {},
    sourceTimePath: '',
    class: 'normal',
    keepsOriginals: false,
  };
}
