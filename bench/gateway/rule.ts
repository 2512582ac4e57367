/** The rule that every case applies, and the Avro schema of what it selects: one WHERE, nine fields of eleven. */
import { topicFilter } from '../load/packets.ts';

export const FIELDS = [
  'seq',
  'device',
  'ts',
  'temperature',
  'pressure',
  'vibration',
  'rpm',
  'current',
  'state',
] as const;

export function ruleSql(filter: string = topicFilter): string {
  return `SELECT ${FIELDS.join(', ')} FROM '${filter}' WHERE temperature > 5 AND state <> 'stopped'`;
}

export const SCHEMA_NAME = 'telemetry';

export const schemaText = JSON.stringify({
  type: 'record',
  name: SCHEMA_NAME,
  fields: [
    { name: 'seq', type: 'long' },
    { name: 'device', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'temperature', type: 'double' },
    { name: 'pressure', type: 'double' },
    { name: 'vibration', type: 'double' },
    { name: 'rpm', type: 'int' },
    { name: 'current', type: 'double' },
    { name: 'state', type: 'string' },
  ],
});
