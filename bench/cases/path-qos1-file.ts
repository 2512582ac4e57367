import type { BenchCase } from '../case.ts';
import { OTHER_RULES, runPath } from '../gateway/path-run.ts';

export const pathQos1File: BenchCase = {
  name: 'path-qos1-file',
  question:
    'What does the whole path do at QoS 1, with fdatasync before each PUBACK: one matching rule among 1,000, Avro and deflate, into the local lake?',
  run: (context) => runPath(context, { qos: 1, action: 'file', otherRules: OTHER_RULES }),
};
