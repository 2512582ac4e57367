import type { BenchCase } from '../case.ts';
import { OTHER_RULES, runPath } from '../gateway/path-run.ts';

export const pathQos1Blackhole: BenchCase = {
  name: 'path-qos1-blackhole',
  question: 'What does the whole path do at QoS 1 when its output is JSON lines that go nowhere?',
  run: (context) => runPath(context, { qos: 1, action: 'stdout', otherRules: OTHER_RULES }),
};
