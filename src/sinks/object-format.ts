/** Formats of objects that carry many messages: on S3 and in the local lake. */
import type { Codec, Form } from '../message.ts';
import type { Assembly } from './sink.ts';

export const objectFormats = ['avro-container', 'json-lines', 'json-lines-gzip'] as const;

export type ObjectFormat = (typeof objectFormats)[number];

export const objectFormatOf: Readonly<
  Record<ObjectFormat, { readonly extension: string; readonly contentType: string }>
> = {
  'avro-container': { extension: '.avro', contentType: 'application/vnd.apache.avro' },
  'json-lines': { extension: '.jsonl', contentType: 'application/x-ndjson' },
  'json-lines-gzip': { extension: '.jsonl.gz', contentType: 'application/gzip' },
};

/** What a lane has to make for objects of a format. Gzip members, joined, are one valid gzip file. */
export function objectShape(delivery: { readonly format: ObjectFormat; readonly codec: Codec }): {
  readonly form: Form;
  readonly codec: Codec;
  readonly separator: string;
} {
  switch (delivery.format) {
    case 'avro-container':
      return { form: 'container', codec: delivery.codec, separator: '' };
    case 'json-lines':
      return { form: 'lines', codec: 'null', separator: '\n' };
    case 'json-lines-gzip':
      return { form: 'lines', codec: 'gzip', separator: '\n' };
  }
}

export function objectAssembly(
  format: ObjectFormat,
  batch: { readonly bytes: number; readonly seconds: number; readonly partitionsMax: number },
): Assembly {
  return {
    kind: 'objects',
    extension: objectFormatOf[format].extension,
    hasHeader: format === 'avro-container',
    objectBytesMax: batch.bytes,
    objectSecondsMax: batch.seconds,
    partitionsMax: batch.partitionsMax,
  };
}
