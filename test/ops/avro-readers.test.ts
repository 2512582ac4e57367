import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { containerHeader, syncMarker, writeBlock } from '../../src/codec/avro/container.ts';
import { compileRecordEncoder } from '../../src/codec/avro/record-encoder.ts';
import { loadSchema } from '../../src/codec/avro/schema.ts';
import { Output } from '../../src/codec/output.ts';
import type { Codec } from '../../src/message.ts';
import { lake, reading } from '../sinks/delivery/lake.ts';

/** Readers that share no code with ours: C, and Python. Each prints one record per line as JSON. */
const readers = [
  { name: 'avrocat', command: 'avrocat', argumentsOf: (file: string) => [file], probe: ['--version'] },
  {
    name: 'python3-avro',
    command: '/usr/bin/python3',
    argumentsOf: (file: string) => ['-c', PYTHON, file],
    probe: ['-c', 'import avro'],
  },
];
const PYTHON = `
import json, sys
from avro.datafile import DataFileReader
from avro.io import DatumReader
for record in DataFileReader(open(sys.argv[1], 'rb'), DatumReader()):
    print(json.dumps(record))
`;

const schema = loadSchema(
  JSON.stringify({
    type: 'record',
    name: 'Reading',
    namespace: 'plant.hall',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'text', type: 'string' },
      { name: 'value', type: 'double' },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'list', type: { type: 'array', items: 'int' } },
    ],
  }),
  'reading',
);
const ids = [
  0,
  -1,
  63,
  64,
  -65,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 52,
  -(2 ** 52) - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];
const readings = ids.flatMap((id) =>
  ['', 'short', 'Größe °C', '😀'.repeat(40), 'a'.repeat(200)].map((text) => ({
    id,
    text,
    value: id / 8,
    note: id % 2 === 0 ? null : text,
    list: [1, -1],
  })),
);

async function writeContainer(codec: Codec): Promise<string> {
  const encoder = compileRecordEncoder(schema, { overlayNames: [], jsonText: JSON.stringify });
  const file = new Output(64);
  file.append(containerHeader(schema, codec));
  for (let start = 0; start < readings.length; start += 10) {
    const block = readings.slice(start, start + 10);
    const records = new Output(64);
    for (const reading of block) encoder.encode(records, reading, []);
    writeBlock(file, block.length, records.written(), codec, syncMarker(schema.id, codec));
  }
  const path = join(await mkdtemp(join(tmpdir(), 'readers-')), 'readings.avro');
  await writeFile(path, file.written());
  return path;
}

function isPresent(command: string, probe: readonly string[]): boolean {
  try {
    execFileSync(command, probe, { stdio: 'ignore' });
    return true;
  } catch (thrown) {
    // avrocat answers every probe with its usage and exit code 1: there all the same.
    return (thrown as { code?: string }).code !== 'ENOENT' && command === 'avrocat';
  }
}

describe.each(readers)('an Avro reader that is not ours: $name', ({ name, command, argumentsOf, probe }) => {
  const absent = !isPresent(command, probe);

  it.each(['null', 'deflate'] as const)('reads every record of a container with codec %s', async (codec) => {
    if (absent) throw new Error(`${name} is not installed: apt-get install libavro-dev avro-bin python3-avro.`);
    const { stdout } = await promisify(execFile)(command, argumentsOf(await writeContainer(codec)));
    const read = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { note: unknown });
    const plain = read.map((record) => ({
      ...record,
      note: (record.note as { string?: string } | null)?.string ?? record.note,
    }));
    expect(plain).toEqual(readings);
  });

  it('reads every record of an object that was gathered from records one by one', async () => {
    if (absent) throw new Error(`${name} is not installed: apt-get install libavro-dev avro-bin python3-avro.`);
    const { delivery, accept, files, avroPart } = await lake();
    const sent = Array.from({ length: 5_000 }, (_, n) => reading(n));
    for (const one of sent) accept(one.n, avroPart([one], 'records'));
    await delivery.flush(5_000);
    await delivery.close();
    const path = join(await mkdtemp(join(tmpdir(), 'readers-')), 'gathered.avro');
    await writeFile(path, files[0]?.bytes ?? '');
    const { stdout } = await promisify(execFile)(command, argumentsOf(path));
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(sent);
  });
});
