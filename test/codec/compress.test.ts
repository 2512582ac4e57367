import { gunzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compress, decompress, isZstandardAvailable } from '../../src/codec/compress.ts';

const text = Buffer.from('temperature '.repeat(1000));

describe('compression', () => {
  it('gives back what went in, with every codec that this Node has', () => {
    const codecs = ['null', 'deflate', 'gzip', ...(isZstandardAvailable ? (['zstandard'] as const) : [])] as const;
    for (const codec of codecs) {
      expect(decompress(codec, compress(codec, text)).equals(text)).toBe(true);
      expect(decompress(codec, compress(codec, Buffer.alloc(0)))).toHaveLength(0);
    }
  });

  it('makes raw deflate, and gzip members that can stand end to end', () => {
    expect(inflateRawSync(compress('deflate', text)).equals(text)).toBe(true);
    const members = Buffer.concat([compress('gzip', text), compress('gzip', text)]);
    expect(gunzipSync(members).equals(Buffer.concat([text, text]))).toBe(true);
  });
});
