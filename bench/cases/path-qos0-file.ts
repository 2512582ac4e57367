import type { BenchCase } from '../case.ts';
import { OTHER_RULES, runPath } from '../gateway/path-run.ts';

export const pathQos0File: BenchCase = {
  name: 'path-qos0-file',
  question:
    'What does the whole path do at QoS 0: one matching rule among 1,000, Avro and deflate, into the local lake?',
  run: (context) => runPath(context, { qos: 0, action: 'file', otherRules: OTHER_RULES }),
};
