import avro from 'avsc';
import { BLOCK_BYTES_TARGET, containerHeader, syncMarker, writeBlock } from '../../src/codec/avro/container.ts';
import { compileRecordEncoder } from '../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../src/codec/avro/schema.ts';
import { Output } from '../../src/codec/output.ts';
import type { BenchCase } from '../case.ts';
import { FIELDS, SCHEMA_NAME, schemaText } from '../gateway/rule.ts';
import { documents } from '../load/documents.ts';
import { SEQUENCE_FIRST } from '../load/payload.ts';
import { measureLoop } from '../measure/loop.ts';
import { SequenceTally } from '../measure/sequence-tally.ts';

const DOCUMENTS = 20_000;
/** About one block's worth. */
const BATCH = 650;
const NO_OVERLAY: readonly unknown[] = [];

export const avroEncode: BenchCase = {
  name: 'avro',
  question: 'What does the Avro encoder cost for nine fields of a document, without and with deflate?',
  async run(context) {
    const schema = loadSchema(schemaText, SCHEMA_NAME);
    const encoder = compileRecordEncoder(schema, { overlayNames: [], jsonText: JSON.stringify });
    const records = documents(DOCUMENTS).map(selected);
    const data = new Output(BLOCK_BYTES_TARGET * 2);
    const encodeBatch = (start: number) => {
      data.position = 0;
      const end = Math.min(start + BATCH, records.length);
      for (let index = start; index < end; index++) encoder.encode(data, records[index], NO_OVERLAY);
      return end - start;
    };
    let next = 0;
    const advance = () => {
      const count = encodeBatch(next);
      next = (next + count) % records.length;
      return count;
    };
    const encoding = measureLoop(context, advance);
    const sync = syncMarker(schema.id, 'deflate');
    const file = new Output(BLOCK_BYTES_TARGET);
    const deflating = measureLoop({ ...context, seconds: context.seconds / 2 }, () => {
      const count = advance();
      file.position = 0;
      writeBlock(file, count, data.written(), 'deflate', sync);
      return count;
    });
    // Once through all, as a file, to be read by the other implementation.
    file.position = 0;
    file.append(containerHeader(schema, 'deflate'));
    const headerBytes = file.position;
    let encodedBytes = 0;
    for (let start = 0; start < records.length; start += BATCH) {
      const count = encodeBatch(start);
      encodedBytes += data.position;
      writeBlock(file, count, data.written(), 'deflate', sync);
    }
    return {
      ...encoding,
      tally: await countBack(file.written(), records.length),
      extra: {
        withDeflateUs: deflating.cpuUsPerMessage,
        encodedBytes: encodedBytes / records.length,
        deflatedBytes: (file.position - headerBytes) / records.length,
      },
    };
  },
};

function selected(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(FIELDS.map((field) => [field, document[field]]));
}

async function countBack(container: Buffer, count: number) {
  const tally = new SequenceTally(SEQUENCE_FIRST, count);
  const decoder = new avro.streams.BlockDecoder();
  decoder.on('data', (record: { readonly seq: number }) => tally.see(record.seq));
  await new Promise<void>((resolve, reject) => {
    decoder.on('end', resolve);
    decoder.on('error', reject);
    decoder.end(container);
  });
  return tally.result([]);
}
