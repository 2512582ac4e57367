import type { BenchCase } from '../case.ts';
import { runPath } from '../gateway/path-run.ts';

export const broker: BenchCase = {
  name: 'broker',
  question: 'What does the gateway cost as a broker only, at QoS 1, where no rule wants the messages?',
  run: (context) => runPath(context, { qos: 1, action: null, otherRules: 1 }),
};
