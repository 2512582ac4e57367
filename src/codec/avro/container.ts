/**
 * Avro object container files, version 1 (Avro 1.11 specification, "Object Container Files").
 *
 * Invariants
 * - Lanes write blocks before anybody knows which file they will stand in. So the sync marker is not random: it derives from the
 *   schema's id and the codec, and every block of one schema and codec fits under every header of that schema and codec. Two files
 *   may so have the same marker; readers use it only inside one file.
 * - A block is cut when its records reach BLOCK_BYTES_TARGET, uncompressed.
 *
 * Bytes
 * ```
 * header  "Obj" 1   map { avro.schema: text, avro.codec: name }   16 bytes sync marker
 * block   long records   long bytes of data   data (the records end to end, compressed)   16 bytes sync marker
 * ```
 */
import { createHash } from 'node:crypto';
import type { Codec } from '../../message.ts';
import { compress } from '../compress.ts';
import { Output } from '../output.ts';
import { writeLong, writeText } from './primitives.ts';
import type { AvroSchema } from './schema.ts';

export const BLOCK_BYTES_TARGET = 65_536;
export const SYNC_BYTES = 16;
export const CONTAINER_MAGIC = Buffer.from('Obj\x01', 'latin1');

export function syncMarker(schemaId: string, codec: Codec): Buffer {
  return createHash('sha256').update(`headgate ${schemaId} ${codec}`).digest().subarray(0, SYNC_BYTES);
}

/** What stands in front of the blocks of this schema and codec. gzip is no codec of Avro's; the configuration refuses it. */
export function containerHeader(schema: Pick<AvroSchema, 'text' | 'id'>, codec: Codec): Buffer {
  const output = new Output(schema.text.length + 128);
  output.append(CONTAINER_MAGIC);
  writeLong(output, 2);
  writeText(output, 'avro.schema');
  writeText(output, schema.text);
  writeText(output, 'avro.codec');
  writeText(output, codec);
  writeLong(output, 0);
  output.append(syncMarker(schema.id, codec));
  return output.written();
}

/** Appends one block. `data` holds `count` records end to end. */
export function writeBlock(output: Output, count: number, data: Uint8Array, codec: Codec, sync: Uint8Array): void {
  const compressed = compress(codec, data);
  writeLong(output, count);
  writeLong(output, compressed.length);
  output.append(compressed);
  output.append(sync);
}
