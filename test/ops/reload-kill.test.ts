/** Rules change again and again under load, and the gateway is killed in between. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '../e2e/replace-file.ts';
import { connect, type Scene, sceneOf, start } from '../e2e/scene.ts';
import { recordsIn } from '../support/avro-records.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

/** A run for longer: HEADGATE_RELOAD_KILLS=100. */
const KILLS = Number(process.env['HEADGATE_RELOAD_KILLS'] ?? 3);
const IN_FLIGHT = 30;
const REFUSED_EVERY = 10;
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:count';
const BATCH = 'batch: { seconds: 1 }';

interface Seen {
  readonly id: string;
  readonly version: string;
  readonly n?: number;
}

/** All rules in one file: a change is one step. Each marks what it selects with its version. */
function rulesOf(version: string): string {
  const rule = (name: string, select: string, filter: string, rest: string) => `- ruleName: ${name}
  awsIotSqlVersion: '2016-03-23'
  sql: >-
    SELECT id, '${version}' AS version${select} FROM '${filter}'
  ${rest}
`;
  const lake = (path: string) => `actions: [ { file: { path: ${path} }, delivery: { ${BATCH} } } ]`;
  return [
    rule('plain', '', 'load/+', lake('plain')),
    rule('alarm', '', 'alarms/+', lake('alarm')),
    rule('asking', `, aws_lambda('${ARN}', {'id': id}).n AS n`, 'load/+', lake('asking')),
    rule(
      'refused',
      '',
      'load/+',
      `actions: [ { republish: { topic: 'zones/\${zone}' } } ]
  errorAction: { file: { path: errors }, delivery: { format: json-lines, ${BATCH} } }`,
    ),
    // Comes and goes, and is another one each time.
    Number(version.slice(1)) % 2 === 0 ? rule('even', '', 'load/+', lake(`even/${version}`)) : '',
  ].join('');
}

async function serveCounts(): Promise<string> {
  let n = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      setTimeout(() => response.end(`{"n":${++n}}`), 2);
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sceneWith(endpoint: string): Scene {
  return sceneOf({
    'headgate.yaml': `gateway: { id: e2e }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
journal: { durability: fsync, classes: { alarm: [ 'alarms/#' ] } }
rules: [ ./rules/*.yaml ]
admin: { port: 0 }
lanes: { count: 2 }
reload: { watch: false }
aws: { region: eu-west-1, endpoint: '${endpoint}', credentials: { accessKeyId: a, secretAccessKey: b } }
connectors: { lambda: { functions: [ count ], concurrency: 64 } }
`,
    'rules/readings.yaml': rulesOf('v0'),
  });
}

/** What was on disk, and what is known to be in force. */
class Versions {
  readonly written = ['v0'];
  readonly #scene: Scene;
  #inForce = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  get last(): number {
    return this.written.length - 1;
  }

  get inForce(): number {
    return this.#inForce;
  }

  write(gateway: GatewayProcess, version: string): void {
    this.written.push(version);
    replaceFile(this.#scene, 'rules/readings.yaml', rulesOf(version));
    process.kill(gateway.pid, 'SIGHUP');
  }

  /** What is on disk is in force when the gateway finds nothing new in it. */
  async settle(gateway: GatewayProcess): Promise<void> {
    const { last } = this;
    const unchanged = () => gateway.metric('headgate_reloads_total{outcome="unchanged"}');
    const before = await unchanged();
    await until('nothing to change', async () => {
      process.kill(gateway.pid, 'SIGHUP');
      return (await unchanged()) > before;
    });
    this.#inForce = last;
  }

  started(): void {
    this.#inForce = this.last;
  }
}

interface Acknowledged {
  readonly id: string;
  /** Versions that may have been in force when it was acknowledged. */
  readonly versions: readonly string[];
}

/** Publishes until the connection is gone or `stop` is called. */
function publishing(client: MqttClient, prefix: string, versions: Versions, acknowledged: Acknowledged[]) {
  let next = 0;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver && client.connected) {
      const count = next++;
      const id = `${prefix}-${count}`;
      const from = versions.inForce;
      const zone = count % REFUSED_EVERY === 0 ? 'a/+' : 'a';
      await client.publishAsync(count % 7 === 3 ? 'alarms/1' : 'load/1', JSON.stringify({ id, zone }), { qos: 1 });
      acknowledged.push({ id, versions: versions.written.slice(from, versions.last + 1) });
    }
  };
  const over = Promise.allSettled(Array.from({ length: IN_FLIGHT }, lane));
  return async () => {
    isOver = true;
    client.end(true);
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 100))]);
  };
}

const countOf = (id: string) => Number(id.split('-').at(-1));
const isAlarm = ({ id }: { readonly id: string }) => countOf(id) % 7 === 3;
const isRefused = ({ id }: { readonly id: string }) => countOf(id) % REFUSED_EVERY === 0;

/** Ids of the messages that the error action was told of. */
function toldOf(folder: string): Set<string> {
  const told = new Set<string>();
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean)) {
      const { base64OriginalPayload } = JSON.parse(line) as { readonly base64OriginalPayload: string };
      told.add((JSON.parse(Buffer.from(base64OriginalPayload, 'base64').toString()) as Seen).id);
    }
  }
  return told;
}

/** Whatever of `acknowledged` is missing, or was evaluated under another version than one in force then. */
function wrongIn(records: readonly Seen[], acknowledged: readonly Acknowledged[]): readonly string[] {
  const seen = new Map<string, Seen[]>();
  for (const record of records) seen.set(record.id, [...(seen.get(record.id) ?? []), record]);
  return acknowledged.flatMap(({ id, versions }) => {
    const copies = seen.get(id) ?? [];
    if (copies.length === 0) return [`${id} is missing`];
    if (new Set(copies.map(({ version, n }) => `${version} ${n}`)).size > 1) return [`${id} has different copies`];
    const version = copies[0]?.version ?? '';
    return versions.includes(version) ? [] : [`${id} has ${version} instead of ${versions.join(' or ')}`];
  });
}

describe('kill -9 amid changes of the rules', () => {
  it('loses nothing acknowledged, and evaluates each message under the rules in force when it was', async () => {
    const scene = sceneWith(await serveCounts());
    const versions = new Versions(scene);
    const acknowledged: Acknowledged[] = [];
    let next = 1;
    for (let round = 0; round < KILLS; round++) {
      const gateway = await start(scene);
      versions.started();
      const clients = await Promise.all(['a', 'b'].map((clientId) => connect(gateway, { clientId })));
      const stops = clients.map((client, n) => publishing(client, `r${round}-${n}`, versions, acknowledged));
      const enough = acknowledged.length + 200 + Math.random() * 800;
      await until('some acknowledgements', () => acknowledged.length > enough);
      // There and back, one more while that is taken, and one in peace.
      const before = versions.written.at(-1) ?? '';
      versions.write(gateway, `v${next++}`);
      versions.write(gateway, before);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
      versions.write(gateway, `v${next++}`);
      if (round % 2 === 0) await versions.settle(gateway);
      versions.write(gateway, `v${next++}`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      await gateway.kill();
      await Promise.all(stops.map((stop) => stop()));
    }
    // And once more while the backlog of old rules is being evaluated.
    const last = await start(scene);
    versions.write(last, `v${next++}`);
    const backlogs = ['normal', 'alarm'].map((name) => `headgate_journal_backlog_messages{class="${name}"}`);
    await versions.settle(last);
    await until(
      'everything to be settled',
      async () => (await Promise.all(backlogs.map((line) => last.metric(line)))).every((count) => count === 0),
      30_000,
    );
    expect(await last.stop()).toBe(0);

    expect(acknowledged.length).toBeGreaterThan(KILLS * 200);
    const seenIn = (path: string) => recordsIn<Seen>(join(scene.lakeDir, path));
    const loaded = acknowledged.filter((message) => !isAlarm(message));
    expect(wrongIn(await seenIn('plain'), loaded)).toEqual([]);
    expect(wrongIn(await seenIn('alarm'), acknowledged.filter(isAlarm))).toEqual([]);
    expect(wrongIn(await seenIn('asking'), loaded)).toEqual([]);
    const told = toldOf(join(scene.lakeDir, 'errors'));
    expect(loaded.filter(isRefused).filter(({ id }) => !told.has(id))).toEqual([]);
    const plain = await seenIn('plain');
    const even = await seenIn('even');
    expect(even.filter(({ version }) => Number(version.slice(1)) % 2 === 1)).toEqual([]);
    const evenIds = new Set(even.map(({ id }) => id));
    const evaluatedEven = plain.filter(({ version }) => Number(version.slice(1)) % 2 === 0);
    expect(evaluatedEven.filter(({ id }) => !evenIds.has(id))).toEqual([]);
    const copies = plain.length - new Set(plain.map(({ id }) => id)).size;
    // What was delivered in the last second before a kill may come again; here a life is hardly longer.
    expect(copies).toBeLessThan(plain.length / 2);
  });
});
