import { type CompiledRule, compileRules } from '../../src/lanes/compiled-rules.ts';
import { TopicCache } from '../../src/lanes/topic-cache.ts';
import { notMatched } from '../../src/rules/sql/statement.ts';
import type { BenchCase } from '../case.ts';
import { type BenchMessage, messageOf, SQL_VERSION } from '../gateway/message.ts';
import { runOtherStatements } from '../gateway/other-statements.ts';
import { ruleSql } from '../gateway/rule.ts';
import { payloadTexts } from '../load/documents.ts';
import { topicOf } from '../load/packets.ts';
import { seededRandom } from '../load/payload.ts';
import { measureAgainst, type Part } from '../measure/interleaved.ts';

const OTHER_RULES = 1000;
const TOPICS = 10_000;
const BATCH = 200;

export const sqlRules: BenchCase = {
  name: 'sql-rules',
  question: `What do ${OTHER_RULES} rules on other topics cost a message, next to the one rule that it is for?`,
  async run(context) {
    runOtherStatements();
    const load = createLoad();
    const one = matching([ruleSql()], load);
    const others = Array.from({ length: OTHER_RULES }, (_, index) => ruleSql(`plant/oven-${index}/+/telemetry`));
    const many = matching([...others, ruleSql()], load);
    const measurement = measureAgainst(context, BATCH, {
      ratioName: 'oneRuleRatio',
      yardstick: one.part,
      measured: many.part,
    });
    for (const { counts } of [one, many]) {
      if (counts.matched === 0 || counts.matched !== counts.evaluated)
        throw new Error(`Of ${counts.evaluated} messages ${counts.matched} matched.`);
    }
    return measurement;
  },
};

interface Load {
  /** Topics of TOPICS messages, one after the other, and where each ends; in random order. */
  readonly topics: Buffer;
  readonly topicBytes: number;
  readonly messages: readonly BenchMessage[];
}

function createLoad(): Load {
  const random = seededRandom(3);
  const order = Array.from({ length: TOPICS }, (_, index) => ({ index, rank: random() }));
  order.sort((a, b) => a.rank - b.rank);
  const topics = Buffer.from(order.map(({ index }) => topicOf(index)).join(''));
  return { topics, topicBytes: topics.length / TOPICS, messages: payloadTexts(BATCH).map(messageOf) };
}

/** What a lane does between decoding and encoding: finds the rules of a topic, and evaluates them. */
function matching(sqls: readonly string[], load: Load): { readonly part: Part; readonly counts: Counts } {
  const rules = sqls.map((sql, index) => ({
    name: `rule${index}`,
    sql,
    awsIotSqlVersion: SQL_VERSION,
    actions: [],
    errorAction: null,
  }));
  const compiled = compileRules({ gatewayId: 'bench', lane: 0, rules, actions: [], schemas: [], descriptors: [] });
  const cache = new TopicCache((topic) => compiled.match(topic));
  const { topics, topicBytes, messages } = load;
  const counts: Counts = { evaluated: 0, matched: 0 };
  let next = 0;
  const part = () => {
    for (let i = 0; i < BATCH; i++) {
      const start = (next + i) * topicBytes;
      const entry = cache.find(topics, start, start + topicBytes);
      const message = messages[i] as BenchMessage;
      message.topic = entry.ruleTopic;
      counts.evaluated++;
      for (let rule = 0; rule < entry.rules.length; rule++) {
        if ((entry.rules[rule] as CompiledRule).statement.evaluate(message) !== notMatched) counts.matched++;
      }
    }
    next = (next + BATCH) % TOPICS;
  };
  return { part, counts };
}

interface Counts {
  evaluated: number;
  matched: number;
}
