/** Reads Avro object container files back, a block at a time: memory stays flat however large the file is. */
import { createReadStream } from 'node:fs';
import avro from 'avsc';
import type { Codec } from '../../message.ts';
import { decompress } from '../compress.ts';
import { CONTAINER_MAGIC, SYNC_BYTES } from './container.ts';

const READ_BYTES = 262_144;
/** No writer of ours comes near; a damaged length must not make the reader allocate what it says. */
const BLOCK_BYTES_MAX = 268_435_456;

export interface ContainerBlock {
  readonly schemaText: string;
  readonly codec: string;
  readonly count: number;
  /** Compressed size, without counts and sync marker. */
  readonly storedBytes: number;
  /** The records end to end, uncompressed. */
  readonly data: Buffer;
}

/** The blocks of a file or of bytes in memory. Throws on anything that is not a whole container. */
export async function* readContainerBlocks(source: string | Uint8Array): AsyncGenerator<ContainerBlock> {
  const input = new Input(source);
  try {
    const magic = await input.take(CONTAINER_MAGIC.length);
    if (!CONTAINER_MAGIC.equals(magic)) throw new Error('not an Avro container: the magic is missing');
    const header = await readHeader(input);
    const sync = Buffer.from(await input.take(SYNC_BYTES));
    while (await input.hasMore()) {
      const count = await input.long();
      const storedBytes = await input.long();
      if (count < 0 || storedBytes < 0 || storedBytes > BLOCK_BYTES_MAX) throw new Error('Avro block is damaged');
      const data = decompress(header.codec, await input.take(storedBytes));
      if (!sync.equals(await input.take(SYNC_BYTES))) throw new Error('Avro block is damaged: invalid sync marker');
      yield { schemaText: header.schemaText, codec: header.codec, count, storedBytes, data };
    }
  } finally {
    await input.close();
  }
}

/** The records of a container, as plain objects. Longs beyond a double's exact range come as bigint. */
export async function* readContainer(source: string | Uint8Array): AsyncGenerator<unknown> {
  let type: avro.Type | null = null;
  for await (const block of readContainerBlocks(source)) {
    type ??= recordType(block.schemaText);
    let position = 0;
    for (let i = 0; i < block.count; i++) {
      const { value, offset } = type.decode(block.data, position);
      if (offset < 0) throw new Error('Avro block is damaged: it ends within a record');
      position = offset;
      yield value;
    }
  }
}

/** avsc's type for a schema, with longs that never lose a digit. */
function recordType(schemaText: string): avro.Type {
  const long = avro.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => narrowed(bytes.readBigInt64LE()),
    toBuffer: (value: number | bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value));
      return bytes;
    },
    fromJSON: (value: unknown) => value,
    toJSON: (value: unknown) => value,
    isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
    compare: (a: number | bigint, b: number | bigint) => (a === b ? 0 : a < b ? -1 : 1),
  });
  return avro.Type.forSchema(JSON.parse(schemaText) as avro.Schema, { registry: { long } });
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

async function readHeader(input: Input): Promise<{ readonly schemaText: string; readonly codec: Codec }> {
  const meta = new Map<string, string>();
  for (;;) {
    let count = await input.long();
    if (count === 0) break;
    if (count < 0) {
      count = -count;
      await input.long();
    }
    for (let i = 0; i < count; i++) meta.set(await input.text(), await input.text());
  }
  const codec = meta.get('avro.codec') ?? 'null';
  if (codec !== 'null' && codec !== 'deflate' && codec !== 'zstandard')
    throw new Error(`unknown Avro codec '${codec}'`);
  return { schemaText: meta.get('avro.schema') ?? '', codec };
}

/** Bytes on demand, from a file stream or from memory. */
class Input {
  readonly #chunks: AsyncIterator<Buffer> | null;
  #bytes: Buffer;
  #position = 0;

  constructor(source: string | Uint8Array) {
    if (typeof source === 'string') {
      this.#chunks = createReadStream(source, { highWaterMark: READ_BYTES })[Symbol.asyncIterator]();
      this.#bytes = Buffer.alloc(0);
    } else {
      this.#chunks = null;
      this.#bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
    }
  }

  async hasMore(): Promise<boolean> {
    return this.#position < this.#bytes.length || (await this.#fill(1));
  }

  /** The next `count` bytes, good until the next call. */
  async take(count: number): Promise<Buffer> {
    if (this.#bytes.length - this.#position < count && !(await this.#fill(count)))
      throw new Error('Avro container is cut off');
    const start = this.#position;
    this.#position += count;
    return this.#bytes.subarray(start, this.#position);
  }

  async long(): Promise<number> {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = (await this.take(1))[0] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  async text(): Promise<string> {
    const length = await this.long();
    if (length < 0 || length > BLOCK_BYTES_MAX) throw new Error('Avro header is damaged');
    return (await this.take(length)).toString();
  }

  async close(): Promise<void> {
    await this.#chunks?.return?.();
  }

  async #fill(count: number): Promise<boolean> {
    const parts = [this.#bytes.subarray(this.#position)];
    let length = parts[0]?.length ?? 0;
    while (length < count) {
      const next = await this.#chunks?.next();
      if (next === undefined || next.done === true) break;
      parts.push(next.value);
      length += next.value.length;
    }
    this.#bytes = parts.length === 1 ? (parts[0] ?? this.#bytes) : Buffer.concat(parts, length);
    this.#position = 0;
    return length >= count;
  }
}
