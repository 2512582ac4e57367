/**
 * `get_thing_shadow(thing[, shadow])`: a shadow document out of this broker's retained messages. Whoever keeps shadows here (a bridge
 * to AWS IoT Core, an application on the floor) publishes them retained on the topics that AWS names:
 *
 * - `$aws/things/<thing>/shadow[/name/<shadow>]/get/accepted`: the document itself, `{state, metadata, version, timestamp}`;
 * - `…/update/documents`: `{previous, current, timestamp}`, where `current` is the document after an update; its
 *   `state.delta` is derived, because a document of GetThingShadow has one.
 *
 * Where both are retained the one with the higher `version` counts, of equal ones `get/accepted`.
 * `…/update/accepted` is never read: it holds only what one update named, not the document. An empty retained message removes a
 * shadow, as MQTT has it. A shadow that is not there is a failure, as GetThingShadow's ResourceNotFoundException.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html
 */
import { Cache } from './cache.ts';
import { CALL_MS_MAX, type ConnectorsConfig } from './config.ts';
import { answered, type Connector, quoted, type Reply, refused } from './connector.ts';
import { isJson, objectMembers, stringOf } from './json-slices.ts';
import { shadowDelta } from './shadow-delta.ts';
import { isShadowName, isThingName } from './thing-name.ts';

type ShadowsConfig = NonNullable<ConnectorsConfig['shadows']>;

/** The last retained payload of a topic, which nobody changes; null when there is none. */
export type Retained = (topic: string) => Uint8Array | null;

/** Two states of 30 KiB with their metadata; more is not a shadow. */
const MESSAGE_BYTES_MAX = 512 * 1024;

/** Results kept: reading a large document costs 0.3 ms of the main thread, comparing its bytes nothing. */
const KEPT_MAX = 1_000;
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** What two payloads came to. */
interface Kept {
  readonly whole: Uint8Array | null;
  readonly updated: Uint8Array | null;
  readonly reply: Reply;
}

interface Document {
  readonly members: ReadonlyMap<string, string>;
  readonly version: number;
}

export function shadowConnector(config: ShadowsConfig, retained: Retained): Connector {
  const kept = new Cache<Kept>(KEPT_MAX, KEPT_BYTES_MAX, () => 0);
  const lookUp = (prefix: string): Reply => {
    const whole = retained(`${prefix}/get/accepted`);
    const updated = retained(`${prefix}/update/documents`);
    const known = kept.get(prefix);
    if (known !== undefined && isSame(known.whole, whole) && isSame(known.updated, updated)) return known.reply;
    const reply = replyOf(prefix, whole, updated, config.stateBytesMax);
    // Three texts at most as long as the payloads.
    const characters = 3 * ((whole?.length ?? 0) + (updated?.length ?? 0));
    kept.put(prefix, { whole, updated, reply }, characters, Number.POSITIVE_INFINITY);
    return reply;
  };
  return {
    function: 'get_thing_shadow',
    timeoutMs: CALL_MS_MAX,
    concurrency: 1,
    cacheMs: null,
    question([first, second]) {
      const thing = stringOf(first);
      const shadow = second === undefined ? null : stringOf(second);
      if (thing === null || !isThingName(thing)) return refused('The first parameter is not the name of a thing.');
      if (second !== undefined && (shadow === null || !isShadowName(shadow))) {
        return refused('The second parameter is not the name of a shadow.');
      }
      const prefix = `$aws/things/${thing}/shadow${shadow === null ? '' : `/name/${shadow}`}`;
      return {
        resource: `The shadow ${quoted(prefix)}`,
        ask: async () => lookUp(prefix),
      };
    },
    close: async () => {},
  };
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === other || (one !== null && other !== null && Buffer.compare(one, other) === 0);
}

function replyOf(
  prefix: string,
  accepted: Uint8Array | null,
  documents: Uint8Array | null,
  stateBytesMax: number,
): Reply {
  const whole = documentIn(accepted);
  const updated = currentIn(documentIn(documents));
  const document = updated !== null && (whole === null || updated.version > whole.version) ? updated : whole;
  if (document === null) {
    return refused(
      `No shadow is retained under ${prefix} (ResourceNotFoundException). Publish its document retained on ${prefix}/get/accepted.`,
    );
  }
  const stateBytes = bytesOf(document.members.get('state') ?? '');
  if (stateBytes > stateBytesMax) {
    return refused(
      `The state under ${prefix} has ${stateBytes} bytes; at most ${stateBytesMax} are taken (\`connectors.shadows.stateBytesMax\`).`,
    );
  }
  return answered(textOf(new Map([...document.members].filter(([key]) => key !== 'clientToken'))));
}

/** Of a state, without its delta: AWS derives that from the rest and does not count it. */
function bytesOf(state: string): number {
  const members = objectMembers(state);
  if (members?.has('delta') !== true) return Buffer.byteLength(state);
  return Buffer.byteLength(textOf(new Map([...members].filter(([key]) => key !== 'delta'))));
}

/** null: nothing is retained there, or nothing that is a document. */
function documentIn(payload: Uint8Array | null): Document | null {
  if (payload === null || payload.length === 0 || payload.length > MESSAGE_BYTES_MAX) return null;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  const members = isJson(text) ? objectMembers(text) : null;
  return members === null ? null : { members, version: Number(members.get('version') ?? 0) };
}

/** The `current` of `update/documents` as `get/accepted` would have it: with the delta, and the time that stands beside it. */
function currentIn(message: Document | null): Document | null {
  const members = new Map(objectMembers(message?.members.get('current') ?? ''));
  if (members.size === 0) return null;
  const state = objectMembers(members.get('state') ?? '');
  const delta = shadowDelta(state?.get('desired') ?? '{}', state?.get('reported') ?? '{}');
  if (state !== null && delta !== null) members.set('state', textOf(new Map([...state, ['delta', delta]])));
  const timestamp = message?.members.get('timestamp');
  if (timestamp !== undefined) members.set('timestamp', timestamp);
  return { members, version: Number(members.get('version') ?? 0) };
}

function textOf(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
