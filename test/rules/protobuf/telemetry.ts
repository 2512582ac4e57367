/** A descriptor set as `protoc --include_imports` would write it for these two files, and messages of it. */
import { clone, create, createFileRegistry, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import type { DescriptorSet } from '../../../src/rules/protobuf/descriptor-set.ts';

const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
const { BOOL, BYTES, DOUBLE, ENUM, FLOAT, INT32, INT64, MESSAGE, STRING, UINT64 } = FieldDescriptorProto_Type;

const field = (name: string, number: number, type: FieldDescriptorProto_Type, typeName = '', label = OPTIONAL) => ({
  name,
  jsonName: name === 'device_id' ? 'deviceId' : name,
  number,
  type,
  typeName,
  label,
});

const units = create(FileDescriptorProtoSchema, {
  name: 'plant/units.proto',
  package: 'plant',
  syntax: 'proto3',
  enumType: [
    {
      name: 'Unit',
      value: [
        { name: 'UNKNOWN', number: 0 },
        { name: 'CELSIUS', number: 1 },
      ],
    },
  ],
});

const reading = create(FileDescriptorProtoSchema, {
  name: 'plant/reading.proto',
  package: 'plant',
  syntax: 'proto3',
  dependency: [
    'plant/units.proto',
    'google/protobuf/timestamp.proto',
    'google/protobuf/any.proto',
    'google/protobuf/wrappers.proto',
  ],
  messageType: [
    {
      name: 'Reading',
      field: [
        field('device_id', 1, STRING),
        field('temp', 2, FLOAT),
        field('exact', 3, DOUBLE),
        field('count', 4, INT64),
        field('total', 5, UINT64),
        field('raw', 6, BYTES),
        field('unit', 7, ENUM, '.plant.Unit'),
        field('at', 8, MESSAGE, '.google.protobuf.Timestamp'),
        field('samples', 9, FLOAT, '', REPEATED),
        field('limits', 10, MESSAGE, '.plant.Reading.LimitsEntry', REPEATED),
        field('part', 11, MESSAGE, '.plant.Reading'),
        field('extra', 12, MESSAGE, '.google.protobuf.Any'),
        field('ok', 13, BOOL),
        field('axis', 14, MESSAGE, '.plant.Reading.Axis', REPEATED),
        field('loss', 15, MESSAGE, '.google.protobuf.FloatValue'),
        field('flags', 16, BOOL, '', REPEATED),
      ],
      nestedType: [
        { name: 'Axis', field: [field('x', 1, INT32), field('load', 2, FLOAT)] },
        {
          name: 'LimitsEntry',
          field: [field('key', 1, STRING), field('value', 2, FLOAT)],
          options: { mapEntry: true },
        },
      ],
    },
  ],
});

const wellKnown = [file_google_protobuf_any, file_google_protobuf_timestamp, file_google_protobuf_wrappers];
const set = create(FileDescriptorSetSchema, { file: [...wellKnown.map(({ proto }) => proto), units, reading] });
const unnamed = clone(FileDescriptorSetSchema, set);
for (const { messageType } of unnamed.file) {
  for (const type of messageType.flatMap((one) => [one, ...one.nestedType])) {
    for (const one of type.field) one.jsonName = '';
  }
}
const registry = createFileRegistry(set);

export const telemetry: DescriptorSet = {
  bucket: 'descriptors',
  key: 'plant.desc',
  bytes: toBinary(FileDescriptorSetSchema, set),
};

/** As `protoc` writes it without --include_imports. */
export const withoutImports: DescriptorSet = {
  bucket: 'descriptors',
  key: 'alone.desc',
  bytes: toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [reading] })),
};

/** As a compiler writes it that leaves names in JSON to the reader. */
export const withoutJsonNames: DescriptorSet = {
  bucket: 'descriptors',
  key: 'unnamed.desc',
  bytes: toBinary(FileDescriptorSetSchema, unnamed),
};

/** A message of a type in the set, from its JSON. */
export function encoded(json: JsonValue, typeName = 'plant.Reading'): Buffer {
  const type = registry.getMessage(typeName);
  if (type === undefined) throw new Error(`There is no type ${typeName}.`);
  return Buffer.from(toBinary(type, fromJson(type, json, { registry })));
}
