/** FileDescriptorSets, as `protoc --descriptor_set_out` writes them, and the message types in them. */
import type { DescFile, DescMessage, FileRegistry } from '@bufbuild/protobuf';
import type { DescriptorProto } from '@bufbuild/protobuf/wkt';
import { asError, type ErrorCode } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { protobuf } from './library.ts';

/** What decode(…, 'proto', bucket, key, …) finds under a bucket and key; it need not lie in S3. */
export interface DescriptorSet {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** How decode(…, 'proto', …) names a message type. */
export interface TypeReference {
  readonly bucket: string;
  readonly key: string;
  /** Name of the .proto file in the set, with or without that ending. */
  readonly protoName: string;
  /** With or without the package. */
  readonly messageType: string;
}

export type FoundType =
  | { readonly isFound: true; readonly type: DescMessage; readonly registry: FileRegistry }
  | { readonly isFound: false; readonly member: keyof TypeReference; readonly code: ErrorCode; readonly why: string };

/** AWS IoT Core, "Working with binary payloads", limitations of protobuf. */
const SET_BYTES_MAX = 32 * 1024;

export function findType(sets: readonly DescriptorSet[], reference: TypeReference): FoundType {
  const { bucket, key, protoName, messageType } = reference;
  const place = `s3://${bucket}/${key}`;
  const set = sets.find((candidate) => candidate.bucket === bucket && candidate.key === key);
  if (set === undefined) {
    const places = sets.map((known) => `s3://${known.bucket}/${known.key}`);
    const why = `No descriptor set is configured as ${place}; name its file under connectors.descriptors.`;
    return missing('key', `${why}${didYouMean(place, places)}`);
  }
  const registry = registryOf(set);
  if (typeof registry === 'string') {
    return {
      isFound: false,
      member: 'key',
      code: 'CONFIG_VALUE_INVALID',
      why: `The descriptor set ${place} ${registry}`,
    };
  }
  const files = [...registry.files];
  const file = files.find(({ proto }) => proto.name === protoName || proto.name === `${protoName}.proto`);
  if (file === undefined) {
    const hint = didYouMean(
      protoName,
      files.map(({ name }) => name),
    );
    return missing('protoName', `The descriptor set ${place} has no file '${protoName}'.${hint}`);
  }
  const types = typesIn(file);
  const qualified = file.proto.package === '' ? messageType : `${file.proto.package}.${messageType}`;
  const type = types.find(({ typeName }) => typeName === messageType || typeName === qualified);
  if (type !== undefined) return { isFound: true, type, registry };
  const names = types.flatMap(({ name, typeName }) => [name, typeName]);
  const why = `The file '${protoName}' in the descriptor set ${place} has no message type '${messageType}'.`;
  return missing('messageType', `${why}${didYouMean(messageType, names)}`);
}

function missing(member: keyof TypeReference, why: string): FoundType {
  return { isFound: false, member, code: 'CONFIG_REFERENCE_UNKNOWN', why };
}

function didYouMean(written: string, candidates: readonly string[]): string {
  const known = nearest(written, candidates);
  return known === null ? '' : ` Did you mean '${known}'?`;
}

/** Every statement of a rule set is compiled with the same sets, and several times: parsed once. */
const registries = new WeakMap<DescriptorSet, FileRegistry | string>();

/** The types of a set, or what is wrong with it. */
function registryOf(set: DescriptorSet): FileRegistry | string {
  const known = registries.get(set);
  if (known !== undefined) return known;
  const parsed = parse(set.bytes);
  registries.set(set, parsed);
  return parsed;
}

function parse(bytes: Uint8Array): FileRegistry | string {
  if (bytes.length > SET_BYTES_MAX) return `has ${bytes.length} bytes; AWS IoT takes at most ${SET_BYTES_MAX}.`;
  const { createFileRegistry, fromBinary, FileDescriptorSetSchema } = protobuf();
  try {
    const set = fromBinary(FileDescriptorSetSchema, bytes);
    for (const file of set.file) nameFields(file.messageType);
    return createFileRegistry(set);
  } catch (error) {
    return `cannot be read: ${asError(error).message}. Write it with protoc --include_imports --descriptor_set_out.`;
  }
}

/** protoc writes the names of fields in JSON into the set; other compilers leave them to be derived, as protoc derives them. */
function nameFields(types: readonly DescriptorProto[]): void {
  for (const { field, nestedType } of types) {
    for (const one of field) {
      if (one.jsonName === '') one.jsonName = one.name.replace(/_+([^_]?)/g, (_, next: string) => next.toUpperCase());
    }
    nameFields(nestedType);
  }
}

function typesIn(file: DescFile): readonly DescMessage[] {
  const types = [...file.messages];
  // Grows while it is walked.
  for (const type of types) types.push(...type.nestedMessages);
  return types;
}
