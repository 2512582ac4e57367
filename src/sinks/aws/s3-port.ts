/** Amazon S3, as its sinks use it. */
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { HeadBucketCommand, type ObjectCannedACL, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { clientOptions } from '../../aws/client.ts';
import type { AwsOptions } from '../../aws/options.ts';
import type { Entry } from '../../message.ts';
import { bodyBytes } from '../sink.ts';

export interface S3Put {
  readonly bucket: string;
  readonly key: string;
  readonly entry: Entry;
  readonly contentType: string;
  /** False: only where nothing has this key yet. */
  readonly isOverwriting: boolean;
}

export interface S3Port {
  put(request: S3Put, signal: AbortSignal): Promise<void>;
  head(bucket: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function openS3Port(aws: AwsOptions, cannedAcl: ObjectCannedACL | undefined): S3Port {
  const client = new S3Client({
    ...clientOptions(aws),
    ...(aws.endpoint === undefined ? {} : { forcePathStyle: true }),
  });
  return {
    async put({ bucket, key, entry, contentType, isOverwriting }, abortSignal) {
      // The checksum is given, not left to the SDK: it would send a file in chunks with a trailer, which not every endpoint reads.
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: entry.body.kind === 'bytes' ? entry.body.bytes : createReadStream(entry.body.path),
        ContentLength: bodyBytes(entry),
        ContentType: contentType,
        ChecksumCRC32: await checksum(entry),
        ...(isOverwriting ? {} : { IfNoneMatch: '*' }),
        ...(cannedAcl === undefined ? {} : { ACL: cannedAcl }),
      });
      await client.send(command, { abortSignal });
    },
    async head(Bucket, abortSignal) {
      await client.send(new HeadBucketCommand({ Bucket }), { abortSignal });
    },
    close: () => client.destroy(),
  };
}

async function checksum(entry: Entry): Promise<string> {
  let value = 0;
  if (entry.body.kind === 'bytes') value = crc32(entry.body.bytes);
  else for await (const chunk of createReadStream(entry.body.path)) value = crc32(chunk, value);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}
