import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { makeTokenEntry } from '../../src/cli/token.ts';
import { recordsIn } from '../support/avro-records.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { connect, type Scene, sceneOf, start } from './scene.ts';

interface Reading {
  readonly id: string;
  readonly line: string;
  readonly seq: number;
}

const RULE_FILE = 'rules/readings.yaml';

/** Marks what it selects with the version of the rule. */
function ruleOf(version: string, filter = 'floor/+/reading'): string {
  return `ruleName: readings
sql: SELECT id, value, '${version}' AS line FROM '${filter}'
awsIotSqlVersion: '2016-03-23'
actions:
  - file: { path: readings }
    delivery: { schema: reading, fields: { received_at: receiveTime, seq: sequence, gateway: gatewayId } }
`;
}

function replace(scene: Scene, name: string, text: string): void {
  writeFileSync(join(scene.dir, `${name}.new`), text);
  renameSync(join(scene.dir, `${name}.new`), join(scene.dir, name));
}

async function reloads(gateway: GatewayProcess, outcome: string): Promise<number> {
  return await gateway.metric(`headgate_reloads_total{outcome="${outcome}"}`);
}

async function applied(gateway: GatewayProcess, act: () => void): Promise<void> {
  const before = await reloads(gateway, 'applied');
  act();
  await until('the change to be applied', async () => (await reloads(gateway, 'applied')) > before);
}

/** Publishes ids until told to stop; which of them were acknowledged, and when. */
function publishing(client: MqttClient, prefix: string) {
  const acknowledged: string[] = [];
  let isOver = false;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const id = `${prefix}-${next++}`;
      await client.publishAsync('floor/1/reading', JSON.stringify({ id, value: 1 }), { qos: 1 });
      acknowledged.push(id);
    }
  };
  const lanes = Array.from({ length: 20 }, lane);
  return {
    acknowledged,
    stop: async () => {
      isOver = true;
      await Promise.all(lanes);
    },
  };
}

describe('changed rules', () => {
  it('take over under load: every message once, under the rule in force when it was acknowledged, nobody disconnected', async () => {
    const scene = sceneOf({ [RULE_FILE]: ruleOf('v0') });
    const gateway = await start(scene);
    const clients = await Promise.all(['a', 'b'].map((clientId) => connect(gateway, { clientId })));
    let closed = 0;
    for (const client of clients) client.on('close', () => closed++);
    const publishers = clients.map((client, index) => publishing(client, `c${index}`));
    /** By publisher: how many it had acknowledged before a change began, and when it was through. */
    const marks: { readonly before: number[]; readonly after: number[] }[] = [];
    for (let version = 1; version <= 4; version++) {
      const reached = publishers.map(({ acknowledged }) => acknowledged.length + 100);
      await until('some more messages', () =>
        publishers.every(({ acknowledged }, index) => acknowledged.length >= (reached[index] ?? 0)),
      );
      const before = publishers.map(({ acknowledged }) => acknowledged.length);
      await applied(gateway, () => {
        replace(scene, RULE_FILE, ruleOf(`v${version}`));
        // Watched or told: both at once is one change.
        if (version % 2 === 0) process.kill(gateway.pid, 'SIGHUP');
      });
      // What was in flight meanwhile belongs to either.
      marks.push({ before, after: publishers.map(({ acknowledged }) => acknowledged.length + 40) });
    }
    const enough = marks.at(-1)?.after ?? [];
    await until('messages after the last change', () =>
      publishers.every(({ acknowledged }, index) => acknowledged.length > (enough[index] ?? 0)),
    );
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    expect(closed).toBe(0);
    expect(await gateway.stop()).toBe(0);
    const records = await recordsIn<Reading>(scene.lakeDir);
    const versionById = new Map(records.map(({ id, line }) => [id, line]));
    expect(records.length).toBe(versionById.size);
    const all = publishers.flatMap(({ acknowledged }) => acknowledged);
    expect([...versionById.keys()].sort()).toEqual(all.toSorted());
    for (const [index, { acknowledged }] of publishers.entries()) {
      for (const [version, mark] of marks.entries()) {
        const until = mark.before[index] ?? 0;
        const from = version === 0 ? 0 : (marks[version - 1]?.after[index] ?? 0);
        const versions = new Set(acknowledged.slice(from, until).map((id) => versionById.get(id)));
        expect([...versions]).toEqual([`v${version}`]);
      }
    }
  });

  it('are refused as a whole when one has a mistake, with every finding; the old ones go on', async () => {
    const scene = sceneOf({ [RULE_FILE]: ruleOf('v0') });
    const gateway = await start(scene);
    const client = await connect(gateway);
    writeFileSync(join(scene.dir, 'rules/good.yaml'), ruleOf('good', 'good/#').replace('readings', 'good'));
    const bad = ruleOf('bad').replace('SELECT id', 'SELECT tiemstamp() AS t, nosuch() AS u, id');
    replace(scene, RULE_FILE, bad);
    await until('the refusal', async () => (await reloads(gateway, 'refused')) > 0);
    expect(await gateway.metric('headgate_reload_last_successful')).toBe(0);
    const findings = gateway.logs.flatMap((log) => (typeof log['finding'] === 'string' ? [log['finding']] : []));
    expect(findings.join('\n')).toMatch(/readings\.yaml:2:\d+.*Did you mean timestamp\(\)/);
    expect(findings.join('\n')).toContain("There is no function 'nosuch'");
    await client.publishAsync('floor/1/reading', '{"id":"x","value":1}', { qos: 1 });
    await client.publishAsync('good/1', '{"id":"y","value":1}', { qos: 1 });
    await applied(gateway, () => replace(scene, RULE_FILE, ruleOf('v1')));
    expect(await gateway.metric('headgate_reload_last_successful')).toBe(1);
    await client.publishAsync('good/1', '{"id":"z","value":1}', { qos: 1 });
    await gateway.stop();
    const records = await recordsIn<Reading>(scene.lakeDir);
    expect(records.map(({ id, line }) => `${id} ${line}`).sort()).toEqual(['x v0', 'z good']);
  });

  it('may come, go, and move to another destination; what an action had goes where it was sent', async () => {
    const scene = sceneOf({
      [RULE_FILE]: ruleOf('v0'),
      'rules/other.yaml': ruleOf('other', 'other/#').replace('readings', 'other'),
    });
    const gateway = await start(scene);
    const client = await connect(gateway);
    const publish = (id: string) =>
      client.publishAsync('floor/1/reading', JSON.stringify({ id, value: 1 }), { qos: 1 });
    await publish('first');
    await applied(gateway, () => replace(scene, RULE_FILE, ruleOf('v1').replace('path: readings', 'path: elsewhere')));
    await publish('second');
    await applied(gateway, () => rmSync(join(scene.dir, RULE_FILE)));
    await publish('nobody wants it');
    expect(await gateway.metric('headgate_messages_unmatched_total')).toBe(1);
    await applied(gateway, () => replace(scene, RULE_FILE, ruleOf('v2')));
    await publish('third');
    // A folder that is not mounted for a moment looks like this, and what is acknowledged without rules is not kept.
    const refusals = await reloads(gateway, 'refused');
    for (const name of [RULE_FILE, 'rules/other.yaml']) rmSync(join(scene.dir, name));
    await until('no rules at all to be refused', async () => (await reloads(gateway, 'refused')) > refusals);
    await publish('fourth');
    expect(await gateway.stop()).toBe(0);
    const inFolder = async (folder: string) =>
      (await recordsIn<Reading>(join(scene.lakeDir, folder))).map(({ id, line }) => `${id} ${line}`).sort();
    expect(await inFolder('readings')).toEqual(['first v0', 'fourth v2', 'third v2']);
    expect(await inFolder('elsewhere')).toEqual(['second v1']);
  });

  it('do not touch what was acknowledged before a kill: the next start evaluates it under the old ones', async () => {
    const scene = sceneOf({ [RULE_FILE]: ruleOf('v0') });
    const first = await start(scene);
    const client = await connect(first);
    const acknowledged: string[] = [];
    for (let i = 0; i < 3000; i++) {
      client.publishAsync('floor/1/reading', JSON.stringify({ id: `${i}`, value: 1 }), { qos: 1 }).then(
        () => acknowledged.push(`${i}`),
        () => undefined, // Not acknowledged: the gateway was killed before.
      );
    }
    await until('some acknowledgements', () => acknowledged.length >= 200);
    await first.kill();
    replace(scene, RULE_FILE, ruleOf('v1'));
    const second = await start(scene);
    const later = await connect(second);
    await later.publishAsync('floor/1/reading', '{"id":"later","value":1}', { qos: 1 });
    await until('the new rules in force', () =>
      second.logs.some((log) => log['msg'] === 'Rule set is in force.' && second.logs.indexOf(log) > 0),
    );
    expect(await second.stop()).toBe(0);
    const records = await recordsIn<Reading>(scene.lakeDir);
    const versionById = new Map(records.map(({ id, line }) => [id, line]));
    expect(versionById.get('later')).toBe('v1');
    expect(acknowledged.filter((id) => versionById.get(id) !== 'v0')).toEqual([]);
  });

  it('keep the schema that was inferred for an action: what they select besides is in its field for the rest', async () => {
    const inferred = (version: string, fields: string) =>
      ruleOf(version)
        .replace('SELECT id, value', `SELECT ${fields}`)
        .replace(/ {4}delivery:.*\n/, '');
    const scene = sceneOf({ [RULE_FILE]: inferred('v0', 'id') });
    const gateway = await start(scene);
    const client = await connect(gateway);
    await client.publishAsync('floor/1/reading', '{"id":"a","value":1}', { qos: 1 });
    await until('the schema', () => gateway.logs.some(({ msg }) => String(msg).startsWith('Avro schema was inferred')));
    await applied(gateway, () => replace(scene, RULE_FILE, inferred('v1', 'id, value')));
    for (const id of ['b', 'c'])
      await client.publishAsync('floor/1/reading', JSON.stringify({ id, value: 1 }), { qos: 1 });
    expect(await gateway.stop()).toBe(0);
    const records = await recordsIn<Reading>(scene.lakeDir);
    expect(records.map((record) => JSON.stringify(record)).sort()).toEqual(
      [
        { id: 'a', line: 'v0', extra: null },
        { id: 'b', line: 'v1', extra: { value: '1' } },
        { id: 'c', line: 'v1', extra: { value: '1' } },
      ].map((record) => JSON.stringify(record)),
    );
  });

  it('change nothing when nothing changed, and say which sections wait for a restart', async () => {
    const scene = sceneOf({ [RULE_FILE]: ruleOf('v0') });
    const gateway = await start(scene);
    process.kill(gateway.pid, 'SIGHUP');
    await until('nothing to change', async () => (await reloads(gateway, 'unchanged')) > 0);
    replace(scene, 'headgate.yaml', `${readFileSync(scene.configFile, 'utf8')}log: { level: debug }\n`);
    await until('what waits for a restart is named', () =>
      gateway.logs.some((log) => JSON.stringify(log['sections']) === '["log"]'),
    );
    expect(gateway.logs.filter((log) => log['msg'] === 'Rule set is in force.')).toHaveLength(1);
  });

  it('let users in and out: those who are gone are cut, the others stay connected', async () => {
    const users = (...names: readonly string[]) =>
      names.map((name) => makeTokenEntry(name)).map(({ token, entry }) => ({ token, entry }));
    const [kept, gone, added] = users('kept', 'gone', 'added');
    if (kept === undefined || gone === undefined || added === undefined) throw new Error('three users');
    const grant = 'publish: [ "floor/#" ]';
    const entryOf = ({ entry }: { readonly entry: string }) => entry.replace(/publish: .*/, grant);
    const scene = sceneOf({ [RULE_FILE]: ruleOf('v0'), 'users.yaml': [kept, gone].map(entryOf).join('\n') });
    const text = readFileSync(scene.configFile, 'utf8');
    writeFileSync(scene.configFile, text.replace('{ anonymous: true }', '{ users: ./users.yaml }'));
    const gateway = await start(scene);
    const [first, second] = await Promise.all([
      connect(gateway, { clientId: 'a', username: 'kept', password: kept.token }),
      connect(gateway, { clientId: 'b', username: 'gone', password: gone.token }),
    ]);
    const cut = new Promise<void>((resolve) => second.once('close', () => resolve()));
    await applied(gateway, () => replace(scene, 'users.yaml', [kept, added].map(entryOf).join('\n')));
    await cut;
    expect(first.connected).toBe(true);
    await connect(gateway, { clientId: 'c', username: 'added', password: added.token });
    await expect(connect(gateway, { clientId: 'd', username: 'gone', password: gone.token })).rejects.toThrow();
  });
});
