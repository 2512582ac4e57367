import { deflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { type PublishView, readPublish } from '../../src/publish-packet.ts';
import type { BenchCase } from '../case.ts';
import { type FIELDS, schemaText } from '../gateway/rule.ts';
import { benchPackets } from '../load/slabs.ts';
import { measureLoop } from '../measure/loop.ts';

const MESSAGES = 20_000;
const BLOCK_BYTES = 65_536;
const RECORD_BYTES_MAX = 512;

export const floor: BenchCase = {
  name: 'floor',
  question:
    'What is the least that the work could cost: a bare loop that frames, parses, encodes with avsc and deflates?',
  async run(context) {
    const type = avro.Type.forSchema(JSON.parse(schemaText) as avro.Schema);
    const bytes = Buffer.concat(benchPackets(MESSAGES));
    const view: PublishView = { qos: 0, isRetained: false, topicStart: 0, topicEnd: 0, payloadStart: 0, payloadEnd: 0 };
    const block = Buffer.alloc(BLOCK_BYTES + RECORD_BYTES_MAX);
    let at = 0;
    return measureLoop(context, () => {
      let messages = 0;
      let position = 0;
      while (position < BLOCK_BYTES) {
        readPublish(bytes, at, view);
        const document = JSON.parse(bytes.toString('utf8', view.payloadStart, view.payloadEnd)) as Document;
        if (document.temperature > 5 && document.state !== 'stopped') position = type.encode(document, block, position);
        at = view.payloadEnd === bytes.length ? 0 : view.payloadEnd;
        messages++;
      }
      deflateRawSync(block.subarray(0, position), { level: 1 });
      return messages;
    });
  },
};

/** Of the fields, those that the loop looks at. */
type Document = { readonly [field in (typeof FIELDS)[number]]: unknown } & {
  readonly temperature: number;
  readonly state: string;
};
