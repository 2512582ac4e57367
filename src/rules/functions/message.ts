/** Facts about the message itself. */
import { floorOf } from '../convert.ts';
import { type MutableObject, setMember } from '../object.ts';
import type { Value } from '../value.ts';
import { uuidOf } from './chance.ts';
import type { FunctionSpec } from './spec.ts';

export const messageFunctions: readonly FunctionSpec[] = [
  {
    name: 'topic',
    category: 'message',
    summary:
      'The topic, or its n-th segment, counted from 1; Undefined beyond the last. Without the prefix of Basic Ingest.',
    since: '2015-10-08',
    params: [{ name: 'n', isOptional: true }],
    pure: false,
    examples: [
      { sql: 'topic()', result: '"things/myThings/thingOne"' },
      { sql: 'topic(1)', result: '"things"' },
    ],
    evaluate: (parameters, { topic }) => {
      if (parameters.length === 0) return topic;
      const segment = floorOf(parameters[0]);
      return segment === undefined || segment < 1 ? undefined : segmentOf(topic, segment);
    },
  },
  {
    name: 'timestamp',
    category: 'message',
    summary: 'When the gateway received the message, in milliseconds since 1970 (UTC).',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'timestamp()', result: '1481825251155' }],
    evaluate: (_, context) => context.timestamp,
  },
  {
    name: 'clientid',
    category: 'message',
    summary: "MQTT client id of the sender; 'n/a' for a message that did not come over MQTT.",
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'clientid()', result: '"thing-1"' }],
    evaluate: (_, context) => context.sender()?.clientId ?? 'n/a',
  },
  {
    name: 'principal',
    category: 'message',
    summary: 'User name or certificate subject that the sender authenticated as; Undefined for an anonymous one.',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'principal()', result: '"press-shop"' }],
    evaluate: (_, context) => context.sender()?.principal || undefined,
  },
  {
    name: 'sourceip',
    category: 'message',
    summary: 'Network address of the sender; Undefined when there is none.',
    since: '2016-03-23',
    params: [],
    pure: false,
    examples: [{ sql: 'sourceip()', result: '"192.0.2.7"' }],
    evaluate: (_, context) => context.sender()?.address || undefined,
  },
  {
    name: 'accountid',
    category: 'message',
    summary: 'The AWS account id; Undefined in a gateway, which belongs to no account.',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'accountid()', result: '"123456789012"' }],
    evaluate: (_, context) => context.accountId || undefined,
  },
  {
    name: 'traceid',
    category: 'message',
    summary: 'A UUID of the message, the same in all rules and when it is replayed; Undefined outside MQTT.',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'length(traceid())', result: '36' }],
    evaluate: (_, context) => {
      if (context.traceId !== undefined) return context.traceId || undefined;
      return context.sender() === null ? undefined : uuidOf(context, 'trace');
    },
  },
  {
    name: 'newuuid',
    category: 'message',
    summary: 'A UUID for this rule and message. A replay of the message yields the same.',
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'length(newuuid())', result: '36' }],
    evaluate: (_, context) => uuidOf(context, `uuid|${context.ruleName}`),
  },
  {
    name: 'sql_version',
    category: 'message',
    summary: "The rule's awsIotSqlVersion.",
    since: '2015-10-08',
    params: [],
    pure: false,
    examples: [{ sql: 'sql_version()', result: '"2016-03-23"' }],
    evaluate: (_, context) => context.awsIotSqlVersion,
  },
  {
    name: 'get_mqtt_property',
    category: 'message',
    summary:
      'An MQTT 5 property: content_type, format_indicator, response_topic or correlation_data (base64); Undefined when absent.',
    since: '2016-03-23',
    params: [{ name: 'name' }],
    pure: false,
    examples: [{ sql: "get_mqtt_property('content_type')", result: '"text/plain"' }],
    evaluate: ([name], context) => {
      const properties = context.properties?.() ?? null;
      switch (name) {
        case 'content_type':
          return properties?.contentType;
        case 'response_topic':
          return properties?.responseTopic;
        case 'correlation_data':
          return properties?.correlationData;
        case 'format_indicator':
          return properties?.isUtf8 === true ? 'UTF8_DATA' : 'UNSPECIFIED_BYTES';
        default:
          return undefined;
      }
    },
  },
  {
    name: 'get_user_properties',
    category: 'message',
    summary: 'All values of an MQTT 5 user property; without a key, all properties in order, each as an object.',
    since: '2016-03-23',
    params: [{ name: 'key', isOptional: true }],
    pure: false,
    examples: [
      { sql: "get_user_properties('line')", result: '["a","b"]' },
      { sql: 'get_user_properties()', result: '[{"line":"a"},{"line":"b"}]' },
    ],
    evaluate: (parameters, context) => {
      const pairs = context.properties?.()?.userProperties ?? [];
      const found: readonly Value[] =
        parameters.length === 0
          ? pairs.map(([key, value]) => pairObject(key, value))
          : pairs.filter(([key]) => key === parameters[0]).map(([, value]) => value);
      return found.length === 0 ? undefined : found;
    },
  },
];

function pairObject(key: string, value: string): Value {
  const object: MutableObject = {};
  setMember(object, key, value);
  return object;
}

/** Without splitting the whole topic: this runs for every message. */
function segmentOf(topic: string, number: number): string | undefined {
  let start = 0;
  for (let skipped = 1; skipped < number; skipped++) {
    start = topic.indexOf('/', start) + 1;
    if (start === 0) return undefined;
  }
  const end = topic.indexOf('/', start);
  return topic.slice(start, end < 0 ? topic.length : end);
}
