/** The protobuf library, loaded when the first statement needs it: that takes longer than everything else a lane loads. */
import { createRequire } from 'node:module';

type Library = Pick<typeof import('@bufbuild/protobuf'), 'createFileRegistry' | 'fromBinary' | 'toJson'>;
type WellKnownTypes = Pick<typeof import('@bufbuild/protobuf/wkt'), 'FileDescriptorSetSchema'>;

const require = createRequire(import.meta.url);
let loaded: (Library & WellKnownTypes) | null = null;

/** Synchronous, because statements are compiled synchronously. */
export function protobuf(): Library & WellKnownTypes {
  loaded ??= {
    ...(require('@bufbuild/protobuf') as Library),
    ...(require('@bufbuild/protobuf/wkt') as WellKnownTypes),
  };
  return loaded;
}
